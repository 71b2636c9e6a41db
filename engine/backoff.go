package engine

import (
	"slices"
	"time"
)

// BackoffSupervisor stands before a child that ends now and then: it starts it again, after a pause that grows with each end in a row. It
// forwards every message to the child and answers nothing itself, so that who sends need not know of it. What the child has not handled
// when it ends, and what comes while there is none, is kept in order for the next one: as much as fits into the child's mailbox and the
// supervisor's stash. Only the message over which the child fails is lost; it is a dead letter. One that is poisoned has its child handle
// what is queued; a child that ends meanwhile is not started again, and what it leaves becomes dead letters.
//
// Unlike a restart, it also starts again what ended by itself, and tells a hook.
type BackoffSupervisor[M any] struct {
	Child   func() Actor[M]     // makes each child's actor
	Options []SpawnOption       // of the child
	Backoff Backoff             // its First is the first pause
	Stable  time.Duration       // after this long without an end the next pause is the first again; 0: 10 s
	Hook    func(BackoffChange) // told in the supervisor's turn, so it must not block: it tells an actor, or counts; nil: nobody

	child  Ref[M]
	up     bool
	starts int
	ends   failures
}

// BackoffChange is a start or an end of a BackoffSupervisor's child.
type BackoffChange struct {
	Supervisor string        // its name; "private" below an actor of a private kind
	Starts     int           // children started so far
	Reason     string        // of the end, as Terminated has it; "" at a start
	Pause      time.Duration // until the next start, after an end
}

// childName is the last part of its name.
const childName = "child"

// Started implements Starter.
func (b *BackoffSupervisor[M]) Started(c *Context[M]) { b.begin(c) }

// Handle implements Actor. What the stash has no room for becomes dead letters.
func (b *BackoffSupervisor[M]) Handle(c *Context[M], m M) {
	if (!b.up || !c.handOver(b.child.cell, m)) && c.Stash(m) != nil {
		c.refuse(ReasonFull)
	}
}

// waits: what is stashed is for the next child.
func (b *BackoffSupervisor[M]) waits() bool { return !b.up }

func (b *BackoffSupervisor[M]) begin(c *Context[M]) {
	stop := WithSupervision(Supervision{Decide: func(Failure) Directive { return Stop }})
	child, err := SpawnChild(c, childName, b.Child, append(slices.Clone(b.Options), stop, withHeir)...)
	if err != nil {
		panic(err) // another has the child's name
	}
	b.child, b.up = child, true
	b.starts++
	c.cell.watch(child.kind, child.id, child.cell, func(t Terminated) any {
		return inTurn(func(owner any) { b.end(owner.(*Context[M]), t) })
	})
	b.tell(BackoffChange{Supervisor: c.cell.shownID(), Starts: b.starts})
	c.Unstash()
}

func (b *BackoffSupervisor[M]) end(c *Context[M], t Terminated) {
	b.up = false
	s := Supervision{Window: b.Stable, Backoff: b.Backoff}.withDefaults()
	b.ends.add(&s, c.Uptime())
	pause := s.Backoff.pause(b.ends.row + 1)
	b.ends.paused = c.Uptime() + pause
	c.cell.after(pause, 0, inTurn(func(owner any) { b.begin(owner.(*Context[M])) }))
	b.tell(BackoffChange{Supervisor: c.cell.shownID(), Starts: b.starts, Reason: t.Reason, Pause: pause})
}

func (b *BackoffSupervisor[M]) tell(change BackoffChange) {
	if b.Hook != nil {
		b.Hook(change)
	}
}
