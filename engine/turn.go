package engine

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/anthdm/hollywood/actor"
)

// frame is what a handler sees of its turn, without its message type; a Context embeds it.
type frame struct {
	owner  any // the *Context[M] that embeds this frame
	cell   *cell
	sender *actor.PID
	reply  *ask
	gen    uint32

	node     *node  // the message in hand
	persist  *unit  // set by Persist in this turn
	marks    []Mark // set by Remind and Forget in this turn
	handled  uint64 // since the start of the batch
	answered bool   // the right to answer the message in hand was taken
}

type outcome uint8

const (
	drained   outcome = iota // no message left
	more                     // the turn's share is used up
	suspended                // waits for a system message
	ended                    // the cell has left
	crashed                  // a panic was dealt with
)

// turn runs the cell until its mailbox is empty or its share of the worker is used up. The caller owns the scheduled state.
func (c *cell) turn() {
	switch c.batch() {
	case ended:
	case more, crashed:
		c.kind.disp.submit(c)
	case drained:
		c.release(idle)
	case suspended:
		c.release(parked)
	}
}

// release gives the turn up, unless a message came in between.
func (c *cell) release(to uint32) {
	c.state.Store(to)
	waiting := c.sys.Load() != nil || (to == idle && c.inbox.Load() != nil)
	if waiting && c.state.CompareAndSwap(to, scheduled) {
		c.kind.disp.submit(c)
	}
}

// batch handles messages under one recover, so that a message costs none.
func (c *cell) batch() (end outcome) {
	f := c.borrow()
	normal := false
	defer func() {
		c.kind.stats.handled.Add(f.handled)
		f.handled = 0
		if !normal {
			v := recover()
			if end = c.crash(f, v); v == nil && end == crashed {
				c.kind.disp.submit(c) // the worker is ending and can't
			}
			return
		}
		c.giveBack(f)
	}()
	end = c.work(f)
	normal = true
	return end
}

func (c *cell) work(f *frame) outcome {
	sys := c.kind.sys
	c.kind.stats.deepest(int64(c.depth.Load()))
	for range c.kind.disp.share {
		if sys.dead.Load() {
			return ended
		}
		if c.sys.Load() != nil {
			if c.handleSystem(f); c.inbox.Load() == closed {
				return ended
			}
		}
		if c.mode() != open {
			return suspended
		}
		if end, stop := c.step(f); stop {
			return end
		}
	}
	return more
}

// step handles one message, activating the cell for it.
func (c *cell) step(f *frame) (end outcome, stop bool) {
	if c.actor == nil {
		if c.queue == nil && c.inbox.Load() == nil {
			return c.rest()
		}
		c.activate(f)
		return drained, false
	}
	n := c.next()
	if n == nil {
		return c.rest()
	}
	c.handle(f, n)
	if c.inbox.Load() == closed {
		return ended, true
	}
	return drained, false
}

// rest is reached with an empty mailbox: a grain that is due leaves memory.
func (c *cell) rest() (end outcome, stop bool) {
	if c.kind.plain || c.age.Load() < sweeps || !c.isIdle() {
		return drained, true
	}
	if c.leave() {
		return ended, true
	}
	return drained, false // a message came in between
}

func (c *cell) handle(f *frame, n *node) {
	if a := c.age.Load(); a != 0 && a != leaving {
		c.age.Store(0)
	}
	c.oldest.Store(n.at)
	f.node, f.sender, f.reply, f.gen, f.answered = n, n.sender, n.reply, n.gen, false
	if msg, live := c.unwrap(n.msg); live && !c.kind.behaviour.invoke(f, msg) {
		c.kind.deadLetter(c.id, n, reasonType)
		f.reply = nil
	}
	c.settle(f)
	f.node = nil
	f.handled++
	c.depth.Add(-1)
}

// unwrap takes the message out of a timer or a Go result; false when it came too late.
func (c *cell) unwrap(msg any) (any, bool) {
	switch m := msg.(type) {
	case *Timer:
		return m.msg, c.fired(m)
	case *goResult:
		return m.msg, c.returned(m)
	}
	return msg, true
}

// settle ends a handler's turn: its append starts, or its Ask is known to stay without an answer.
func (c *cell) settle(f *frame) {
	if f.persist != nil {
		c.begin(f)
		return
	}
	if len(f.marks) > 0 {
		panic("engine: the turn set a reminder without Persist")
	}
	if f.reply != nil {
		f.reply.answer(f.gen, ErrNoAnswer)
	}
	f.sender, f.reply = nil, nil
}

func (c *cell) borrow() *frame {
	if c.ext != nil && c.ext.frame != nil {
		return c.ext.frame
	}
	f := c.kind.behaviour.frame()
	f.cell = c
	return f
}

func (c *cell) giveBack(f *frame) {
	if c.ext != nil && c.ext.frame == f {
		return // pinned: a continuation will use it
	}
	owner := f.owner
	*f = frame{owner: owner}
	c.kind.behaviour.free(f)
}

// crash deals with a panic, or with a handler that ended its goroutine (v is nil).
func (c *cell) crash(f *frame, v any) outcome {
	sys := c.kind.sys
	if sys.dead.Load() {
		return ended
	}
	if v == nil {
		v = "the handler ended its goroutine" // panic(nil) has a value
	}
	err := &PanicError{Kind: c.kind.name, ID: c.shownID(), Value: v}
	sys.log.Error("actor failed", "kind", c.kind.name, "id", c.shownID(), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	c.kind.stats.failed.Add(1)
	if f.node != nil {
		c.depth.Add(-1)
		c.kind.stats.lost.Add(1)
	}
	if f.reply != nil {
		f.reply.answer(f.gen, err)
	}
	c.restart(err)
	if c.inbox.Load() == closed {
		return ended
	}
	return crashed
}

// restart ends the activation; the next begins at once after a first failure, later after repeated ones.
func (c *cell) restart(cause error) {
	x := c.extension()
	x.frame, x.mode = nil, open
	if x.ending != "" {
		c.terminate(x.ending)
		return
	}
	c.deactivate(cause)
	c.kind.stats.restarts.Add(1)
	if c.kind.plain && !c.kind.restartable {
		c.terminate(reasonStopped)
		return
	}
	c.pause(backoff(x.fail() - 1))
}

// fail counts a failure and returns how many there were in a row.
func (x *extension) fail() int {
	now := time.Now().UnixNano()
	if now-x.failedAt > int64(failureWindow) {
		x.failures = 0
	}
	x.failures, x.failedAt = x.failures+1, now
	return x.failures
}

// pause suspends the cell for d without holding a worker.
func (c *cell) pause(d time.Duration) {
	if d <= 0 {
		if c.kind.plain {
			c.pushSystem(retry{})
		}
		return
	}
	c.extension().mode = backingOff
	time.AfterFunc(d, func() { c.pushSystem(retry{}) })
}

// shownID is the identity as logs may show it.
func (c *cell) shownID() string {
	if c.kind.private {
		return "private"
	}
	return c.id
}
