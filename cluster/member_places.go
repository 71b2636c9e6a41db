package cluster

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// places is where every grain is, as the engine asks for each message. A table is never changed in place.
type places struct {
	table atomic.Pointer[table] // nil: no view yet
	epoch atomic.Uint64         // of the view that it was drawn by, or one that came later
	wake  chan struct{}         // holds one: the engine is to be told of a change

	mu      sync.Mutex // guards what follows, and the replacement of table
	changed func()
	lost    map[journal.Shard]journal.Fence // claims whose loss the loop has not seen yet: not here, whatever it says
}

// table has a line for each role that somebody carries.
type table map[string]*[Shards]engine.Place

// Locate implements engine.Directory.
func (m *Member) Locate(role, key string) engine.Place {
	t := m.places.table.Load()
	if t == nil {
		return engine.Place{Answer: engine.Soon}
	}
	if line := (*t)[role]; line != nil {
		return line[ShardOf(role, key).Number]
	}
	return engine.Place{Answer: engine.Nowhere}
}

// OnChange implements engine.Directory.
func (m *Member) OnChange(changed func()) {
	m.places.mu.Lock()
	defer m.places.mu.Unlock()
	m.places.changed = changed
}

// publish replaces the table. claims are those that its lines for this member's own shards stand on.
func (p *places) publish(epoch uint64, t table, claims map[journal.Shard]journal.Fence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for shard, fence := range p.lost {
		if claims[shard] == fence {
			t[shard.Role][shard.Number] = engine.Place{Answer: engine.Soon}
		}
	}
	p.table.Store(&t)
	p.epoch.Store(epoch)
	p.stir()
}

// stir has the engine told; it asks for all places then, so that changes which follow quickly are told once.
func (p *places) stir() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// lose says that a shard isn't here, before the loop knows why.
func (p *places) lose(c journal.Claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost == nil {
		p.lost = map[journal.Shard]journal.Fence{}
	}
	p.lost[c.Shard] = c.Fence
	t := p.table.Load()
	if t == nil || (*t)[c.Shard.Role] == nil || (*t)[c.Shard.Role][c.Shard.Number].Answer != engine.Here {
		return
	}
	next := make(table, len(*t))
	maps.Copy(next, *t)
	line := *next[c.Shard.Role]
	line[c.Shard.Number] = engine.Place{Answer: engine.Soon}
	next[c.Shard.Role] = &line
	p.table.Store(&next)
}

// found says that the loop knows.
func (p *places) found(c journal.Claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost[c.Shard] == c.Fence {
		delete(p.lost, c.Shard)
	}
}

// tell calls the engine after changes, off the loop: it sends on all that waits.
func (p *places) tell(ctx context.Context) {
	for {
		select {
		case <-p.wake:
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if changed != nil {
			changed()
		}
	}
}
