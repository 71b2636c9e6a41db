package engine

import (
	"runtime"
	"sync/atomic"
)

// latch is a lock for a few dozen instructions. Who finds it taken looks again a few times and then lets others run: a [sync.Mutex] would
// put it to sleep, which takes longer than the lock is ever held, and does so at once where other goroutines are ready to run. It takes
// half a Mutex's memory, of which every actor has one.
type latch struct{ taken atomic.Uint32 }

// looks is how often a taken latch is looked at before others may run.
const looks = 32

// Lock implements sync.Locker.
func (l *latch) Lock() {
	for !l.taken.CompareAndSwap(0, 1) {
		l.wait()
	}
}

func (l *latch) wait() {
	for range looks {
		if l.taken.Load() == 0 {
			return
		}
	}
	runtime.Gosched()
}

// Unlock implements sync.Locker.
func (l *latch) Unlock() { l.taken.Store(0) }
