package engine

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Dispatcher configures one pool of workers.
type Dispatcher struct {
	Workers  int // default GOMAXPROCS
	Messages int // messages of one cell per turn; default 64
}

const (
	rescueAfter  = time.Millisecond       // how long a lone waiting cell may stand behind a busy worker before another is woken
	blockedAfter = 100 * time.Millisecond // how long a handler may take; when all workers are in such, a stand-in begins
	maxStandIns  = 1024
	maxYields    = 2  // before a worker without work waits
	turnsAtOnce  = 32 // that a worker takes from the queue
)

// When the dispatcher's timer comes.
const (
	notWatched uint32 = iota // not at all: all workers wait
	seldom                   // after blockedAfter at most
	soon                     // after rescueAfter at most
)

// turn is a cell's place in the queue, with the message that woke it; first.at is 0 where none did.
type turn struct {
	cell  *cell
	first envelope
}

// dispatcher runs cells on a fixed set of workers. One waiting cell is left to a worker that is awake anyway, because waking
// another costs more than most turns; a timer bounds that wait, and two waiting cells always wake a second worker. When all
// workers are awake each takes several turns at once; one that has nothing to do takes them back from the others.
type dispatcher struct {
	sys   *System
	share int // messages per turn

	mu      sync.Mutex
	queue   queue[turn]
	awake   int // workers not waiting
	waiting int
	wake    sync.Cond
	closed  bool

	workers int // configured
	present int // workers that run, stand-ins included

	watched atomic.Uint32 // when the timer comes: notWatched, seldom, soon
	timer   *time.Timer   // looks

	crew atomic.Pointer[[]*worker] // replaced under mu
}

func newDispatcher(s *System, cfg Dispatcher) *dispatcher {
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.Messages <= 0 {
		cfg.Messages = 64
	}
	d := &dispatcher{sys: s, share: cfg.Messages, workers: cfg.Workers}
	d.crew.Store(&[]*worker{})
	d.wake.L = &d.mu
	d.timer = time.AfterFunc(time.Hour, d.look)
	d.timer.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for range cfg.Workers {
		d.hire()
	}
	return d
}

// hire starts a worker; the caller holds mu.
func (d *dispatcher) hire() {
	w := &worker{disp: d, index: d.present}
	crew := append(slices.Clone(*d.crew.Load()), w)
	d.crew.Store(&crew)
	d.present++
	d.awake++
	d.sys.workers.Go(w.loop)
}

// submit queues a cell whose scheduled state the caller has just taken.
func (d *dispatcher) submit(t turn) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.queue.push(t)
	wake := d.waiting > 0 && (d.awake == 0 || d.queue.len() > 1)
	if wake {
		d.waiting--
		d.awake++
	}
	d.mu.Unlock()
	if wake {
		d.wake.Signal()
		if d.watched.Load() == notWatched && d.watched.CompareAndSwap(notWatched, seldom) {
			d.timer.Reset(blockedAfter)
		}
	} else if d.watched.Load() != soon && d.watched.Swap(soon) != soon {
		d.timer.Reset(rescueAfter)
	}
}

// look looks after the workers while any is awake: it wakes one for a cell that waits behind a busy one, reports handlers that block, and
// where all workers are stuck in such it adds one, so that the rest of the system goes on.
func (d *dispatcher) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	stuck := d.stuck()
	d.gather(nil)
	if d.queue.len() == 0 && d.awake <= stuck { // all that is busy is known to be stuck
		d.watched.Store(notWatched)
		return
	}
	switch {
	case d.queue.len() == 0:
	case d.waiting > 0:
		d.waiting--
		d.awake++
		d.wake.Signal()
	case stuck == d.present && d.present < d.workers+maxStandIns:
		d.hire()
	}
	d.watched.Store(seldom)
	d.timer.Reset(blockedAfter)
}

// stuck returns how many workers have had the same message in hand for blockedAfter; the caller holds mu.
func (d *dispatcher) stuck() (n int) {
	now := d.sys.clock.uptime()
	for _, w := range *d.crew.Load() {
		if c := w.cell.Load(); c != nil && w.stuck(now) {
			n++
			d.sys.blocked(w, c)
		}
	}
	return n
}

// gather takes back into the queue what other workers than w have taken and not begun; the caller holds mu.
func (d *dispatcher) gather(w *worker) {
	for _, o := range *d.crew.Load() {
		if o != w {
			o.giveBack(&d.queue)
		}
	}
}

func (w *worker) loop() {
	w.goroutine.Store(goroutine())
	normal := false
	defer func() {
		if !normal {
			w.replace()
		}
	}()
	for t := w.next(); t != nil; t = w.next() {
		w.turn(t)
		*t = turn{}
	}
	normal = true
}

// next returns the turn to run, which the worker owns until the next call; nil ends the worker.
func (w *worker) next() *turn {
	for {
		if t := w.claim(); t != nil {
			return t
		}
		if !w.disp.take(w) { // what it took may have been taken back before it is claimed
			return nil
		}
		if w.loaded > 1 {
			w.fetch()
		}
	}
}

// replace puts a new worker in the place of one whose goroutine a handler ended by runtime.Goexit.
func (w *worker) replace() {
	w.cell.Store(nil)
	w.disp.mu.Lock()
	defer w.disp.mu.Unlock()
	w.giveBack(&w.disp.queue)
	w.disp.dismiss(w)
	if !w.disp.closed {
		w.disp.hire()
	}
}

// dismiss takes an awake worker off the list; the caller holds mu.
func (d *dispatcher) dismiss(w *worker) {
	crew := slices.DeleteFunc(slices.Clone(*d.crew.Load()), func(o *worker) bool { return o == w })
	d.crew.Store(&crew)
	d.present--
	d.awake--
	if d.closed {
		d.sys.workerEnded()
	}
}

// take waits for cells and gives the worker at least one; false ends the worker.
func (d *dispatcher) take(w *worker) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for yields := 0; d.queue.len() == 0 && !d.closed; {
		switch {
		case d.present > d.workers:
			d.dismiss(w) // a stand-in is not needed any more
			return false
		case yields < maxYields:
			yields++
			d.mu.Unlock()
			runtime.Gosched() // who was just answered often has the next message
			d.mu.Lock()
		default:
			if d.gather(w); d.queue.len() > 0 {
				break
			}
			w.cell.Store(nil)
			d.awake--
			d.waiting++
			if d.awake == 0 {
				d.queue.trim()
			}
			d.wake.Wait() // who signals moves this worker from waiting to awake
			yields = 0
		}
	}
	if d.closed {
		d.dismiss(w)
		return false
	}
	n := 1
	if d.waiting == 0 {
		n = max(1, min(d.queue.len()/max(1, d.awake), turnsAtOnce))
	}
	w.load(&d.queue, n)
	return true
}

// close ends the workers, each after the message in its hands, and returns how many there are.
func (d *dispatcher) close() int {
	d.timer.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.queue = queue[turn]{}
	d.awake += d.waiting
	d.waiting = 0
	d.wake.Broadcast()
	return d.present
}
