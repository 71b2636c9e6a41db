package engine

import (
	"fmt"
	"time"
)

// System messages between a parent and its children.
type (
	// childFailed asks the parent what becomes of all its children; the one that failed waits, suspended.
	childFailed struct {
		child *cell
		err   error
	}
	// verdict is the answer, to each of them.
	verdict struct {
		directive Directive
		ofParent  bool // it befalls all of the parent's children
		pause     time.Duration
		err       error
	}
	// escalated is a failure that a child hands up; the child ends.
	escalated struct{ err *EscalatedError }
	// inherit comes before it: what the child leaves to its parent, if that is its heir.
	inherit struct{ unhandled []envelope }
	// childEnded comes after the child's Stopped.
	childEnded struct{ child *cell }
)

// EscalatedError is the failure of an actor that could not, or would not, deal with a child's.
type EscalatedError struct {
	Kind, ID string // of the child
	Err      error
}

func (e *EscalatedError) Error() string {
	return fmt.Sprintf("engine: the failure of %s %q was escalated: %v", e.Kind, e.ID, e.Err)
}

func (e *EscalatedError) Unwrap() error { return e.Err }

// SpawnChild starts a plain cell below the actor in hand. It is named after its parent, "parent/name"; a taken name is a TakenError. The
// child ends before its parent's activation does: a parent that restarts begins without children.
func SpawnChild[N, M any](c *Context[M], name string, produce func() Actor[N], opts ...SpawnOption) (Ref[N], error) {
	parent := c.cell
	if parent.kind.sys.dead.Load() || parent.ending() {
		return Ref[N]{}, &DeadLetterError{Kind: plainKind, ID: name, Reason: ReasonStopped}
	}
	ref, err := spawn(parent.kind.sys, parent, parent.path()+"/"+name, produce, opts)
	if err == nil {
		x := parent.extension()
		if x.children == nil {
			x.children = make(map[*cell]struct{})
		}
		x.children[ref.cell] = struct{}{}
	}
	return ref, err
}

// path is a cell's name as a parent.
func (c *cell) path() string {
	if c.kind.plain {
		return c.id
	}
	return c.kind.name + "/" + c.id
}

// ending reports whether the activation is about to end.
func (c *cell) ending() bool { return c.stage == closing || c.ext != nil && c.ext.mode == awaiting }

// fails deals with the cell's failure.
func (c *cell) fails(f *frame, err error) (hasLeft bool) {
	x := c.extension()
	if x.mode == persisting { // a system message failed: what is being stored comes first
		x.failing = err
		return false
	}
	x.frame, x.mode = nil, open
	c.announce(PhaseFailed, err)
	s, parent := &c.kind.supervision, c.kind.parent
	switch {
	case x.ending != "":
		return c.terminate(f, x.ending)
	case s.AllForOne && parent != nil:
		x.mode = judged
		parent.pushSystem(childFailed{c, err}) // one that is ending has told this cell to end
		return false
	}
	count, pause := x.failures.add(s, c.now())
	return c.obey(f, verdict{directive: c.decide(s, c.failure(err, count)), pause: pause, err: err})
}

// decide asks who decides about a failure of a cell; one that fails itself has it stopped.
func (c *cell) decide(s *Supervision, f Failure) (d Directive) {
	c.guard(verdict{directive: Stop, err: f.Err}, func() { d = s.decide(f) })
	return d
}

func (c *cell) failure(err error, count int) Failure {
	return Failure{Kind: c.kind.name, ID: c.shownID(), Err: err, Count: count}
}

func (c *cell) now() time.Duration { return c.kind.sys.clock.uptime() }

// childFailed decides for all children.
func (c *cell) childFailed(m childFailed) {
	x := c.ext
	if x == nil || x.mode == awaiting {
		return // they are told to end anyway
	}
	if _, alive := x.children[m.child]; !alive {
		return
	}
	s := &m.child.kind.supervision
	count, pause := x.family.add(s, c.now())
	v := verdict{c.decide(s, m.child.failure(m.err, count)), true, pause, m.err}
	for child := range x.children {
		child.pushSystem(v)
	}
}

// obey carries out what was decided.
func (c *cell) obey(f *frame, v verdict) (hasLeft bool) {
	x := c.extension()
	sibling := v.ofParent && x.mode != judged
	switch {
	case x.mode == awaiting:
		return false // it ends already
	case x.mode == judged:
		x.mode = open
	}
	switch v.directive {
	case Resume:
		if sibling || c.stage == running && c.kind.apply == nil {
			return false
		}
		return c.begins(f, v)
	case Restart:
		return c.begins(f, v)
	case Escalate:
		if !sibling {
			c.escalate(v.err)
		}
	case Stop:
	}
	return c.terminate(f, ReasonFailed)
}

// begins ends the activation and lets another begin after the pause.
func (c *cell) begins(f *frame, v verdict) (hasLeft bool) {
	c.restarting(f, v)
	return c.quit(v.err, func() bool {
		c.kind.stats.restarts.Add(1)
		c.announce(PhaseRestarting, v.err)
		c.pause(v.pause)
		return false
	})
}

// escalate hands a failure up.
func (c *cell) escalate(err error) {
	e := &EscalatedError{Kind: c.kind.name, ID: c.shownID(), Err: err}
	p := c.kind.parent
	top := p == nil || !p.pushSystem(escalated{e})
	if top {
		c.kind.sys.log.Error("failure escalated to the system: actor stopped", "kind", c.kind.name, "id", c.shownID(), "error", err)
	}
	Escalations.Publish(c.kind.sys, Escalation{Kind: e.Kind, ID: e.ID, Err: err, Top: top})
}

// escalated fails as the child did; with an append in flight, after its answer.
func (c *cell) escalated(f *frame, err error) (hasLeft bool) {
	x := c.extension()
	switch x.mode {
	case persisting:
		x.failing = err
		return false
	case awaiting, judged, backingOff, replaying:
		return false // this activation is over, or has not begun
	case open:
	}
	c.kind.sys.log.Error("actor failed", "kind", c.kind.name, "id", c.shownID(), "error", err)
	c.kind.stats.failed.Add(1)
	return c.fails(f, err)
}

// quit ends the activation, its children first, and goes on with next.
func (c *cell) quit(cause error, next func() (hasLeft bool)) (hasLeft bool) {
	x := c.extension()
	c.end(cause)
	x.next = func() bool {
		x.next, x.mode = nil, open
		c.end(cause) // children may have left something to it
		c.deactivate()
		if x.ending != "" {
			c.gone(x.ending)
			return true
		}
		return next()
	}
	if len(x.children) == 0 {
		return x.next()
	}
	x.mode = awaiting
	for child := range x.children {
		if x.poisoned && child.kind.heir { // what it has was queued here
			child.lastCall()
			child.pushSystem(poison{})
		} else {
			child.pushSystem(terminate{reason: ReasonStopped})
		}
	}
	return false
}

// childEnded forgets a child, and goes on where it was the last to be awaited.
func (c *cell) childEnded(m childEnded) (hasLeft bool) {
	x := c.ext
	if x == nil {
		return false
	}
	delete(x.children, m.child)
	if x.mode != awaiting || len(x.children) > 0 {
		return false
	}
	return x.next()
}

// inherit takes what a child has not handled into the stash, in front of what came since.
func (c *cell) inherit(unhandled []envelope) {
	act := c.activation()
	act.stash = append(unhandled, act.stash...)
	c.mu.Lock()
	c.depth += int32(len(unhandled))
	c.mu.Unlock()
}
