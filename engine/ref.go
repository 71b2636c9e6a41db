package engine

import (
	"github.com/anthdm/hollywood/actor"

	"hayauma.example/codec"
)

// Ref refers to a grain or a plain cell that takes messages M. It is a value to be copied freely; the zero value refers to nothing, and
// using it panics. A Ref to a plain cell that has ended stays without one, also when its name is given to another.
type Ref[M any] struct {
	kind *core
	id   string
	cell *cell // where it was seen; nil: it was not in memory
}

// Tell sends m at most once. What can't be delivered becomes a dead letter with a reason.
func (r Ref[M]) Tell(m M) {
	if r.cell == nil && r.kind.lends {
		r.tellAfar(m)
		return
	}
	r.deliver(&envelope{msg: m})
}

// tellAfar is Tell for a grain that is most likely with another member: what is written for the connection at once needs no memory of its own.
func (r Ref[M]) tellAfar(m M) {
	loan, ok := r.kind.loans.Get().(*M)
	if !ok {
		loan = new(M)
	}
	*loan = m
	if r.kind.route(r.id, &envelope{msg: codec.Lend(loan)}, 0, ours) {
		var none M
		*loan = none
		r.kind.loans.Put(loan)
	}
}

// ID returns the identity.
func (r Ref[M]) ID() string { return r.id }

// PID returns the address under which Hollywood reaches the cell.
func (r Ref[M]) PID() *actor.PID {
	if r.kind.plain {
		return actor.NewPID(r.kind.member(), plainKind+"/"+r.id)
	}
	return r.kind.pid(r.id)
}

func (r Ref[M]) deliver(n *envelope) {
	switch {
	case r.cell != nil && r.kind.deliver(r.cell, n).settled():
	case r.kind.plain:
		r.kind.sendPlain(r.id, n)
	default:
		r.kind.route(r.id, n, 0, ours)
	}
}

// deliver gives a message to a cell. Where that one is gone, or moving, the message is still in hand.
func (k *core) deliver(c *cell, n *envelope) fate {
	if reason := k.sys.refusal(); reason != "" {
		k.deadLetter(c.id, n, reason)
		return full
	}
	f := c.push(n)
	if f == full {
		k.deadLetter(c.id, n, ReasonFull)
	}
	return f
}

// deliverRun gives a cell messages in order, and returns how many it has taken; the others are still in hand.
func (k *core) deliverRun(c *cell, run []envelope) int {
	if k.sys.refusal() != "" {
		return 0
	}
	return c.pushRun(run)
}

// sendHere gives a message to a grain of this member, activating it where needed. False: it isn't here any more, or it is just leaving for
// another member.
func (k *core) sendHere(id string, n *envelope) bool {
	var stale *cell
	for {
		c, reason := k.acquire(id, stale)
		switch {
		case c != nil:
		case reason == reasonAway:
			return false
		default:
			k.deadLetter(id, n, reason)
			return true
		}
		switch k.deliver(c, n) {
		case moving:
			return false
		case gone:
			stale = c
		case accepted, full:
			return true
		}
	}
}
