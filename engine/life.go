package engine

import (
	"math/rand/v2"
	"time"
)

// System messages.
type (
	start     struct{}                // a plain cell begins without waiting for a message
	retry     struct{}                // a failed cell may go on
	terminate struct{ reason string } // the system stops
)

const (
	sweeps  = 5   // sweeps without a message after which a grain leaves: four or five quarters of its idle time
	leaving = 255 // age of a grain that was told to passivate

	failureWindow = 10 * time.Second // a failure this long after the last one is the first again
	firstBackoff  = 100 * time.Millisecond
	maxBackoff    = 5 * time.Second
)

// backoff is the pause after n failures in a row beyond the first, with jitter of a quarter.
func backoff(n int) time.Duration {
	if n <= 0 {
		return 0
	}
	d := maxBackoff
	if n < 7 {
		d = min(firstBackoff<<(n-1), maxBackoff)
	}
	return d - time.Duration(rand.Int64N(int64(d)/4))
}

// handleSystem handles all system messages, in order; true: the cell has left. Only the owner of the turn calls it.
func (c *cell) handleSystem(f *frame) (hasLeft bool) {
	for n := reverse(c.sys.Swap(nil)); n != nil && c.cur != left && !c.kind.sys.dead.Load(); n = n.next {
		switch m := n.msg.(type) {
		case start:
			c.activate(f)
		case retry:
			c.retry(f)
		case replayed:
			c.replayed(f, m)
		case persisted:
			c.persisted(f, m)
		case terminate:
			c.stop(m.reason)
		}
	}
	return c.cur == left
}

// retry goes on after a failure. A plain cell and a durable grain begin again without waiting for a message: their Started is what
// brings back the timers that ended with the last activation. A grain that keeps nothing has nothing to go on with.
func (c *cell) retry(f *frame) {
	if c.mode() == backingOff {
		c.ext.mode = open
	}
	if c.mode() == open && c.actor == nil && (c.kind.plain || c.kind.apply != nil) {
		c.activate(f)
	}
}

// activate makes the actor; a durable one comes back with replayed.
func (c *cell) activate(f *frame) {
	if c.kind.apply != nil {
		c.extension().mode = replaying
		c.kind.sys.replays.add(c)
		return
	}
	c.begun(f, c.kind.produce(c.id))
}

// begun puts the actor in place and tells it so.
func (c *cell) begun(f *frame, a any) {
	c.actor = a
	c.kind.stats.activations.Add(1)
	c.kind.stats.active.Add(1)
	c.kind.behaviour.bind(f)
	c.kind.behaviour.started(f)
	c.settle(f)
}

// leave takes an idle grain out of memory. False when a message came in between: the grain is activated again.
func (c *cell) leave() bool {
	if c.actor != nil {
		c.deactivate(ErrStopped)
		c.kind.stats.passivations.Add(1)
	}
	c.mu.Lock()
	c.age = 0
	c.mu.Unlock()
	if _, done := c.close(true); !done {
		return false
	}
	c.forget()
	return true
}

// stop ends the cell; with an append in flight, after its answer.
func (c *cell) stop(reason string) {
	if c.mode() == persisting {
		c.ext.ending = reason
		return
	}
	c.terminate(reason)
}

// terminate ends the cell now; what is in its mailbox becomes dead letters.
func (c *cell) terminate(reason string) {
	c.deactivate(ErrStopped)
	queued := c.cur
	late, _ := c.close(false)
	c.forget()
	c.bury(queued, reason)
	c.bury(late, reason)
}

// bury makes dead letters of what nobody will handle.
func (c *cell) bury(b *box, reason string) {
	for !b.empty() {
		var e *envelope
		e, b = b.first()
		c.kind.stats.buried.Add(1)
		switch e.msg.(type) {
		case *Timer, *goResult:
		default:
			c.kind.deadLetter(c.id, e, reason)
		}
		*e = envelope{}
	}
}

// forget removes a cell that takes no messages any more.
func (c *cell) forget() {
	c.sys.Store(sysClosed)
	c.cur, c.ext = left, nil
	c.kind.forget(c)
	c.kind.sys.departed(1)
}

// deactivate ends the activation: nothing of it runs or is owed afterwards.
func (c *cell) deactivate(cause error) {
	if x := c.ext; x != nil && x.act != nil {
		x.act.end(cause)
		x.act = nil
	}
	if c.actor == nil {
		return
	}
	a := c.actor
	c.actor = nil
	c.kind.stats.active.Add(-1)
	if s, ok := a.(Stopper); ok {
		c.stopped(s)
	}
}

func (c *cell) stopped(s Stopper) {
	defer func() {
		if v := recover(); v != nil {
			c.kind.sys.log.Error("actor failed while stopping", "kind", c.kind.name, "id", c.shownID(), "panic", v)
		}
	}()
	s.Stopped()
}
