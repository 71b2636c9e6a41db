package engine

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anthdm/hollywood/actor"
)

// Context is an actor's view of the system during Handle, Started and continuations of the same cell. It is not valid elsewhere.
type Context[M any] struct {
	frame
	actor  Actor[M]   // the cell's, typed once per batch
	become Handler[M] // of the newest Become; nil: none
}

// Self returns the reference to this cell.
func (c *Context[M]) Self() Ref[M] { return Ref[M]{kind: c.cell.kind, id: c.cell.id, cell: c.cell} }

// ID returns the cell's identity.
func (c *Context[M]) ID() string { return c.cell.id }

// System returns the system that the cell runs in.
func (c *Context[M]) System() *System { return c.cell.kind.sys }

// Log returns a logger with the cell's kind and, unless it is private, its identity; with the trace of the message in hand, if it has one.
func (c *Context[M]) Log() *slog.Logger { return c.LogOf(c.Trace()) }

// LogOf is Log with another trace than the message's: what an actor does of itself, by a timer or after I/O, belongs to what it was traced for.
func (c *Context[M]) LogOf(t Trace) *slog.Logger {
	k := c.cell.kind
	log := k.sys.log.With("kind", k.name)
	if !k.private {
		log = log.With("id", c.cell.id)
	}
	return t.Log(log)
}

// Now returns the time of the wall, without Go's monotonic reading: that one stands still while the machine sleeps, so that a deadline
// of yesterday would seem to be minutes away. What is compared with stored times is compared by the wall; for what lasts, see Uptime.
func (c *Context[M]) Now() time.Time { return time.Now().Round(0) }

// Uptime returns how long the system has run. No step of the wall's clock changes it, and it stands still while the machine sleeps:
// it is for rates and for durations within one activation, and means nothing elsewhere.
func (c *Context[M]) Uptime() time.Duration { return c.cell.kind.sys.clock.uptime() }

// Sender returns Hollywood's sender of the message in hand, nil when it has none. Who takes it may answer later.
func (c *Context[M]) Sender() *actor.PID {
	c.exposed = true
	return c.sender
}

// Respond answers the Ask or Hollywood request in hand; false: there is none, it was answered before, or nobody waits any more. It never
// blocks.
func (c *Context[M]) Respond(answer any) bool {
	return c.take().send(c.cell.kind.sys, answer, c.cell)
}

// Forward sends m on to another actor, and with it the right to answer the message in hand: whoever asked gets that actor's answer.
func Forward[M, N any](c *Context[M], to Ref[N], m N) {
	e := toAnswer(c.passOn(m), c.take())
	to.deliver(&e)
}

// Awaited reports whether somebody still waits for the answer to the message in hand: where an Ask has ended meanwhile, the work for it can
// be left out. It takes nothing away.
func (c *Context[M]) Awaited() bool {
	if c.reply != nil {
		return c.reply.awaits(c.gen)
	}
	return c.sender != nil && !c.answered
}

// Reply keeps the right to answer later; the cell is not idle until the answer is sent. The reply of a message that awaits none
// is not valid.
func (c *Context[M]) Reply() Reply {
	to := c.take()
	if !to.valid() {
		return Reply{}
	}
	k := &keptReply{to: to, cell: c.cell}
	act := c.cell.activation()
	if len(act.kept) == cap(act.kept) {
		act.openReplies() // drops the sent ones
	}
	act.kept = append(act.kept, k)
	return Reply{k}
}

// handOver forwards the message in hand to a cell; false: that one has ended, and the message is still in hand.
func (f *frame) handOver(to *cell, msg any) bool {
	e := toAnswer(f.passOn(msg), address{ask: f.reply, gen: f.gen, pid: f.sender})
	switch to.push(&e) {
	case gone, moving:
		return false
	case full:
		to.kind.deadLetter(to.id, &e, ReasonFull)
	case accepted:
	}
	f.take()
	return true
}

// Passivate lets a grain leave memory once its mailbox is empty and nothing of it is pending; messages that arrive meanwhile
// activate it again.
func (c *Context[M]) Passivate() {
	if !c.cell.kind.plain {
		c.passivate = true
		c.cell.passivate()
	}
}

// Stop ends the actor when its handler returns; what is queued becomes dead letters. A grain that is to handle it first uses Passivate.
func (c *Context[M]) Stop() { c.cell.pushSystem(terminate{reason: ReasonStopped}) }

// answerTo gives the message in hand the right to answer.
func (f *frame) answerTo(to address) {
	f.reply, f.gen, f.sender, f.answered = to.ask, to.gen, to.pid, false
}

// take removes the right to answer the message in hand.
func (f *frame) take() address {
	to := address{ask: f.reply}
	if f.reply != nil {
		to.gen = f.gen
	} else if !f.answered {
		to.pid = f.sender
	}
	f.reply, f.answered = nil, true
	return to
}

// Handler handles one message.
type Handler[M any] func(c *Context[M], m M)

// Middleware stands before the handling of every message of an actor, of those that Become handles too; it goes on with next, or not.
type Middleware[M any] func(next Handler[M]) Handler[M]

// serving is the typed part of a kind.
type serving[M any] struct {
	kind   *Kind[M]   // nil: a plain cell
	handle Handler[M] // through the middleware; nil: there is none
	pool   sync.Pool
}

func newServing[M any](k *Kind[M], before []Middleware[M]) *serving[M] {
	s := &serving[M]{kind: k}
	if len(before) > 0 {
		s.handle = (*Context[M]).dispatch
		for _, m := range slices.Backward(before) {
			s.handle = m(s.handle)
		}
	}
	return s
}

// dispatch hands a message to who handles it now.
func (c *Context[M]) dispatch(m M) {
	if c.become != nil {
		c.become(c, m)
		return
	}
	c.actor.Handle(c, m)
}

func (s *serving[M]) frame() *frame {
	if c, ok := s.pool.Get().(*Context[M]); ok {
		return &c.frame
	}
	c := &Context[M]{}
	c.owner, c.behaviour = c, s
	return &c.frame
}

func (s *serving[M]) clear(f *frame) {
	c := f.owner.(*Context[M])
	*c = Context[M]{frame: frame{owner: c, behaviour: s}}
}

func (s *serving[M]) free(f *frame) { s.pool.Put(f.owner.(*Context[M])) }

func (s *serving[M]) bind(f *frame) {
	c := f.owner.(*Context[M])
	c.actor, c.become = f.cell.actor.(Actor[M]), nil
	if x := f.cell.ext; x != nil {
		c.become = top[M](x.act)
	}
}

func (s *serving[M]) invoke(f *frame, msg any) bool {
	m, ok := msg.(M)
	if !ok {
		return false
	}
	c := f.owner.(*Context[M])
	if s.handle != nil {
		s.handle(c, m)
	} else {
		c.dispatch(m)
	}
	return true
}

func (s *serving[M]) started(f *frame) {
	if a, ok := f.cell.actor.(Starter[M]); ok {
		a.Started(f.owner.(*Context[M]))
	}
}

func (s *serving[M]) leaving(f *frame) {
	if a, ok := f.cell.actor.(Leaving[M]); ok {
		a.Leaving(f.owner.(*Context[M]))
	}
}

func (s *serving[M]) stopping(f *frame) {
	if a, ok := f.cell.actor.(Stopping[M]); ok {
		a.Stopping(f.owner.(*Context[M]))
	}
}

func (s *serving[M]) restarting(f *frame, cause error) {
	if a, ok := f.cell.actor.(Restarting[M]); ok {
		a.Restarting(f.owner.(*Context[M]), cause)
	}
}

func (s *serving[M]) reminds() bool { return s.kind != nil && s.kind.reminder != nil }

func (s *serving[M]) reminder(name string, due time.Time, payload []byte) (any, bool) {
	if !s.reminds() {
		return nil, false
	}
	return s.kind.reminder(name, due, payload), true
}

// address is where one answer goes: an Ask, or Hollywood's sender.
type address struct {
	ask *ask
	gen uint32
	pid *actor.PID
}

func (a address) valid() bool { return a.ask != nil || a.pid != nil }

// send is false when nobody waits for the answer.
func (a address) send(s *System, answer any, from *cell) bool {
	switch {
	case s.dead.Load():
		return false
	case a.ask != nil:
		return a.ask.answer(a.gen, answer)
	case a.pid != nil:
		s.hollywood.SendWithSender(a.pid, answer, from.pid())
		return true
	}
	return false
}

// Reply is a kept right to answer once, from any goroutine. The zero value is not valid. When the activation ends first, the Ask
// is answered with an error.
type Reply struct{ kept *keptReply }

type keptReply struct {
	to   address
	cell *cell
	sent atomic.Bool
}

// Valid reports whether an answer is still awaited through this reply.
func (r Reply) Valid() bool { return r.kept != nil && !r.kept.sent.Load() }

// Send answers; false: it was answered before, or nobody waits any more. It never blocks.
func (r Reply) Send(answer any) bool { return r.kept != nil && r.kept.send(answer) }

func (k *keptReply) send(answer any) bool {
	if k.sent.Swap(true) {
		return false
	}
	defer k.cell.wakeLeaving()
	return k.to.send(k.cell.kind.sys, answer, k.cell)
}
