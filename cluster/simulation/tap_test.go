package simulation

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"

	"hayauma.example/engine/journal"
)

// tap stands right before the store's memory and looks at what it takes: one grain has one sequence of numbers, and each record carries the
// fence that was newest.
type tap struct {
	journal.Store
	memory *journal.Memory

	mu       sync.Mutex // guards what follows; held over each append, so that there is one order
	newest   map[journal.Shard]journal.Fence
	next     map[journal.Grain]uint64
	prints   map[numbered]uint64
	records  int
	copies   int
	problems []string
}

// numbered is the place of a record.
type numbered struct {
	grain journal.Grain
	first uint64
	count uint32
}

func newTap(store journal.Store, memory *journal.Memory) *tap {
	return &tap{
		Store: store, memory: memory, newest: map[journal.Shard]journal.Fence{}, next: map[journal.Grain]uint64{},
		prints: map[numbered]uint64{},
	}
}

// Append implements journal.Store.
func (p *tap) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	stands := p.memory.Stakes([]journal.Shard{c.Shard})[0].Fence // no older than this when it is stored
	if err := p.Store.Append(ctx, c, id, records); err != nil {
		return err
	}
	if c.Fence < stands || c.Fence < p.newest[c.Shard] {
		p.problem("I3: shard %v took batch %s under fence %d after %d", c.Shard, id, c.Fence, max(stands, p.newest[c.Shard]))
	}
	p.newest[c.Shard] = c.Fence
	for _, r := range records {
		p.look(r)
	}
	return nil
}

// look follows the numbers. The timetable's rise, with gaps that mean nothing.
func (p *tap) look(r journal.Record) {
	if r.Snapshot {
		return
	}
	p.records++
	end := r.First + uint64(r.Count)
	next := max(p.next[r.Grain], 1)
	at := numbered{r.Grain, r.First, r.Count}
	h := fnv.New64a()
	h.Write(r.Data)
	switch print, stored := p.prints[at]; {
	case end <= next:
		p.copies++
		if !stored || print != h.Sum64() {
			p.problem("I3: %v: events %d to %d are stored already, with other words", r.Grain, r.First, end-1)
		}
		return
	case r.First < next:
		p.problem("I3: %v: events %d to %d overlap those below %d", r.Grain, r.First, end-1, next)
	case r.First > next && r.Grain.Kind == registers.Name():
		p.problem("I3: %v: event %d after %d", r.Grain, r.First, next-1)
	}
	p.prints[at] = h.Sum64()
	p.next[r.Grain] = end
}

func (p *tap) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

func (p *tap) found() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.problems
}
