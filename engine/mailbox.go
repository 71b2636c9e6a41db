package engine

import (
	"github.com/anthdm/hollywood/actor"
)

// node is one message on its way. It is collected by the garbage collector: producer and consumer sit on different processors, and
// there a pool costs more than it saves.
type node struct {
	next   *node
	msg    any
	sender *actor.PID // Hollywood's sender; nil between cells
	reply  *ask       // where an answer is awaited; nil for a Tell
	gen    uint32     // generation of reply
	at     uint32     // clock ticks when it was accepted
}

// closed is the mailbox of a cell that has left memory.
var closed = new(node)

type verdict uint8

const (
	accepted verdict = iota
	full
	gone
)

// States of a cell with regard to its dispatcher.
const (
	idle      uint32 = iota
	scheduled        // in a run queue or in a worker's hands, which owns the turn
	parked           // suspended: only system messages wake it
)

// push hands a message to the cell from any goroutine. The stack of new messages is one pointer; its owner turns it round.
func (c *cell) push(n *node, bounded bool) verdict {
	n.at = c.kind.sys.clock.now()
	switch depth := c.depth.Add(1); {
	case depth == 1:
		c.oldest.Store(n.at)
	case bounded && depth > c.kind.bound:
		c.depth.Add(-1)
		return full
	}
	for {
		head := c.inbox.Load()
		if head == closed {
			c.depth.Add(-1)
			return gone
		}
		n.next = head
		if c.inbox.CompareAndSwap(head, n) {
			break
		}
	}
	if c.state.Load() == idle && c.state.CompareAndSwap(idle, scheduled) {
		c.kind.disp.submit(c)
	}
	return accepted
}

// pushSystem hands over a system message: unbounded, first in line, and it wakes a suspended cell.
func (c *cell) pushSystem(msg any) {
	n := &node{msg: msg}
	for {
		head := c.sys.Load()
		if head == closed {
			return
		}
		n.next = head
		if c.sys.CompareAndSwap(head, n) {
			break
		}
	}
	c.wake()
}

// wake schedules the cell whether it is idle or suspended.
func (c *cell) wake() {
	if c.state.CompareAndSwap(idle, scheduled) || c.state.CompareAndSwap(parked, scheduled) {
		c.kind.disp.submit(c)
	}
}

// next takes the oldest message, nil when there is none. Only the owner of the turn calls it.
func (c *cell) next() *node {
	if c.queue == nil {
		if c.inbox.Load() == nil {
			return nil
		}
		c.queue = reverse(c.inbox.Swap(nil))
	}
	n := c.queue
	c.queue, n.next = n.next, nil
	return n
}

// reverse turns a stack of nodes into a queue.
func reverse(n *node) *node {
	var out *node
	for n != nil {
		n.next, out, n = out, n, n.next
	}
	return out
}
