package engine

import (
	"fmt"
	"slices"
)

// System messages.
type (
	start     struct{}               // a plain cell begins without waiting for a message
	retry     struct{ pause uint32 } // a failed cell may go on, unless another pause has begun
	touch     struct{}               // a grain is to be in memory
	terminate struct {               // the cell ends, whatever is queued
		reason string
		ended  *ending // nil: nobody waits for it
	}
	poison struct{ ended *ending } // the cell ends after what is queued
	vacate struct{ ended *ending } // a grain goes to another member
)

const (
	sweeps  = 5   // sweeps without a message after which a grain leaves: four or five quarters of its idle time
	leaving = 255 // age of a grain that was told to passivate
)

// handleSystem handles all system messages, in order; true: the cell has left. Only the owner of the turn calls it.
func (c *cell) handleSystem(f *frame) (hasLeft bool) {
	queue := reverse(c.sys.Swap(nil))
	defer func() { c.restoreSystem(queue) }() // what is behind one that panics comes after the failure is dealt with
	for queue != nil && !c.kind.sys.dead.Load() {
		msg := queue.msg
		queue = queue.next
		if hasLeft = c.handleOne(f, msg); hasLeft {
			c.refuseSystem(queue, ReasonStopped)
			queue = nil
		}
	}
	return hasLeft
}

// restoreSystem puts system messages that are not handled back, in front of those that came since.
func (c *cell) restoreSystem(queue *sysNode) {
	if queue == nil || c.kind.sys.dead.Load() {
		return
	}
	var msgs []any
	for n := queue; n != nil; n = n.next {
		msgs = append(msgs, n.msg)
	}
	for {
		for n := reverse(c.sys.Swap(nil)); n != nil; n = n.next {
			msgs = append(msgs, n.msg)
		}
		var top *sysNode
		for _, m := range msgs {
			top = &sysNode{next: top, msg: m}
		}
		if c.sys.CompareAndSwap(nil, top) {
			return
		}
	}
}

func (c *cell) handleOne(f *frame, msg any) (hasLeft bool) {
	switch m := msg.(type) {
	case start:
		if c.mode() == open && c.actor == nil {
			c.activate(f)
		}
	case retry:
		c.retry(f, m)
	case touch:
		c.touch(f)
	case replayed:
		return c.replayed(f, m)
	case persisted:
		return c.persisted(f, m)
	case terminate:
		return c.stop(f, m)
	case poison:
		c.poison(m)
	case vacate:
		return c.vacate(f, m)
	case childFailed:
		c.childFailed(m)
	case verdict:
		return c.obey(f, m)
	case escalated:
		return c.escalated(f, m.err)
	case inherit:
		c.inherit(m.unhandled)
	case childEnded:
		return c.childEnded(m)
	case watched:
		c.extension().watchers = append(c.extension().watchers, m.watch)
	case unwatch:
		c.unwatch(func(w *watch) bool { return w == m.watch })
	case unwatchDistant:
		c.unwatch(func(w *watch) bool { return w.distant == m.distant })
	}
	return false
}

// refuseSystem deals with system messages that came too late: the cell has ended.
func (c *cell) refuseSystem(n *sysNode, reason string) {
	for ; n != nil; n = n.next {
		switch m := n.msg.(type) {
		case terminate:
			m.ended.end()
		case poison:
			m.ended.end()
		case vacate:
			m.ended.end()
		case watched:
			m.watch.fire(reason)
		case touch:
			if !c.kind.plain {
				c.kind.touch(c.id)
			}
		}
	}
}

// retry goes on after a failure. A plain cell and a durable grain begin again without waiting for a message: their Started is what
// brings back the timers that ended with the last activation. A grain that keeps nothing has nothing to go on with.
func (c *cell) retry(f *frame, m retry) {
	if c.ext == nil || m.pause != c.ext.pause {
		return
	}
	if c.mode() == backingOff {
		c.ext.mode = open
	}
	if c.mode() == open && c.actor == nil && (c.kind.plain || c.kind.apply != nil) {
		c.activate(f)
	}
}

// activate makes the actor; a durable one comes back with replayed.
func (c *cell) activate(f *frame) {
	stats := c.kind.stats
	if c.kind.apply != nil {
		x := c.extension()
		x.mode, x.asked = replaying, c.now()
		c.kind.sys.replays.add(c)
		return
	}
	if stats.activations.Load()%measureEvery != 0 {
		c.begun(f, c.kind.make(c.id))
		return
	}
	began := c.now()
	c.begun(f, c.kind.make(c.id))
	stats.activation.Took(c.now() - began)
}

// begun puts the actor in place and tells it so.
func (c *cell) begun(f *frame, a any) {
	c.actor, c.stage = a, starting
	c.kind.stats.activations.Add(1)
	c.kind.stats.active.Add(1)
	c.kind.behaviour.bind(f)
	c.kind.behaviour.started(f)
	c.stage = running
	c.settle(f)
	c.announce(PhaseStarted, nil)
}

// touch brings a grain into memory, or lets it stay there as a message would.
func (c *cell) touch(f *frame) {
	c.mu.Lock()
	if c.age != leaving {
		c.age = 0
	}
	c.mu.Unlock()
	if c.mode() == open && c.actor == nil {
		c.activate(f)
	}
}

// leave takes an idle grain out of memory. False when a message came in between: the grain is activated again.
func (c *cell) leave(f *frame) bool {
	if c.actor != nil {
		c.stopping(f)
		c.end(ErrStopped)
		c.deactivate()
		c.kind.stats.passivations.Add(1)
	}
	c.mu.Lock()
	c.age = 0
	c.mu.Unlock()
	if _, done := c.close(true); !done {
		return false
	}
	c.forget(ReasonPassivated)
	return true
}

// poison lets what is queued be handled first.
func (c *cell) poison(m poison) {
	x := c.extension()
	if m.ended != nil {
		x.ended = append(x.ended, m.ended)
	}
	if x.poisoned = c.kind.plain; !x.poisoned {
		c.passivate()
	}
}

// passivate has a grain leave once it has nothing to do.
func (c *cell) passivate() {
	c.mu.Lock()
	c.age = leaving
	c.mu.Unlock()
}

// isDue reports whether a grain leaves once it has nothing to do.
func (c *cell) isDue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.age >= sweeps
}

// stop ends the cell; with an append in flight, after its answer, and with children that end, after them.
func (c *cell) stop(f *frame, m terminate) (hasLeft bool) {
	x := c.ext
	if m.ended != nil {
		x = c.extension()
		x.ended = append(x.ended, m.ended)
	}
	if x != nil && (x.mode == persisting || x.mode == awaiting) {
		x.ending = m.reason
		return false
	}
	if x != nil && x.vacating && m.reason == ReasonMoved && c.farewell(f) { // its patience has ended
		return false
	}
	return c.terminate(f, m.reason)
}

// terminate ends the cell, its children first; what is in its mailbox becomes dead letters.
func (c *cell) terminate(f *frame, reason string) (hasLeft bool) {
	c.extension().ending = reason // whatever happens on the way
	c.stopping(f)
	return c.quit(ErrStopped, func() bool {
		c.gone(reason)
		return true
	})
}

// gone lets the cell leave. What is queued becomes dead letters, or its heir's.
func (c *cell) gone(reason string) {
	c.kind.stats.countEnd(reason)
	queued := c.cur
	late, _ := c.close(false)
	unhandled := late.drain(queued.drain(nil))
	c.kind.stats.buried.Add(uint64(len(unhandled)))
	unhandled = slices.DeleteFunc(unhandled, func(e envelope) bool { return e.isOwn() })
	if c.kind.heir && len(unhandled) > 0 && c.kind.parent.pushSystem(inherit{unhandled}) {
		unhandled = nil
	}
	c.cur = left
	moves := c.kind.sys.directory != nil && (reason == ReasonMoved || reason == ReasonLost)
	if moves {
		c.kind.sys.held.inherit(heldKey{c.kind, c.id}, unhandled) // this cell is still in its place
		unhandled = nil
	}
	for i := range unhandled {
		c.kind.deadLetter(c.id, &unhandled[i], reason)
	}
	c.forget(reason)
	if moves {
		c.kind.sys.retryHeld()
	}
}

// forget removes a cell that takes no messages any more, and tells who waits for that.
func (c *cell) forget(reason string) {
	late := c.sys.Swap(sysClosed)
	x := c.ext
	c.cur, c.ext = left, nil
	c.kind.forget(c)
	c.announce(PhaseStopped, nil)
	if p := c.kind.parent; p != nil {
		p.pushSystem(childEnded{c})
	}
	if x != nil {
		for _, w := range x.watchers {
			w.fire(reason)
		}
		for _, e := range x.ended {
			e.end()
		}
	}
	c.refuseSystem(reverse(late), reason)
	c.kind.sys.departed(1)
}

// end is what the end of an activation begins with: nothing runs and nothing is owed afterwards. What was stashed is queued again.
func (c *cell) end(cause error) {
	x := c.ext
	if x == nil || x.act == nil {
		return
	}
	c.cur = c.cur.before(x.act.stash)
	x.act.stash = nil
	x.act.end(cause)
	x.act = nil
}

// deactivate is what it ends with.
func (c *cell) deactivate() {
	if c.actor == nil {
		return
	}
	a := c.actor
	c.actor, c.stage = nil, absent
	c.kind.stats.active.Add(-1)
	if s, ok := a.(Stopper); ok {
		c.guard(c.onward(), s.Stopped)
	}
}

// onward is what has a cell go on whose Stopped ended the goroutine.
func (c *cell) onward() any {
	if c.ext != nil && c.ext.ending != "" {
		return terminate{reason: c.ext.ending}
	}
	return start{}
}

// stopping tells the actor that it will end for good; what it sends now is sent.
func (c *cell) stopping(f *frame) {
	if c.actor != nil && c.stage != closing {
		c.stage = closing
		c.guard(c.onward(), func() { c.kind.behaviour.stopping(f) })
		f.persist, f.marks = nil, nil
	}
}

// restarting tells the actor that another will take its place.
func (c *cell) restarting(f *frame, v verdict) {
	if c.actor != nil && c.stage != closing {
		c.stage = closing
		c.guard(v, func() { c.kind.behaviour.restarting(f, v.err) })
		f.persist, f.marks = nil, nil
	}
}

// guard runs a function of an actor whose failure changes nothing: of one that ends, or a Decide. Where the function ends the goroutine the
// cell goes on, on another one, with the system message again.
func (c *cell) guard(again any, f func()) {
	normal := false
	defer func() {
		if v := recover(); v != nil {
			c.kind.sys.log.Error("actor failed outside its handler", "kind", c.kind.name, "id", c.shownID(), "panic", fmt.Sprint(v))
		} else if !normal {
			c.pushSystem(again)
		}
	}()
	f()
	normal = true
}
