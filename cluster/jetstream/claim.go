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

// fence is what a fence's message holds.
type fence struct {
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
	fences, err := s.fences(ctx, shards)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(fence{Owner: owner})
	if err != nil {
		return nil, err
	}
	var last uint64
	err = s.evenIfFull(ctx, func() (err error) {
		last, err = s.publish(ctx, claimMsgs(shards, fences, data))
		return err
	})
	if err != nil {
		return nil, err
	}
	claims := make([]journal.Claim, len(shards))
	for i, sh := range shards { // an atomic batch is contiguous
		claims[i] = journal.Claim{Shard: sh, Fence: journal.Fence(last - uint64(len(shards)-1-i))}
	}
	return claims, nil
}

// claimMsgs replace each fence by the new one if it is still what it was.
func claimMsgs(shards []journal.Shard, fences []uint64, data []byte) []*nats.Msg {
	msgs := make([]*nats.Msg, len(shards))
	for i, sh := range shards {
		m := &nats.Msg{Subject: fenceSubject(sh), Header: nats.Header{}, Data: data}
		m.Header[jetstream.MsgRollup] = []string{jetstream.MsgRollupSubject}
		expect(m, m.Subject, fences[i])
		msgs[i] = m
	}
	return msgs
}

// fences reads the sequence of each shard's fence, 0 where there is none. What it reads may be old: the claim finds out.
func (s *Store) fences(ctx context.Context, shards []journal.Shard) ([]uint64, error) {
	const readers = 16
	seqs, errs := make([]uint64, len(shards)), make([]error, readers)
	var wg sync.WaitGroup
	for r := range readers {
		wg.Go(func() {
			for i := r; i < len(shards) && errs[r] == nil; i += readers {
				seqs[i], errs[r] = s.fence(ctx, shards[i])
			}
		})
	}
	wg.Wait()
	return seqs, errors.Join(errs...)
}

func (s *Store) fence(ctx context.Context, sh journal.Shard) (uint64, error) {
	msg, err := s.ev.GetLastMsgForSubject(ctx, fenceSubject(sh))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return msg.Sequence, nil
}

// evenIfFull runs publish, and where the stream is at its limit once more with the head-room open.
func (s *Store) evenIfFull(ctx context.Context, publish func() error) error {
	err := publish()
	if !errors.Is(err, journal.ErrFull) || s.cfg.MaxBytes == 0 {
		return err
	}
	s.limits.Lock()
	defer s.limits.Unlock()
	if _, err := s.js.UpdateStream(ctx, s.cfg.events(headroom)); err != nil {
		return fmt.Errorf("open the head-room: %w", err)
	}
	err = publish()
	if _, closeErr := s.js.UpdateStream(ctx, s.cfg.events(0)); closeErr != nil {
		return errors.Join(err, fmt.Errorf("close the head-room: %w", closeErr))
	}
	return err
}
