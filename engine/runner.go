package engine

import (
	"sync"
	"time"
)

// restAfter is how long a runner that nobody needed is kept, at least; at most twice as long.
const restAfter = time.Second

// runners are the goroutines of Go functions. One that has ended its function runs the next: its stack has grown already, where a new
// goroutine's would grow, and be copied, in every call that goes deep. The last that ended is the first to run again.
type runners struct {
	tasks *sync.WaitGroup // ends when the last runner does

	mu     sync.Mutex
	idle   []*runner   // guarded by mu
	unused int         // runners that were idle since the last tick; guarded by mu
	tick   *time.Timer // nil while no runner is idle; guarded by mu
	closed bool        // guarded by mu
}

type runner struct{ next chan func() } // closed: there is nothing more to run

// run runs f on a goroutine of its own for as long as f takes.
func (r *runners) run(f func()) {
	if idle := r.take(); idle != nil {
		idle.next <- f
		return
	}
	r.tasks.Go(func() { r.loop(&runner{next: make(chan func(), 1)}, f) })
}

func (r *runners) take() *runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.idle) - 1
	if last < 0 {
		return nil
	}
	one := r.idle[last]
	r.idle[last] = nil
	r.idle = r.idle[:last]
	r.unused = min(r.unused, last)
	return one
}

func (r *runners) loop(one *runner, f func()) {
	for ok := true; ok; f, ok = <-one.next {
		f()
		if !r.rest(one) {
			return
		}
	}
}

// rest puts a runner among the idle ones; false: it shall end.
func (r *runners) rest(one *runner) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.idle = append(r.idle, one)
	if r.tick == nil {
		r.unused = 0
		r.tick = time.AfterFunc(restAfter, r.trim)
	}
	return true
}

// trim ends the runners that nobody needed since the last tick.
func (r *runners) trim() {
	for _, one := range r.spare() {
		close(one.next)
	}
}

// spare takes the runners that nobody needed out of the idle ones.
func (r *runners) spare() []*runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	spare := r.idle[:r.unused]
	r.idle = append([]*runner(nil), r.idle[r.unused:]...)
	r.unused = len(r.idle)
	if r.tick = nil; len(r.idle) > 0 {
		r.tick = time.AfterFunc(restAfter, r.trim)
	}
	return spare
}

// close ends the idle runners now and the others after their functions.
func (r *runners) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	if r.tick != nil {
		r.tick.Stop()
	}
	for _, one := range r.idle {
		close(one.next)
	}
	r.idle = nil
}
