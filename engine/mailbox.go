package engine

import (
	"math"
	"sync"
	"unsafe"

	"github.com/anthdm/hollywood/actor"
)

// envelope is one message on its way. Half a cache line holds it, because senders and workers hand those lines to each other.
type envelope struct {
	msg  any
	from unsafe.Pointer // whom an answer goes to: an *ask; or Hollywood's sender, an *actor.PID, where gen is ofPID; nil: nobody
	gen  uint32         // generation of the ask, or one of those below
	at   uint32         // stamp: when it was accepted; with measured
}

// Generations that are no ask's.
const (
	own    = math.MaxUint32 - iota // a message that a cell sends itself
	unsung                         // a message about a dead letter: as a dead letter it is only counted
	ofPID                          // from is Hollywood's sender
)

// asked is a message that an answer is awaited to.
func asked(msg any, a *ask, gen uint32) envelope {
	return envelope{msg: msg, from: unsafe.Pointer(a), gen: gen}
}

// sent is a message from Hollywood; nil is no sender.
func sent(msg any, sender *actor.PID) envelope {
	if sender == nil {
		return envelope{msg: msg}
	}
	return envelope{msg: msg, from: unsafe.Pointer(sender), gen: ofPID}
}

// toAnswer is a message with somebody else's right to answer it.
func toAnswer(msg any, to address) envelope {
	if to.ask != nil {
		return asked(msg, to.ask, to.gen)
	}
	return sent(msg, to.pid)
}

// answers says whom an answer goes to.
func (e *envelope) answers() address {
	switch {
	case e.from == nil:
		return address{}
	case e.gen == ofPID:
		return address{pid: (*actor.PID)(e.from)}
	}
	return address{ask: (*ask)(e.from), gen: e.gen}
}

func (e *envelope) isOwn() bool { return e.gen == own }

// box holds messages in order; boxes are linked where one is not enough. A cell has none while it is idle: the message that wakes it goes to
// the worker with the cell, and boxes hold what comes until its turn is over. So a message costs no allocation, an idle cell no memory,
// and the worker reads memory in a row.
type box struct {
	items []envelope // of fixed capacity
	next  int        // owned by the turn: the first that is not taken
	link  *box       // the box behind this one
	last  *box       // of the first box in line: where senders append
}

// Capacities of the first box of a line and of those behind it.
const (
	smallBox = 4
	largeBox = 128
)

// left stands in the place of the box of a cell that has left memory.
var left = &box{}

var (
	smallBoxes = sync.Pool{New: func() any {
		b := &struct {
			box
			room [smallBox]envelope // in one piece: most of the boxes of a backlog are small ones
		}{}
		b.items = b.room[:0]
		return &b.box
	}}
	largeBoxes = sync.Pool{New: func() any { return &box{items: make([]envelope, 0, largeBox)} }}
)

// add appends a message to the line that begins with b, nil for none, and returns the line.
func (b *box) add(e *envelope) *box {
	if b == nil {
		b = smallBoxes.Get().(*box)
		b.last = b
	}
	if len(b.last.items) == cap(b.last.items) {
		more := largeBoxes.Get().(*box)
		b.last.link = more
		b.last = more
	}
	b.last.items = append(b.last.items, *e)
	return b
}

// empty reports whether nothing is left to take.
func (b *box) empty() bool { return b == nil || b.next == len(b.items) && b.link == nil }

// first returns the next message, which stays in its place, and the line that is left; the line is not empty.
func (b *box) first() (*envelope, *box) {
	for b.next == len(b.items) { // more than one may be spent: before puts a line in front of what is left of another
		spent := b
		b = b.link
		spent.recycle()
	}
	b.next++
	return &b.items[b.next-1], b
}

// drain appends the messages of a line that ends to a list.
func (b *box) drain(to []envelope) []envelope {
	for !b.empty() {
		var e *envelope
		e, b = b.first()
		to = append(to, *e)
		*e = envelope{}
	}
	return to
}

// recycle gives up an empty box.
func (b *box) recycle() {
	if b == nil {
		return
	}
	b.items, b.next, b.link, b.last = b.items[:0], 0, nil, nil
	switch cap(b.items) {
	case smallBox:
		smallBoxes.Put(b)
	case largeBox:
		largeBoxes.Put(b)
	}
}

// before puts messages in front of a line that a turn owns, and returns the line.
func (b *box) before(items []envelope) *box {
	if len(items) == 0 {
		return b
	}
	first := &box{items: items}
	if !b.empty() {
		first.link = b
	}
	return first
}

type fate uint8

const (
	accepted fate = iota
	full
	gone   // the cell has left
	moving // it is leaving for another member
)

// settled reports whether the message is off the sender's hands.
func (f fate) settled() bool { return f <= full }

// States of a cell with regard to its dispatcher.
const (
	idle      uint8 = iota
	scheduled       // in a run queue or in a worker's hands, which owns the turn
	parked          // suspended: only system messages wake it
)

// push hands a message to the cell from any goroutine. Messages of its own need no room in the mailbox.
func (c *cell) push(e *envelope) fate {
	e.at = c.kind.sys.clock.now()
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return gone
	case c.poisoned && !e.isOwn():
		c.mu.Unlock()
		if c.kind.plain {
			return gone
		}
		return moving
	case c.depth >= c.kind.bound && !e.isOwn():
		c.mu.Unlock()
		return full
	}
	if c.depth++; c.depth == 1 {
		c.oldest = e.at
	}
	if c.beat++; c.beat%measureEvery == 0 {
		e.at = c.found()
	}
	if c.depth > crowded && !c.busy {
		c.enter()
	}
	if c.state == idle {
		c.state = scheduled
		c.mu.Unlock()
		c.kind.disp.submit(turn{c, *e})
		return accepted
	}
	c.box = c.box.add(e)
	c.mu.Unlock()
	return accepted
}

// pushRun hands messages to the cell, which may be none of its own, and returns how many there was room for; 0 where it takes none.
func (c *cell) pushRun(run []envelope) int {
	now := c.kind.sys.clock.now()
	c.mu.Lock()
	if c.closed || c.poisoned {
		c.mu.Unlock()
		return 0
	}
	n := min(len(run), int(max(0, c.kind.bound-c.depth)))
	if n == 0 {
		c.mu.Unlock()
		return 0
	}
	if c.depth == 0 {
		c.oldest = now
	}
	c.depth += int32(n)
	wakes := c.state == idle
	if wakes {
		c.state = scheduled
	}
	if c.depth > crowded && !c.busy {
		c.enter()
	}
	at := c.foundRun(n, now)
	for i := range run[:n] {
		run[i].at = at
		at = now
		if i > 0 || !wakes {
			c.box = c.box.add(&run[i])
		}
	}
	c.mu.Unlock()
	if wakes {
		c.kind.disp.submit(turn{c, run[0]})
	}
	return n
}

// hasMore reports whether something came in that the turn has not seen.
func (c *cell) hasMore() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.box != nil
}

// exchange gives the worker what came in; the caller holds mu and owns the turn.
func (c *cell) exchange() {
	if c.box != nil && c.cur.empty() {
		c.cur.recycle()
		c.cur, c.box = c.box, nil
	}
}

// sysNode is a system message: unbounded, first in line, and it wakes a suspended cell.
type sysNode struct {
	next *sysNode
	msg  any
}

// sysClosed is the stack of a cell that has left.
var sysClosed = &sysNode{}

// pushSystem is false when the cell has left.
func (c *cell) pushSystem(msg any) bool {
	n := &sysNode{msg: msg}
	for {
		head := c.sys.Load()
		if head == sysClosed {
			return false
		}
		n.next = head
		if c.sys.CompareAndSwap(head, n) {
			break
		}
	}
	c.wake()
	return true
}

// pushOwn hands the cell a message of its own; false when it has left.
func (c *cell) pushOwn(msg any) bool { return c.push(&envelope{msg: msg, gen: own}) == accepted }

// wake schedules the cell whether it is idle or suspended.
func (c *cell) wake() {
	c.mu.Lock()
	wake := c.state != scheduled
	c.state = scheduled
	c.mu.Unlock()
	if wake {
		c.kind.disp.submit(turn{cell: c})
	}
}

// wakeLeaving lets an idle grain that was told to leave see whether it may now.
func (c *cell) wakeLeaving() {
	c.mu.Lock()
	wake := c.age == leaving && c.state == idle && !c.closed
	if wake {
		c.state = scheduled
	}
	c.mu.Unlock()
	if wake {
		c.kind.disp.submit(turn{cell: c})
	}
}

// release gives the turn up, unless there is work that can be done: then the worker goes on.
func (c *cell) release(w *worker, to uint8) (released bool) {
	c.mu.Lock()
	w.flushLocked(c)
	leaves := c.age == leaving && !w.due && !c.kind.plain && c.isIdle() // it was told to while it wasn't idle
	if c.sys.Load() != nil || to == idle && (c.box != nil || leaves) {
		c.exchange()
		c.mu.Unlock()
		return false
	}
	c.state = to
	var spent *box
	if to == idle {
		spent, c.cur = c.cur, nil
	}
	c.mu.Unlock()
	spent.recycle()
	return true
}

// close refuses every later message and returns what came in; with ifEmpty it does so only when nothing did.
func (c *cell) close(ifEmpty bool) (late *box, done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ifEmpty && c.box != nil {
		return nil, false
	}
	late, c.box, c.closed = c.box, nil, true
	c.calm()
	return late, true
}

// reverse turns a stack into a queue.
func reverse(n *sysNode) *sysNode {
	var out *sysNode
	for n != nil {
		n.next, out, n = out, n, n.next
	}
	return out
}
