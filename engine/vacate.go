package engine

import (
	"context"
	"sync"
	"time"
)

// Departure says which grains go to another member.
type Departure struct {
	Role   string
	Group  func(key string) int // of a grain's affinity key; below 0: it stays
	Groups int                  // for Left: groups are 0 to Groups-1
	Left   func(group int)      // called once for each group when nobody of it is here any more, by several goroutines; nil: nobody asks
}

// Vacate has grains leave, after the Directory has said that they aren't here (Elsewhere, or Soon until they have left). What is queued goes on to where they
// are. Go functions are waited for until ctx ends; then they are cancelled. It returns when all have left. A group doesn't wait for another, because what one
// is busy with may be a question to the other.
func (s *System) Vacate(ctx context.Context, d Departure) {
	groups := make([]exodus, d.Groups)
	s.eachOf(d.Role, func(c *cell) {
		g := d.Group(c.kind.affinity(c.id))
		if g < 0 {
			return
		}
		for g >= len(groups) {
			groups = append(groups, exodus{})
		}
		groups[g].add(c, s.ending())
	})
	var all sync.WaitGroup
	defer all.Wait()
	for g := range groups {
		if len(groups[g].cells) > 0 {
			all.Go(func() {
				groups[g].wait(ctx)
				d.left(g)
			})
		}
	}
	for g := range groups {
		if len(groups[g].cells) == 0 {
			d.left(g)
		}
	}
}

func (d Departure) left(group int) {
	if d.Left != nil {
		d.Left(group)
	}
}

// exodus is a group of cells that leave.
type exodus struct {
	cells []*cell
	ended []*ending
}

func (x *exodus) add(c *cell, e *ending) {
	x.cells, x.ended = append(x.cells, c), append(x.ended, e)
	if !c.pushSystem(vacate{e}) {
		e.end()
	}
}

func (x *exodus) wait(ctx context.Context) {
	for i, c := range x.cells {
		select {
		case <-x.ended[i].done:
			continue
		case <-ctx.Done():
		}
		c.pushSystem(terminate{reason: ReasonMoved})
	}
	for _, e := range x.ended {
		select {
		case <-e.done:
		case <-time.After(vacatePatience): // a handler that is stuck: its appends are fenced
			return
		}
	}
}

// vacatePatience bounds the wait for handlers after a Vacate's context has ended.
const vacatePatience = time.Second

// eachOf gives the cells of a role's grains.
func (s *System) eachOf(role string, f func(*cell)) {
	var batch []*cell
	for _, k := range s.kinds.all() {
		if k.role != role {
			continue
		}
		for i := range k.shards {
			batch = k.cells(i, batch[:0])
			for _, c := range batch {
				f(c)
			}
		}
	}
}

// vacate has a grain go to another member: it takes nothing new, and leaves once its Go functions are done.
func (c *cell) vacate(f *frame, m vacate) (hasLeft bool) {
	x := c.extension()
	x.ended = append(x.ended, m.ended)
	x.vacating = true
	c.reroute()
	return c.vacated(f)
}

// vacated ends a vacating grain that has nothing to wait for.
func (c *cell) vacated(f *frame) (hasLeft bool) {
	x := c.ext
	if !x.vacating || x.mode == persisting || x.mode == awaiting || x.act != nil && len(x.act.calls) > 0 {
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

// reroute has what is queued go on to where the grain is now, but for its own messages. What comes from now on is refused, and goes there
// behind it.
func (c *cell) reroute() {
	var own, others []envelope
	c.mu.Lock()
	queued := c.box.drain(c.cur.drain(nil))
	c.box, c.cur = nil, nil
	for i := range queued {
		if queued[i].isOwn() {
			own = append(own, queued[i])
		} else {
			others = append(others, queued[i])
		}
	}
	c.cur = c.cur.before(own)
	c.depth -= int32(len(others))
	c.poisoned = true
	c.kind.sys.held.inherit(heldKey{c.kind, c.id}, others)
	c.mu.Unlock()
	c.kind.stats.moved.Add(uint64(len(others)))
	if len(others) > 0 {
		c.kind.sys.retryHeld()
	}
}
