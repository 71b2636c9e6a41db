package engine

import (
	"context"
	"time"
)

// Vacate has the grains of a role leave whose affinity key meets the condition, after the Directory has said that they are elsewhere. What
// is queued goes on to where they are. Go functions are waited for until ctx ends; then they are cancelled. It returns when all have left.
func (s *System) Vacate(ctx context.Context, role string, of func(key string) bool) {
	cells := s.cellsOf(role, of)
	ended := make([]*ending, len(cells))
	for i, c := range cells {
		ended[i] = s.ending()
		if !c.pushSystem(vacate{ended[i]}) {
			ended[i].end()
		}
	}
	for i, c := range cells {
		select {
		case <-ended[i].done:
			continue
		case <-ctx.Done():
		}
		c.pushSystem(terminate{reason: ReasonMoved})
	}
	for _, e := range ended {
		select {
		case <-e.done:
		case <-time.After(vacatePatience): // a handler that is stuck: its appends are fenced
			return
		}
	}
}

// vacatePatience bounds the wait for handlers after a Vacate's context has ended.
const vacatePatience = time.Second

// cellsOf returns the cells of a role's grains whose affinity key meets a condition.
func (s *System) cellsOf(role string, of func(key string) bool) []*cell {
	var out, batch []*cell
	for _, k := range s.kinds.all() {
		if k.role != role {
			continue
		}
		for i := range k.shards {
			batch = k.cells(i, batch[:0])
			for _, c := range batch {
				if of(k.affinity(c.id)) {
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// vacate has a grain go to another member: it takes nothing new, and leaves once its Go functions are done.
func (c *cell) vacate(f *frame, m vacate) (hasLeft bool) {
	x := c.extension()
	x.ended = append(x.ended, m.ended)
	x.vacating = true
	c.lastCall()
	c.reroute()
	return c.vacated(f)
}

// vacated ends a vacating grain that has nothing to wait for.
func (c *cell) vacated(f *frame) (hasLeft bool) {
	x := c.ext
	if !x.vacating || x.mode == persisting || x.mode == awaiting || x.act != nil && x.act.running > 0 {
		return false
	}
	return !c.farewell(f) && c.terminate(f, ReasonMoved)
}

// farewell tells the actor that it leaves, once; true: it leaves when its last append is stored.
func (c *cell) farewell(f *frame) (appends bool) {
	x := c.ext
	if x.farewell || c.actor == nil || x.mode != open {
		return false
	}
	x.farewell = true
	c.kind.behaviour.leaving(f)
	c.settle(f)
	return x.mode != open
}

// reroute sends what is queued to where the grain is now, but for its own messages.
func (c *cell) reroute() {
	c.mu.Lock()
	late := c.box
	c.box = nil
	c.mu.Unlock()
	queued := late.drain(c.cur.drain(nil))
	c.cur = nil
	own, others := queued[:0:0], 0
	for i := range queued {
		if queued[i].isOwn() {
			own = append(own, queued[i])
			continue
		}
		others++
	}
	c.cur = c.cur.before(own)
	c.mu.Lock()
	c.depth -= int32(others)
	c.mu.Unlock()
	c.kind.stats.moved.Add(uint64(others))
	for i := range queued {
		if !queued[i].isOwn() {
			c.kind.route(c.id, &queued[i], 0)
		}
	}
}
