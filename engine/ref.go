package engine

import (
	"github.com/anthdm/hollywood/actor"
)

// Ref refers to a grain or a plain cell that takes messages M. It is a value to be copied freely.
type Ref[M any] struct {
	kind *core
	id   string
	cell *cell // where it was last seen; nil: not seen yet
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
	for c := r.cell; c != nil; c = c.succ.Load() {
		if r.kind.deliver(c, n) {
			return
		}
	}
	if r.kind.plain {
		r.kind.deadLetter(r.id, n, reasonStopped)
		return
	}
	if c := r.kind.send(r.id, n); c != nil && r.cell != nil && c != r.cell {
		r.cell.succ.Store(c)
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
		k.deadLetter(c.id, n, reasonFull)
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
