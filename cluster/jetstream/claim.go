package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/engine/journal"
)

// blind is the fence of a claim that asks nobody: package roster reads it as owned in epoch 0.
type blind struct {
	Owner string `json:"owner"`
}

// claimFor bounds one attempt: servers without a leader don't answer.
const claimFor = 3 * time.Second

// Claim implements [journal.Store]. Where another claims at the same moment, or no answer comes, it is repeated until ctx ends: the
// last one wins, and a claim that was stored after all is replaced by the next.
func (s *Store) Claim(ctx context.Context, owner string, shards []journal.Shard) ([]journal.Claim, error) {
	if err := journal.CheckClaim(owner, shards); err != nil {
		return nil, err
	}
	if len(shards) == 0 {
		return nil, nil
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		claims, err := s.claim(ctx, owner, shards)
		if err == nil {
			return claims, nil
		}
		again := errors.Is(err, journal.ErrFenced) || errors.Is(err, journal.ErrBusy) || passing(err)
		if again && ctx.Err() == nil && pause(ctx, wait) {
			continue
		}
		return nil, fmt.Errorf("jetstream: claim %d shards: %w", len(shards), err)
	}
}

func (s *Store) claim(ctx context.Context, owner string, shards []journal.Shard) ([]journal.Claim, error) {
	ctx, cancel := context.WithTimeout(ctx, claimFor)
	defer cancel()
	standing, err := s.standing(ctx, shards)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(blind{Owner: owner})
	if err != nil {
		return nil, err
	}
	msgs := make([]*nats.Msg, len(shards))
	for i, sh := range shards {
		msgs[i] = fenceMsg(sh, standing[i].seq, data)
	}
	fences, err := s.writeFences(ctx, msgs)
	if err != nil {
		return nil, err
	}
	claims := make([]journal.Claim, len(shards))
	for i, sh := range shards {
		claims[i] = journal.Claim{Shard: sh, Fence: fences[i]}
	}
	return claims, nil
}

// fenceMsg replaces the fence if it is still the one of that sequence.
func fenceMsg(sh journal.Shard, seq uint64, data []byte) *nats.Msg {
	m := &nats.Msg{Subject: fenceSubject(sh), Header: nats.Header{}, Data: data}
	m.Header[jetstream.MsgRollup] = []string{jetstream.MsgRollupSubject}
	expect(m, m.Subject, seq)
	return m
}

// writeFences stores all or none, also where the stream is at its limit, and answers their sequences.
func (s *Store) writeFences(ctx context.Context, msgs []*nats.Msg) ([]journal.Fence, error) {
	var last uint64
	err := s.evenIfFull(ctx, func() (err error) {
		last, err = s.publish(ctx, msgs)
		return err
	})
	if err != nil {
		return nil, err
	}
	fences := make([]journal.Fence, len(msgs))
	for i := range fences { // an atomic batch is contiguous
		fences[i] = journal.Fence(last - uint64(len(msgs)-1-i))
	}
	return fences, nil
}

// fence is what stands on a fence's subject; sequence 0 where there is none.
type fence struct {
	seq  uint64
	data []byte
}

// standing reads each shard's fence. What it reads may be old: the claim finds out.
func (s *Store) standing(ctx context.Context, shards []journal.Shard) ([]fence, error) {
	const readers = 16
	fences, errs := make([]fence, len(shards)), make([]error, readers)
	var wg sync.WaitGroup
	for r := range min(readers, len(shards)) {
		wg.Go(func() {
			for i := r; i < len(shards) && errs[r] == nil; i += readers {
				fences[i], errs[r] = s.fence(ctx, shards[i])
			}
		})
	}
	wg.Wait()
	return fences, errors.Join(errs...)
}

func (s *Store) fence(ctx context.Context, sh journal.Shard) (fence, error) {
	msg, err := s.ev.GetLastMsgForSubject(ctx, fenceSubject(sh))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return fence{}, nil
	}
	if err != nil {
		return fence{}, err
	}
	return fence{msg.Sequence, msg.Data}, nil
}

// evenIfFull runs publish, and where the stream is at its limit once more with the head-room open.
func (s *Store) evenIfFull(ctx context.Context, publish func() error) error {
	err := publish()
	if !errors.Is(err, journal.ErrFull) || s.cfg.MaxBytes == 0 {
		return err
	}
	s.limits.Lock()
	defer s.limits.Unlock()
	if err := s.limit(ctx, s.cfg.events(headroom).MaxBytes); err != nil {
		return fmt.Errorf("open the head-room: %w", err)
	}
	err = publish()
	if closeErr := s.limit(ctx, s.cfg.events(0).MaxBytes); closeErr != nil {
		return errors.Join(err, fmt.Errorf("close the head-room: %w", closeErr))
	}
	return err
}

// limit changes how much the stream may hold, and nothing else: another node may have given it more copies since this one has started.
func (s *Store) limit(ctx context.Context, bytes int64) error {
	info, err := s.ev.Info(ctx)
	if err != nil {
		return err
	}
	cfg := info.Config
	cfg.MaxBytes = bytes
	_, err = s.js.UpdateStream(ctx, cfg)
	return err
}
