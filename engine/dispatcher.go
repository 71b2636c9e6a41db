package engine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Dispatcher configures one pool of workers.
type Dispatcher struct {
	Workers  int // default GOMAXPROCS
	Messages int // messages of one cell per turn; default 64
}

// rescueAfter is how long a lone waiting cell may stand behind a busy worker before another worker is woken for it.
const rescueAfter = time.Millisecond

// dispatcher runs cells on a fixed set of workers. One waiting cell is left to a worker that is awake anyway, because waking
// another costs more than most turns; the rescue timer bounds that wait, and two waiting cells always wake a second worker.
type dispatcher struct {
	sys   *System
	share int // messages per turn

	mu      sync.Mutex
	queue   ring
	awake   int // workers not waiting
	waiting int
	wake    sync.Cond
	left    sync.Cond // signalled when a worker ends after a kill
	closed  bool

	lone  atomic.Bool // the rescue timer is armed
	timer *time.Timer
}

func newDispatcher(s *System, cfg Dispatcher) *dispatcher {
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.Messages <= 0 {
		cfg.Messages = 64
	}
	d := &dispatcher{sys: s, share: cfg.Messages, awake: cfg.Workers}
	d.wake.L, d.left.L = &d.mu, &d.mu
	d.timer = time.AfterFunc(time.Hour, d.rescue)
	d.timer.Stop()
	for range cfg.Workers {
		s.workers.Go(d.loop)
	}
	return d
}

// submit queues a cell whose scheduled state the caller has just taken.
func (d *dispatcher) submit(c *cell) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.queue.push(c)
	wake := d.waiting > 0 && (d.awake == 0 || d.queue.len() > 1)
	if wake {
		d.waiting--
		d.awake++
	}
	lone := !wake && d.waiting > 0
	d.mu.Unlock()
	if wake {
		d.wake.Signal()
	} else if lone && !d.lone.Load() && d.lone.CompareAndSwap(false, true) {
		d.timer.Reset(rescueAfter)
	}
}

// rescue wakes a worker for cells that wait behind busy ones.
func (d *dispatcher) rescue() {
	d.lone.Store(false)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.queue.len() == 0 || d.waiting == 0 {
		return
	}
	d.waiting--
	d.awake++
	d.wake.Signal()
}

func (d *dispatcher) loop() {
	normal := false
	defer func() {
		if !normal {
			d.replace()
		}
	}()
	for c := d.take(); c != nil; c = d.take() {
		c.turn()
	}
	normal = true
}

// replace puts a new worker in the place of one that a handler ended by runtime.Goexit.
func (d *dispatcher) replace() {
	if d.isClosed() {
		d.gone()
		return
	}
	d.sys.workers.Go(d.loop)
}

func (d *dispatcher) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

func (d *dispatcher) gone() {
	d.mu.Lock()
	d.awake--
	d.mu.Unlock()
	d.left.Broadcast()
}

// take waits for a cell; nil ends the worker.
func (d *dispatcher) take() *cell {
	d.mu.Lock()
	for d.queue.len() == 0 && !d.closed {
		d.awake--
		d.waiting++
		d.wake.Wait() // who signals moves this worker from waiting to awake
	}
	if d.closed {
		d.mu.Unlock()
		d.gone()
		return nil
	}
	c := d.queue.pop()
	d.mu.Unlock()
	return c
}

// close ends the workers: each after the message in its hands.
func (d *dispatcher) close() {
	d.timer.Stop()
	d.mu.Lock()
	d.closed = true
	d.queue = ring{}
	d.awake += d.waiting
	d.waiting = 0
	d.mu.Unlock()
	d.wake.Broadcast()
}

// quiesce waits after close until only the caller's own workers are left.
func (d *dispatcher) quiesce(own int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.awake > own {
		d.left.Wait()
	}
}

// ring is a queue of cells that grows, and shrinks when it is empty.
type ring struct {
	buf        []*cell
	head, size int
}

const ringKeep = 1 << 12 // slots that an empty ring keeps

func (r *ring) len() int { return r.size }

func (r *ring) push(c *cell) {
	if r.size == len(r.buf) {
		grown := make([]*cell, max(64, 2*len(r.buf)))
		n := copy(grown, r.buf[r.head:])
		copy(grown[n:], r.buf[:r.head])
		r.buf, r.head = grown, 0
	}
	r.buf[(r.head+r.size)&(len(r.buf)-1)] = c
	r.size++
}

func (r *ring) pop() *cell {
	c := r.buf[r.head]
	r.buf[r.head] = nil
	r.head = (r.head + 1) & (len(r.buf) - 1)
	if r.size--; r.size == 0 && len(r.buf) > ringKeep {
		*r = ring{}
	}
	return c
}
