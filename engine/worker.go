package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// worker is one goroutine of a dispatcher. What it has handled in its batch it counts here, on a cache line of its own, and
// subtracts from the cell's depth at the batch's end.
type worker struct {
	disp      *dispatcher
	index     int
	goroutine atomic.Uint64

	every   int32  // messages after which the depth is brought up to date
	oldest  uint32 // stamp, as last written to the cell
	due     bool   // the cell leaves when it has nothing to do
	handled int32  // messages of the cell that are handled but still in its depth
	frame   *frame // the last one used, of its kind's behaviour

	mu     sync.Mutex // held while turns are loaded or given back
	loads  uint64     // guarded by mu
	seen   sighting   // guarded by the dispatcher's mu
	loaded uint32     // turns of the last load; guarded by mu for others than the worker
	turns  [turnsAtOnce]turn

	_     [64]byte             // what follows is written by others too
	taken atomic.Uint32        // turns that are begun or given back
	_     [64]byte             // what follows is read by others
	cell  atomic.Pointer[cell] // the last one
	done  atomic.Int32         // handled, as of the beginning of the message in hand
	fresh atomic.Uint32        // how often done began anew
	_     [64]byte
}

// fetch reads from each of its cells, so that what is not in the cache comes all at once instead of one after the other.
func (w *worker) fetch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := w.taken.Load(); i < w.loaded; i++ {
		if c := w.turns[i].cell; c != nil { // not given back meanwhile
			c.sys.Load()
		}
	}
}

// load moves turns from the queue to the worker, which has none; the caller holds the dispatcher's mu.
func (w *worker) load(q *queue[turn], n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range n {
		w.turns[i] = q.pop()
	}
	w.loads, w.loaded = w.loads+1, uint32(n)
	w.taken.Store(0)
}

// claim returns the next of its turns, nil when there is none.
func (w *worker) claim() *turn {
	if i := w.taken.Add(1) - 1; i < w.loaded {
		return &w.turns[i]
	}
	return nil
}

// giveBack moves the turns that are not begun to a queue; the caller holds the dispatcher's mu.
func (w *worker) giveBack(q *queue[turn]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := w.taken.Load(); i < w.loaded; i = w.taken.Load() {
		if w.taken.CompareAndSwap(i, i+1) {
			q.push(w.turns[i])
			w.turns[i] = turn{}
		}
	}
}

// sighting is what the dispatcher saw of a worker.
type sighting struct {
	loads       uint64
	taken, done uint32
	fresh       uint32
	at          time.Duration // when it was seen first, on the system's clock
	reported    bool
}

// stuck reports whether the worker has had the same message in hand for blockedAfter; the dispatcher's mu is held.
func (w *worker) stuck(now time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := sighting{loads: w.loads, taken: min(w.taken.Load(), w.loaded), done: uint32(w.done.Load()), fresh: w.fresh.Load(), at: w.seen.at,
		reported: w.seen.reported}
	if s != w.seen {
		s.at, s.reported = now, false
		w.seen = s
	}
	return now-w.seen.at >= blockedAfter
}

// begin takes note of a batch. The first one of a turn may be the one message that woke the cell.
func (w *worker) begin(c *cell, first *envelope) {
	w.cell.Store(c)
	if first != nil {
		w.due, w.oldest, w.every = false, first.at&^measured, 1
		c.kind.stats.deepest(1)
		return
	}
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

// starts brings the count of handled messages up to date before the next handler, whose effects show that the last one has ended.
func (w *worker) starts(c *cell) {
	switch {
	case w.handled >= w.every:
		w.flush(c)
	case w.handled > 0:
		w.done.Store(w.handled)
	}
}

// flush brings the cell's depth up to date.
func (w *worker) flush(c *cell) {
	c.mu.Lock()
	w.flushLocked(c)
	c.mu.Unlock()
}

func (w *worker) flushLocked(c *cell) {
	n := w.handled
	if n == 0 {
		return
	}
	if w.done.Load() > 0 {
		w.done.Store(0)
	}
	w.handled = 0
	w.fresh.Add(1)
	c.depth -= n
	if c.age != leaving {
		c.age = 0
	}
	c.kind.stats.handled[w.index%stripes].n.Add(uint64(n))
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

// waiting is what the cell has accepted and not yet handled.
func (c *cell) waiting() int {
	c.mu.Lock() // a worker takes what it has handled from one count and the other under it
	defer c.mu.Unlock()
	return c.depthNow()
}

// depthNow is what it has accepted and not yet handled; the caller holds mu.
func (c *cell) depthNow() int {
	n := c.depth
	if n == 0 {
		return 0
	}
	for _, w := range *c.kind.disp.crew.Load() {
		if w.cell.Load() == c {
			n -= w.done.Load()
		}
	}
	return int(max(0, n))
}
