package simulation

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// mutant takes rules away.
type mutant struct {
	noFence  bool // the store takes appends under any fence
	noLease  bool // registers answer whether the lease stands or not
	noNumber bool // replay counts what is stored, and not the numbers that stand there
	noWait   bool // whoever is to own a shard claims it, whoever has it
	noDoubt  bool // an append without an answer counts as not stored
}

// unfenced is a store that asks nobody whether its fence is the newest.
type unfenced struct{ *journal.Memory }

// Append implements journal.Store.
func (s unfenced) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	c.Fence = s.Stakes([]journal.Shard{c.Shard})[0].Fence
	return s.Memory.Append(ctx, c, id, records)
}

// unnumbered is a store that numbers events by their place, and takes each batch for a new one.
type unnumbered struct {
	*journal.Memory
	mu  sync.Mutex
	all map[journal.Grain][]journal.Record // guarded by mu
}

// Append implements journal.Store.
func (s *unnumbered) Append(ctx context.Context, c journal.Claim, _ string, records []journal.Record) error {
	if err := s.Memory.Append(ctx, c, "", records); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		s.all[r.Grain] = append(s.all[r.Grain], r)
	}
	return nil
}

// Purge implements journal.Store: what is replayed is kept here.
func (s *unnumbered) Purge(context.Context, journal.Claim, journal.Grain, uint64) error { return nil }

// Replay implements journal.Store.
func (s *unnumbered) Replay(ctx context.Context, c journal.Claim, g journal.Grain) iter.Seq2[journal.Record, error] {
	if g.Kind != registers.Name() {
		return s.Memory.Replay(ctx, c, g)
	}
	s.mu.Lock()
	records := slices.Clone(s.all[g])
	s.mu.Unlock()
	return func(yield func(journal.Record, error) bool) {
		next := uint64(1)
		for i, r := range records[journal.NewestSnapshot(records):] {
			switch {
			case r.Snapshot && i > 0:
				continue
			case r.Snapshot:
				next = r.First + 1
			default:
				r.First = next
				next += uint64(r.Count)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// greedy is a member's store that shows every fence as released.
type greedy struct{ objects.Store }

// Fences implements objects.Fences.
func (s greedy) Fences(ctx context.Context, shards []journal.Shard) ([]objects.Fenced, error) {
	found, err := s.Store.Fences(ctx, shards)
	return released(found), err
}

// PutFences implements objects.Fences.
func (s greedy) PutFences(ctx context.Context, changes []objects.FenceChange) ([]journal.Fence, error) {
	fences, err := s.Store.PutFences(ctx, changes)
	if refused, ok := errors.AsType[*objects.Refused[[]objects.Fenced]](err); ok {
		released(refused.Found)
	}
	return fences, err
}

func released(found []objects.Fenced) []objects.Fenced {
	for i := range found {
		if f := &found[i].Fence; *f != (roster.Fence{}) {
			f.State, f.Epoch = roster.FenceReleased, 0
		}
	}
	return found
}

// sure is a process's journal that takes a lost answer for a refusal.
type sure struct{ journal.Store }

// Append implements journal.Store.
func (s sure) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	err := s.Store.Append(ctx, c, id, records)
	if errors.Is(err, context.DeadlineExceeded) {
		return journal.ErrFull
	}
	return err
}

// base is the store behind the tap.
func (m mutant) base(memory *journal.Memory) journal.Store {
	switch {
	case m.noFence:
		return unfenced{memory}
	case m.noNumber:
		return &unnumbered{Memory: memory, all: map[journal.Grain][]journal.Record{}}
	}
	return memory
}
