package cluster

import (
	"context"
	"sync"
	"time"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

const (
	vacateFor = 800 * time.Millisecond // Go functions of grains that leave
	closeFor  = time.Second            // what they have appended is stored by then
)

// drain has grains leave, and stores what they have appended. A shard that is empty goes on at once: another's grains may wait for the
// answer of one of its own, which its new owner gives.
func (m *Member) drain(ctx context.Context, hs []*holding) {
	of := make(map[journal.Shard]*holding, len(hs))
	for _, h := range hs {
		of[h.shard] = h
	}
	left := make(chan journal.Shard, len(hs))
	m.work.Go(func() {
		defer close(left)
		m.vacate(ctx, shardsOf(hs), func(s journal.Shard) { left <- s })
	})
	m.work.Go(func() {
		for first := range left {
			empty := append(queued(left), first)
			stored := m.closed(ctx, empty)
			m.post(func() {
				for _, s := range empty {
					m.drained(of[s], stored)
				}
			})
		}
	})
}

func (m *Member) drained(h *holding, stored bool) {
	h.busy, h.open = false, false
	if h.state.Phase() == roster.Releasing {
		if m.loop.counts.HandOffs++; !stored {
			m.loop.counts.Unstored++
		}
		m.on(h, roster.Drained)
	}
}

// queued takes what waits in a channel.
func queued(c <-chan journal.Shard) (shards []journal.Shard) {
	for {
		select {
		case s, ok := <-c:
			if !ok {
				return shards
			}
			shards = append(shards, s)
		default:
			return shards
		}
	}
}

// emptied closes shards after their grains have left.
func (m *Member) emptied(ctx context.Context, shards []journal.Shard) {
	m.vacate(ctx, shards, func(journal.Shard) {})
	m.closed(ctx, shards)
}

func (m *Member) closed(ctx context.Context, shards []journal.Shard) (stored bool) {
	ctx, cancel := context.WithTimeout(ctx, closeFor)
	defer cancel()
	err := m.ledgers.Load().Close(ctx, shards)
	if err != nil {
		m.log.Warn("not everything was stored before a hand-off", "error", err)
	}
	return err == nil
}

// vacate has the grains of shards leave, of each role in one go, and tells of each shard once.
func (m *Member) vacate(ctx context.Context, shards []journal.Shard, left func(journal.Shard)) {
	roles := map[string]*[Shards]bool{}
	for _, s := range shards {
		if roles[s.Role] == nil {
			roles[s.Role] = new([Shards]bool)
		}
		roles[s.Role][s.Number] = true
	}
	ctx, cancel := context.WithTimeout(ctx, vacateFor)
	defer cancel()
	var all sync.WaitGroup
	for role, of := range roles {
		all.Go(func() {
			m.sys.Vacate(ctx, engine.Departure{Role: role, Groups: Shards, Group: func(key string) int {
				if n := ShardOf(role, key).Number; of[n] {
					return n
				}
				return -1
			}, Left: func(n int) {
				if s := (journal.Shard{Role: role, Number: n}); of[n] {
					m.post(func() { m.empty(s) })
					left(s)
				}
			}})
		})
	}
	all.Wait()
}

// drop gives up what is lost: the ledgers were dropped when it was heard of, one that was just being opened is now.
func (m *Member) drop(ctx context.Context, hs []*holding) {
	m.async(ctx, func(ctx context.Context) func() {
		m.ledgers.Load().Drop(shardsOf(hs))
		m.vacate(ctx, shardsOf(hs), func(journal.Shard) {})
		return func() {
			for _, h := range hs {
				h.busy, h.open = false, false
				m.on(h, roster.StateDropped)
			}
		}
	})
}
