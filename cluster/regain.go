package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hayauma.example/engine/journal"
)

const regainEvery = time.Second

// fenceProbe names a grain that has no records: purging it only asks the store whether the fence is still the newest.
var fenceProbe = journal.Grain{Kind: timetableKind + "-probe", ID: "fence"}

// lost is a Solo's decision: what another process took is left to it, and what is unclear is claimed again, so that its reminders come
// back though nobody replays.
func (s *Solo) lost(c journal.Claim, err error) {
	if errors.Is(err, journal.ErrFenced) {
		s.fenced(c.Shard)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.looping && !s.ended {
		s.looping = true
		s.work.Go(s.regainAll)
	}
}

func (s *Solo) fenced(shard journal.Shard) {
	if s.cfg.OnFenced != nil {
		s.cfg.OnFenced(shard)
	}
}

// regainAll tries until no shard is unclear.
func (s *Solo) regainAll() {
	for s.goesOn() {
		err := s.regain(s.ledgers.ctx)
		if err == nil {
			continue
		}
		s.ledgers.cfg.Log.Warn("shards not claimed again yet", "error", err)
		if !s.pause(regainEvery) {
			return
		}
	}
}

func (s *Solo) goesOn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looping = !s.ended && len(s.ledgers.unclear()) > 0
	return s.looping
}

// pause is false when the Solo ends meanwhile.
func (s *Solo) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ledgers.ctx.Done():
		return false
	}
}

// regain makes the unclear shards ours anew, but for those that another has claimed meanwhile.
func (s *Solo) regain(ctx context.Context) error {
	s.regaining.Lock()
	defer s.regaining.Unlock()
	shards, err := s.stillOurs(ctx, s.ledgers.unclear())
	if len(shards) > 0 {
		err = errors.Join(err, s.reclaim(ctx, shards))
	}
	return err
}

// stillOurs finds the shards that nobody has claimed since their writers were lost; who has, is to go on. s.regaining is held.
func (s *Solo) stillOurs(ctx context.Context, claims []journal.Claim) (ours []journal.Shard, err error) {
	for _, c := range claims {
		if !s.unsure[c.Shard] {
			err = s.store.Purge(ctx, c, fenceProbe, 0)
		}
		switch {
		case errors.Is(err, journal.ErrFenced):
			err = nil
			s.ledgers.Drop([]journal.Shard{c.Shard})
			s.fenced(c.Shard)
		case err != nil:
			return ours, fmt.Errorf("cluster: look who owns shard %s %d: %w", c.Shard.Role, c.Shard.Number, err)
		default:
			ours = append(ours, c.Shard)
		}
	}
	return ours, nil
}

// reclaim opens shards under a new claim; s.regaining is held.
func (s *Solo) reclaim(ctx context.Context, shards []journal.Shard) error {
	for _, shard := range shards {
		s.unsure[shard] = true
	}
	claims, err := s.store.Claim(ctx, s.owner, shards)
	if err != nil {
		return fmt.Errorf("cluster: claim %d shards again: %w", len(shards), err)
	}
	if err := s.ledgers.Open(ctx, claims); err != nil {
		return err
	}
	for _, shard := range shards {
		delete(s.unsure, shard)
	}
	s.ledgers.cfg.Log.Info("shards claimed again", "count", len(shards))
	if !s.started.Load() {
		return nil
	}
	return s.ledgers.Fire(ctx, shards)
}

// isUnclear: the store gave no clear answer, and the shard was not opened since.
func (s *Ledgers) isUnclear(shard journal.Shard) bool {
	l, err := s.find(shard)
	return err == nil && errors.Is(l.failure(), journal.ErrLost)
}

// unclear returns the claims of the shards for which the store gave no clear answer.
func (s *Ledgers) unclear() []journal.Claim {
	var out []journal.Claim
	for _, l := range s.all() {
		if errors.Is(l.failure(), journal.ErrLost) {
			out = append(out, l.claim)
		}
	}
	return out
}
