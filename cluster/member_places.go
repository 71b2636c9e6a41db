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
	drawn   uint64                          // epoch of the view that the table was drawn by
	awaited map[journal.Shard]uint64        // heralded by newer views of these epochs
	then    []func()                        // to be called when the engine was told
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
	p.drawn = epoch
	for shard, newer := range p.awaited {
		if newer <= epoch {
			delete(p.awaited, shard)
		} else if line := t[shard.Role]; line != nil && line[shard.Number].Answer == engine.Elsewhere {
			t[shard.Role] = soon(line, shard.Number)
		}
	}
	p.table.Store(&t)
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
	next[c.Shard.Role] = soon(next[c.Shard.Role], c.Shard.Number)
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
		changed, then := p.changed, p.then
		p.then = nil
		p.mu.Unlock()
		if changed != nil {
			changed()
		}
		for _, f := range then {
			f()
		}
	}
}

// soon is a line in which one shard's place is being settled.
func soon(line *[Shards]engine.Place, number int) *[Shards]engine.Place {
	next := *line
	next[number] = engine.Place{Answer: engine.Soon, Wait: line[number].Wait}
	return &next
}

// heralded hears that another member's view says of some shards that they are ours. Until the loop has seen that view, or a newer one, what
// comes for them waits: it would go back, and be overtaken.
func (p *places) heralded(epoch uint64, shards shardSet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if epoch <= p.drawn {
		return
	}
	if p.awaited == nil {
		p.awaited = map[journal.Shard]uint64{}
	}
	next := table{}
	if t := p.table.Load(); t != nil {
		maps.Copy(next, *t)
	}
	for shard := range shards.all() {
		p.awaited[shard] = max(p.awaited[shard], epoch)
		if line := next[shard.Role]; line != nil && line[shard.Number].Answer == engine.Elsewhere {
			next[shard.Role] = soon(line, shard.Number)
		}
	}
	if p.table.Load() != nil {
		p.table.Store(&next)
	}
}

// drawnBy is the epoch of the view that what has arrived by now was placed by, or by an older one.
func (p *places) drawnBy() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.drawn
}

// afterwards has f called after the engine was told of all that has changed by now: what can go on has.
func (p *places) afterwards(f func()) {
	p.mu.Lock()
	p.then = append(p.then, f)
	p.mu.Unlock()
	p.stir()
}
