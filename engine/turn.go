package engine

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/anthdm/hollywood/actor"
)

// frame is what a handler sees of its turn, without its message type; a Context embeds it.
type frame struct {
	owner     any       // the *Context[M] that embeds this frame
	behaviour behaviour // whose frame it is
	cell      *cell
	sender    *actor.PID
	reply     *ask
	gen       uint32
	answered  bool // the right to answer the message in hand was taken
	exposed   bool // the handler knows the sender and may answer by itself

	hand    *envelope // the message in hand; nil outside its handler
	stashed bool      // it was put aside, and keeps its place in the mailbox
	trace   *Trace    // of the message in hand; nil: none
	persist *intent   // set by Persist in this turn
	marks   []Mark    // set by Remind and Forget in this turn

	passivate bool // Passivate was called in this batch
}

type outcome uint8

const (
	drained   outcome = iota // no message left
	more                     // the turn's share is used up
	suspended                // waits for a system message
	ended                    // the cell has left
	crashed                  // a panic was dealt with
)

// flow is how many messages handled in one turn make it likely that another is on its way.
const flow = 16

// turn runs the cell until its mailbox is empty or its share of the worker is used up. The worker owns the scheduled state.
func (w *worker) turn(t *turn) {
	c, first := t.cell, &t.first
	if first.at == 0 || !c.ready() {
		c.stow(first)
		first = nil
	}
	for budget := w.disp.share; ; first = nil {
		switch w.batch(c, first, &budget) {
		case ended:
			return
		case drained:
			if w.disp.share-budget >= flow {
				runtime.Gosched() // a sender that is at it fills the mailbox meanwhile, and meets the lock less often
			}
			if c.release(w, idle) {
				return
			}
		case suspended:
			if c.release(w, parked) {
				return
			}
		case more, crashed:
		}
		if budget <= 0 {
			c.kind.disp.submit(turn{cell: c})
			return
		}
	}
}

// ready reports whether a message can be handled without anything else coming first.
func (c *cell) ready() bool {
	return c.actor != nil && (c.ext == nil || c.ext.mode == open) && c.sys.Load() == nil
}

// stow puts the message that woke the cell into its mailbox; there is nothing in it but what came later.
func (c *cell) stow(first *envelope) {
	if first.at != 0 {
		c.cur = c.cur.add(first)
		*first = envelope{}
	}
}

// batch handles messages under one recover, so that a message costs none.
func (w *worker) batch(c *cell, first *envelope, budget *int) (end outcome) {
	f := w.borrow(c)
	normal := false
	w.begin(c, first)
	defer func() {
		if !normal {
			end = w.failed(c, f, recover())
			*budget--
		}
	}()
	if first != nil && !w.disp.sys.dead.Load() {
		w.handle(c, f, first)
		*budget--
	}
	end = w.work(c, f, budget)
	if end == more || end == ended {
		w.flush(c)
	}
	w.giveBackFrame(c, f)
	normal = true
	return end
}

// failed deals with a handler that panicked with v, or ended its goroutine (v is nil). The goroutine may end in here as well; another one
// goes on with the cell then.
func (w *worker) failed(c *cell, f *frame, v any) (end outcome) {
	stays := false
	defer func() {
		if !stays && end != ended {
			c.kind.disp.submit(turn{cell: c})
		}
		w.cell.Store(nil)
	}()
	w.flush(c)
	end = c.crash(f, v)
	stays = v != nil
	return end
}

func (w *worker) work(c *cell, f *frame, budget *int) outcome {
	for ; *budget > 0; *budget-- {
		if w.disp.sys.dead.Load() {
			return ended
		}
		if c.sys.Load() != nil {
			if left := c.handleSystem(f); left {
				return ended
			}
			w.due = c.isDue()
		}
		switch {
		case c.ext != nil && c.ext.mode != open:
			return suspended
		case c.cur.empty():
			return w.rest(c, f)
		case c.actor == nil:
			c.activate(f)
		default:
			var e *envelope
			e, c.cur = c.cur.first()
			w.starts(c)
			w.aged(c, e.at&^measured)
			w.handle(c, f, e)
		}
	}
	return more
}

// handle handles one message and forgets it.
func (w *worker) handle(c *cell, f *frame, e *envelope) {
	if e.at >= measured {
		c.measure(f, e)
	} else {
		c.handle(f, e)
	}
	*e = envelope{}
	if !f.stashed {
		w.handled++
	}
}

// rest is reached with an empty mailbox: a grain that is due leaves memory, and an actor that was poisoned ends.
func (w *worker) rest(c *cell, f *frame) outcome {
	poisoned := c.ext != nil && c.ext.poisoned
	switch {
	case c.ext != nil && c.ext.vacating:
		if c.vacated(f) {
			return ended
		}
	case !c.kind.plain:
		if (w.due || f.passivate) && c.isIdle() && c.leave(f) {
			return ended
		}
	case poisoned && !c.hasMore() && !c.waits():
		if c.terminate(f, ReasonStopped) {
			return ended
		}
		return suspended // its children end first
	}
	return drained
}

// waits reports whether a poisoned actor still has to do with what was queued.
func (c *cell) waits() bool {
	w, ok := c.actor.(interface{ waits() bool })
	return ok && w.waits()
}

func (c *cell) handle(f *frame, e *envelope) {
	f.hand = e
	f.answerTo(e.answers())
	f.exposed, f.stashed = false, false
	if c.ext != nil {
		c.ext.heard(e, c)
	}
	msg, live := e.msg, true
	f.trace = nil
	if t, ok := msg.(*traced); ok {
		f.trace, msg = &t.trace, t.msg
	}
	if e.isOwn() {
		msg, live = c.unwrap(f, msg)
	}
	if live && !c.kind.behaviour.invoke(f, msg) {
		f.refuse(ReasonType)
	}
	c.settle(f)
	f.hand = nil
}

// unwrap takes the message out of one that the cell sent itself; false when it came too late, or was for the engine.
func (c *cell) unwrap(f *frame, msg any) (_ any, live bool) {
	switch m := msg.(type) {
	case *Timer:
		msg, live = m.msg, c.fired(m)
	case *goCall:
		msg, live = m.msg, c.returned(m)
	case *termination:
		msg, live = c.terminated(m)
	case *quiet:
		msg, live = m.msg, c.silent(m)
	}
	if run, ok := msg.(inTurn); ok && live {
		run(f.owner)
		return nil, false
	}
	return msg, live
}

// inTurn runs in the cell's turn, with its *Context[M]: messages of actors that are written for any M.
type inTurn func(owner any)

// refuse makes a dead letter of the message in hand.
func (f *frame) refuse(reason string) {
	f.cell.kind.deadLetter(f.cell.id, f.hand, reason)
	f.take()
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
	if !f.exposed || f.reply != nil {
		f.fail(ErrNoAnswer)
	}
	f.sender, f.reply = nil, nil
}

// fail tells who awaits an answer to the message in hand that none will come.
func (f *frame) fail(err error) {
	if f.reply == nil && f.sender == nil || f.answered {
		return
	}
	f.cell.kind.sys.fail(address{ask: f.reply, gen: f.gen, pid: f.sender}, err)
}

// borrow returns the frame of a batch; the worker keeps the one that it has used last.
func (w *worker) borrow(c *cell) *frame {
	if c.ext != nil && c.ext.frame != nil {
		return c.ext.frame
	}
	f := w.frame
	if w.frame = nil; f == nil || f.behaviour != c.kind.behaviour {
		if f != nil {
			f.behaviour.free(f)
		}
		f = c.kind.behaviour.frame()
	}
	f.cell = c
	if c.actor != nil {
		c.kind.behaviour.bind(f)
	}
	return f
}

func (w *worker) giveBackFrame(c *cell, f *frame) {
	if c.ext != nil && c.ext.frame == f {
		return // pinned: a continuation will use it
	}
	f.behaviour.clear(f)
	w.frame = f
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
	stack := debug.Stack()
	if p, ok := v.(*goPanic); ok {
		v, stack = p.value, p.stack
	}
	err := &PanicError{Kind: c.kind.name, ID: c.shownID(), Value: v}
	f.traced().Log(sys.log).Error("actor failed", "kind", c.kind.name, "id", c.shownID(), "panic", fmt.Sprint(v), "stack", string(stack))
	c.kind.stats.failed.Add(1)
	if f.stashed {
		f.unstash()
	}
	f.fail(err)
	if f.hand != nil {
		c.lose(f.hand)
	}
	f.hand = nil
	if c.fails(f, err) {
		return ended
	}
	return crashed
}

// lose makes a dead letter of the message whose handler failed.
func (c *cell) lose(e *envelope) {
	c.mu.Lock()
	c.depth--
	c.mu.Unlock()
	c.kind.stats.lost.Add(1)
	if !e.isOwn() {
		c.kind.deadLetter(c.id, &envelope{msg: e.msg}, ReasonFailed) // who asked knows, or asks another now
	}
	*e = envelope{}
}

// pause suspends the cell for d without holding a worker.
func (c *cell) pause(d time.Duration) {
	x := c.extension()
	x.pause++
	r := retry{x.pause}
	if d <= 0 {
		c.pushSystem(r)
		return
	}
	x.mode = backingOff
	time.AfterFunc(d, func() { c.pushSystem(r) })
}

// shownID is the identity as logs may show it.
func (c *cell) shownID() string { return c.kind.shown(c.id) }
