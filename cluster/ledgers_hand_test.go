package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// hand is a member; tenures are the shards that it has.
type hand struct {
	*cluster.Ledgers
	m    *handsModel
	name string

	mu   sync.Mutex // guards what follows
	over map[journal.Fence]bool
	has  map[journal.Shard]*tenure
	hurt map[journal.Fence]bool // OnLost was called
}

// tenure is a shard from its opening until it is given up, and the grains that live meanwhile.
type tenure struct {
	claim journal.Claim
	end   context.CancelFunc
	work  sync.WaitGroup
}

func (m *handsModel) join(name string) *hand {
	h := &hand{m: m, name: name, over: map[journal.Fence]bool{}, has: map[journal.Shard]*tenure{}, hurt: map[journal.Fence]bool{}}
	h.Ledgers = cluster.NewLedgers(m.t.Context(), &tap{m.memory, h}, cluster.Config{
		Writer: journal.WriterOptions{AttemptFor: 50 * time.Millisecond, UnclearFor: 100 * time.Millisecond, BusyFor: 300 * time.Millisecond},
		OnLost: h.lost,
	})
	h.OnReminder(h.reminded)
	return h
}

// tap is a member's store: it sees who appends.
type tap struct {
	*journal.Memory
	h *hand
}

// Append implements journal.Store.
func (s *tap) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	s.h.mu.Lock()
	over := s.h.over[c.Fence]
	s.h.mu.Unlock()
	if over {
		s.h.m.t.Errorf("%s appends under fence %d, which it has given up", s.h.name, c.Fence)
	}
	return s.Memory.Append(ctx, c, id, records)
}

func (h *hand) lost(c journal.Claim, _ error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.hurt[c.Fence]:
		h.m.t.Errorf("%s is told twice that it lost fence %d", h.name, c.Fence)
	case h.over[c.Fence]:
		h.m.t.Errorf("%s is told that it lost fence %d, which it has given up", h.name, c.Fence)
	}
	h.hurt[c.Fence] = true
}

func (h *hand) reminded(_, id, name string, due time.Time, _ []byte) {
	shard := cluster.ShardOf("r", id)
	h.mu.Lock()
	tenure := h.has[shard]
	h.mu.Unlock()
	if tenure == nil {
		h.m.t.Errorf("%s fires %s of a shard that it doesn't have", h.name, name)
	}
	if time.Now().Before(due) {
		h.m.t.Errorf("%s fires %v early", name, time.Until(due))
	}
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	h.m.fired[name] = true
}

func modelGrain(i int) string { return fmt.Sprint("grain", i) }

// take claims a shard, whoever has it, and lets its grains live.
func (h *hand) take(shard journal.Shard) {
	claims, err := h.m.memory.Claim(h.m.t.Context(), h.name, []journal.Shard{shard})
	if err != nil {
		h.m.t.Error(err)
		return
	}
	ctx, cancel := context.WithCancel(h.m.t.Context())
	te := &tenure{claim: claims[0], end: cancel}
	h.mu.Lock()
	old := h.has[shard]
	h.has[shard] = te
	h.mu.Unlock()
	if old != nil { // opened over: its grains have left by then
		old.end()
		old.work.Wait()
	}
	if err := h.Open(ctx, claims); err != nil {
		h.m.t.Error(err)
	}
	if err := h.Fire(ctx, []journal.Shard{shard}); err != nil && !errors.Is(err, journal.ErrFenced) {
		h.m.t.Error(err)
	}
	for i := range modelGrains {
		if cluster.ShardOf("r", modelGrain(i)) == shard {
			te.work.Go(func() { h.live(ctx, modelGrain(i)) })
		}
	}
}

// give lets a shard go, by Close or by Drop, after its grains were told to leave, as Vacate does.
func (h *hand) give(shard journal.Shard, how string) {
	h.mu.Lock()
	te := h.has[shard]
	h.mu.Unlock()
	if te == nil {
		return
	}
	te.end()
	ctx, cancel := context.WithTimeout(h.m.t.Context(), time.Duration(h.m.below(int(30*time.Millisecond))))
	defer cancel()
	switch how {
	case "close":
		if err := h.Close(h.m.t.Context(), []journal.Shard{shard}); err != nil {
			h.m.t.Error(err)
		}
	case "close in time":
		_ = h.Close(ctx, []journal.Shard{shard}) // some of it may be refused
	case "close and drop":
		var wg sync.WaitGroup
		wg.Go(func() { _ = h.Close(ctx, []journal.Shard{shard}) })
		h.m.pause(5 * time.Millisecond)
		h.Drop([]journal.Shard{shard})
		wg.Wait()
	case "drop":
		h.Drop([]journal.Shard{shard})
		time.Sleep(time.Nanosecond) // what is just being told is told
	}
	h.mu.Lock()
	h.over[te.claim.Fence] = true
	delete(h.has, shard)
	h.mu.Unlock()
	te.work.Wait()
}

// live is a grain's activations under one claim: each replays, and appends some units until one fails.
func (h *hand) live(ctx context.Context, grain string) {
	for ctx.Err() == nil {
		if number, err := h.replay(ctx, grain); err == nil {
			h.activation(ctx, grain, number)
		}
		h.m.pause(20 * time.Millisecond)
	}
}

func (h *hand) replay(ctx context.Context, grain string) (last uint64, err error) {
	for r, err := range h.Replay(ctx, "r", grain, journal.Grain{Kind: "k", ID: grain}) {
		if err != nil {
			return 0, err
		}
		if r.First != last+1 {
			h.m.t.Errorf("%s: event %d follows %d", grain, r.First, last)
		}
		last = r.First + uint64(r.Count) - 1
	}
	return last, nil
}

func (h *hand) activation(ctx context.Context, grain string, last uint64) {
	failed := make(chan struct{})
	var once sync.Once
	for ctx.Err() == nil {
		select {
		case <-failed:
			return
		default:
		}
		last++
		u := h.m.unit(grain, last)
		h.Append(engine.Unit{
			Grain: journal.Grain{Kind: "k", ID: grain}, Role: "r", Key: grain, First: last, Count: 1, Data: []byte(u.data),
			Marks: []engine.Mark{{Name: u.data, Due: u.due}},
		}, func(err error) {
			h.m.report(u, err)
			if err != nil {
				once.Do(func() { close(failed) })
			}
		})
		h.m.pause(6 * time.Millisecond)
	}
}
