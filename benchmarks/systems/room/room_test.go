package room

import (
	"runtime"
	"sync"
	"testing"
)

// stackOfNew returns the bytes of stack that a goroutine begins with.
func stackOfNew() float64 {
	const n = 5000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	leave := make(chan struct{})
	var started, ended sync.WaitGroup
	started.Add(n)
	for range n {
		ended.Go(func() { started.Done(); <-leave })
	}
	started.Wait()
	runtime.ReadMemStats(&after)
	close(leave)
	ended.Wait()
	return float64(after.StackInuse-before.StackInuse) / n
}

func TestRoomMakesGoStartGoroutinesWithMoreStack(t *testing.T) {
	stackOfNew() // Go gives a stack of the average size only to what was a goroutine before
	r := Make()
	defer r.Close()
	if got := stackOfNew(); got < 3500 || got > 9000 {
		t.Fatalf("a new goroutine has %.0f bytes of stack, want 4096, or 8192 where frames are larger", got)
	}
}
