package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"hayauma.example/engine/journal"
)

// maxReplays bounds the goroutines that read events back.
const maxReplays = 64

// replays activates durable grains off the workers: a queue, and goroutines that live while it has entries.
type replays struct {
	sys *System

	mu      sync.Mutex
	waiting queue[*cell] // guarded by mu
	running int          // guarded by mu
}

// replayed carries a rebuilt actor to its cell.
type replayed struct {
	actor         any
	seq, snapshot uint64
	tenure        uint64 // of the journal, when it began
	unsaved       int
	last          []numbered // of the newest record
	err           error
}

func (r *replays) add(c *cell) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting.push(c)
	if r.running < maxReplays && !r.sys.dead.Load() {
		r.running++
		r.sys.tasks.Go(r.loop)
	}
}

func (r *replays) loop() {
	for c := r.take(); c != nil; c = r.take() {
		r.one(c)
	}
}

// one replays a grain. A produce or Apply that ends the goroutine fails it, and another goroutine takes this one's place.
func (r *replays) one(c *cell) {
	m := replayed{err: errors.New("engine: the replay ended its goroutine")}
	normal := false
	defer func() {
		if !r.sys.dead.Load() {
			c.pushSystem(m)
		}
		if !normal {
			r.sys.tasks.Go(r.loop)
		}
	}()
	m = c.replay(r.sys.ctx)
	normal = true
}

func (r *replays) take() *cell {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting.len() == 0 || r.sys.dead.Load() {
		r.running--
		r.waiting.trim()
		return nil
	}
	return r.waiting.pop()
}

// replay makes a fresh actor and applies the grain's events to it.
func (c *cell) replay(ctx context.Context) (m replayed) {
	defer func() {
		if v := recover(); v != nil {
			m.err = fmt.Errorf("engine: replay panicked: %v\n%s", v, debug.Stack())
		}
	}()
	m.actor = c.kind.make(c.id)
	if j, ok := c.kind.sys.journal.(Tenured); ok { // asked first: of a claim that comes between, it is an old one, and nothing is appended
		m.tenure = j.Tenure(c.kind.role, c.kind.affinity(c.id))
	}
	for rec, err := range c.kind.sys.journal.Replay(ctx, c.kind.role, c.kind.affinity(c.id), c.grain()) {
		if err == nil {
			err = m.read(c, rec)
		}
		if err != nil {
			m.err = err
			return m
		}
	}
	return m
}

func (m *replayed) read(c *cell, rec journal.Record) error {
	if rec.Snapshot {
		return m.restore(c, rec)
	}
	r, data := c.kind.sys.messages, rec.Data
	fresh := m.last[:0]
	m.unsaved += len(data)
	for number := rec.First; number < rec.First+uint64(rec.Count); number++ {
		e, at, rest, err := cutEvent(data, r)
		if err != nil {
			return fmt.Errorf("engine: event %d: %w", number, err)
		}
		data = rest
		if number <= m.seq {
			continue // a copy
		}
		if number != m.seq+1 {
			return fmt.Errorf("engine: event %d is missing before event %d", m.seq+1, number)
		}
		if err := c.kind.apply(m.actor, e); err != nil {
			return err
		}
		m.seq = number
		fresh = append(fresh, numbered{number, at, e})
		m.last = fresh
	}
	return nil
}

func (m *replayed) restore(c *cell, rec journal.Record) error {
	if rec.First <= m.seq {
		return nil
	}
	s, ok := m.actor.(Snapshotter)
	if !ok {
		return fmt.Errorf("engine: there is a snapshot, but %T does not restore any", m.actor)
	}
	state, _, err := c.kind.sys.messages.Decode(rec.Data)
	if err != nil {
		return fmt.Errorf("engine: snapshot after event %d: %w", rec.First, err)
	}
	s.Restore(state)
	m.seq, m.snapshot, m.unsaved, m.last = rec.First, rec.First, 0, nil
	return nil
}

// replayed puts the rebuilt actor in place, or tries again later.
func (c *cell) replayed(f *frame, m replayed) (hasLeft bool) {
	if c.mode() != replaying {
		return false
	}
	x := c.ext
	x.mode = open
	switch {
	case m.err == nil:
		x.seq, x.tenure, x.snapshot, x.unsaved = m.seq, m.tenure, m.snapshot, m.unsaved
		for _, e := range m.last { // the activation that stored them may have ended before it published them
			c.kind.publish(c.id, e)
		}
		c.begun(f, m.actor)
		c.kind.stats.activation.Took(c.now() - x.asked)
		return false
	case errors.Is(m.err, journal.ErrFenced):
		return c.terminate(f, ReasonLost)
	}
	c.kind.sys.log.Error("grain not recovered", "kind", c.kind.name, "id", c.shownID(), "error", m.err)
	c.kind.stats.failed.Add(1)
	return c.retryLater(f, m.err)
}
