package engine

import "sync/atomic"

// worker is one goroutine of a dispatcher. What it has handled in its batch it counts here, on a cache line of its own, and
// subtracts from the cell's depth at the batch's end.
type worker struct {
	disp  *dispatcher
	index int

	every  int32  // messages after which the depth is brought up to date
	oldest uint32 // as last written to the cell
	due    bool   // the cell leaves when it has nothing to do

	_    [64]byte // what follows is read by others
	cell atomic.Pointer[cell]
	done atomic.Int32 // messages of cell that are handled but still in its depth
	_    [64]byte
}

// begin takes note of a batch.
func (w *worker) begin(c *cell) {
	w.cell.Store(c)
	c.mu.Lock()
	c.exchange()
	if c.depth > 0 && c.age != leaving {
		c.age = 0
	}
	w.due, w.oldest = c.age >= sweeps, c.oldest
	depth := int64(c.depth)
	c.mu.Unlock()
	c.kind.stats.deepest(depth)
	w.every = max(1, min(int32(w.disp.share), c.kind.bound/16))
}

// handled counts a message.
func (w *worker) handled(c *cell) {
	n := w.done.Load() + 1
	w.done.Store(n)
	if n >= w.every {
		w.flush(c)
	}
}

// flush brings the cell's depth up to date.
func (w *worker) flush(c *cell) {
	c.mu.Lock()
	w.flushLocked(c)
	c.mu.Unlock()
}

func (w *worker) flushLocked(c *cell) {
	if n := w.done.Load(); n > 0 {
		w.done.Store(0)
		c.depth -= n
		c.kind.stats.handled[w.index%stripes].n.Add(uint64(n))
	}
}

// aged notes when the message in hand was accepted.
func (w *worker) aged(c *cell, at uint32) {
	if at == w.oldest {
		return
	}
	w.oldest = at
	c.mu.Lock()
	c.oldest = at
	c.mu.Unlock()
}

// waiting is what the cell has accepted and not yet handled, and since when the oldest of it waits.
func (c *cell) waiting() (depth int, oldest uint32) {
	c.mu.Lock()
	n, oldest := c.depth, c.oldest
	c.mu.Unlock()
	for _, w := range *c.kind.disp.crew.Load() {
		if w.cell.Load() == c {
			n -= w.done.Load()
		}
	}
	return int(max(0, n)), oldest
}
