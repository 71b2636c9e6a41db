package engine

import (
	"github.com/anthdm/hollywood/actor"
)

// Ref refers to a grain or a plain cell that takes messages M. It is a value to be copied freely; the zero value refers to nothing, and
// using it panics. A Ref to a plain cell that has ended stays without one, also when its name is given to another.
type Ref[M any] struct {
	kind *core
	id   string
	cell *cell // where it was seen; nil: it was not in memory
}

// Tell sends m at most once. What can't be delivered becomes a dead letter with a reason.
func (r Ref[M]) Tell(m M) { r.deliver(&envelope{msg: m}) }

// ID returns the identity.
func (r Ref[M]) ID() string { return r.id }

// PID returns the address under which Hollywood reaches the cell.
func (r Ref[M]) PID() *actor.PID {
	if r.kind.plain {
		return r.cell.pid()
	}
	return r.kind.pid(r.id)
}

func (r Ref[M]) deliver(n *envelope) {
	switch {
	case r.cell != nil && r.kind.deliver(r.cell, n):
	case r.kind.plain:
		r.kind.deadLetter(r.id, n, ReasonStopped)
	default:
		r.kind.send(r.id, n)
	}
}

// deliver gives a message to a cell; false when the cell has left.
func (k *core) deliver(c *cell, n *envelope) bool {
	if reason := k.sys.refusal(); reason != "" {
		k.deadLetter(c.id, n, reason)
		return true
	}
	switch c.push(n) {
	case full:
		k.deadLetter(c.id, n, ReasonFull)
	case gone:
		return false
	}
	return true
}

// send gives a message to a grain, activating it where needed, and returns its cell.
func (k *core) send(id string, n *envelope) *cell {
	var stale *cell
	for {
		c, reason := k.acquire(id, stale)
		if c == nil {
			k.deadLetter(id, n, reason)
			return nil
		}
		if k.deliver(c, n) {
			return c
		}
		stale = c
	}
}
