package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/engine/journal"
)

// Purge implements [journal.Store].
func (s *Store) Purge(ctx context.Context, c journal.Claim, g journal.Grain, below uint64) error {
	if err := journal.CheckGrain(g); err != nil {
		return err
	}
	if err := s.purge(ctx, c, g, below); err != nil {
		return fmt.Errorf("jetstream: purge %s %q: %w", g.Kind, g.ID, err)
	}
	return nil
}

func (s *Store) purge(ctx context.Context, c journal.Claim, g journal.Grain, below uint64) error {
	subject := grainSubject(c.Shard, g)
	if below == 0 {
		at, err := s.bury(ctx, c, subject)
		if err != nil {
			return err
		}
		below = at + 1
	} else if err := s.owned(ctx, c); err != nil {
		return err
	}
	return s.ev.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(below))
}

// bury appends the tombstone of a grain and returns its sequence.
func (s *Store) bury(ctx context.Context, c journal.Claim, subject string) (at uint64, err error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err = s.evenIfFull(ctx, func() (err error) {
			m := message(subject, tombstone, nil)
			expect(m, fenceSubject(c.Shard), uint64(c.Fence))
			at, err = s.publish(ctx, []*nats.Msg{m})
			return err
		})
		if !errors.Is(err, journal.ErrBusy) || !pause(ctx, wait) {
			return at, err
		}
	}
}

// owned asks whether the claim is still the newest, and known to who answers.
func (s *Store) owned(ctx context.Context, c journal.Claim) error {
	at, err := s.fence(ctx, c.Shard)
	switch {
	case err != nil:
		return err
	case at.seq > uint64(c.Fence):
		return journal.ErrFenced
	case at.seq < uint64(c.Fence):
		return errBehind
	}
	return nil
}

// errBehind: the server that answered has not seen our claim yet.
var errBehind = errors.New("the server is behind our claim")

// Grains implements [journal.Store]. It lists page by page, 100,000 subjects each.
func (s *Store) Grains(ctx context.Context, role, kind string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		info, err := s.ev.Info(ctx, jetstream.WithSubjectFilter(kindSubjects(role, kind)))
		if err != nil {
			yield("", fmt.Errorf("jetstream: list %s: %w", kind, err))
			return
		}
		for subject := range info.State.Subjects {
			id, err := unescape(subject[strings.LastIndexByte(subject, '.')+1:])
			if !yield(id, err) {
				return
			}
		}
	}
}
