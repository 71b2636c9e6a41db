package engine

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// ranBy runs a function on a runner and returns, when it has ended, the goroutines that there were while it ran.
func ranBy(r *runners) (goroutines int) {
	done := make(chan int)
	r.run(func() { done <- runtime.NumGoroutine() })
	goroutines = <-done
	synctest.Wait()
	return goroutines
}

func TestRunnersAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks sync.WaitGroup
		r := &runners{tasks: &tasks}
		first := ranBy(r)
		for range 10 {
			if n := ranBy(r); n != first {
				t.Fatalf("%d goroutines, %d the first time: a runner was not used again", n, first)
			}
		}
		r.close()
		tasks.Wait()
	})
}

func TestRunnersEndWhenNobodyNeedsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks sync.WaitGroup
		r := &runners{tasks: &tasks}
		before := runtime.NumGoroutine()
		hold := make(chan struct{})
		for range 50 {
			r.run(func() { <-hold })
		}
		close(hold)
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n != 50 {
			t.Fatalf("%d runners are kept, want 50", n)
		}
		time.Sleep(restAfter - 1)
		ranBy(r) // one is needed in each tick: it stays, the others go at the second
		time.Sleep(restAfter)
		ranBy(r)
		time.Sleep(restAfter)
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n != 1 {
			t.Errorf("%d runners are kept, want the 1 that is needed", n)
		}
		time.Sleep(2 * restAfter)
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n != 0 {
			t.Errorf("%d runners are kept, want none", n)
		}
		if ranBy(r); runtime.NumGoroutine()-before != 1 {
			t.Error("no runner after all had ended")
		}
		r.close()
		tasks.Wait()
	})
}

func TestRunnersEndWithTheSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks sync.WaitGroup
		r := &runners{tasks: &tasks}
		ranBy(r)
		hold := make(chan struct{})
		r.run(func() { <-hold })
		r.close()
		r.close()
		r.run(func() {}) // a function that comes late still runs
		close(hold)
		tasks.Wait()
	})
}
