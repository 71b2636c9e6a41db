// Package room gives a process that holds nothing but a benchmark the stack that any service has in use.
//
// # Why
//
// Go starts a goroutine with as much stack as the goroutines that the last collection saw had in use on average, and with 2 KiB at
// least. What Proto.Actor runs at each wake-up, on a new goroutine, needs a little more than that: in an empty process the stack grows
// at each wake-up, and a ping-pong takes six to seven times as much processor time (CPU profile: three quarters of it in
// runtime.newstack; the same with the versions of OpenTelemetry that Proto.Actor's own go.mod names). So that no emptiness of the
// process counts against it, its rows come with room: goroutines that wait with some of their stack in use. Hollywood and GoAkt
// gain nothing by it; the others start no goroutine for a message.
package room

import (
	"runtime"
	"sync"
)

// Room is the goroutines that wait.
type Room struct{ leave chan struct{} }

const (
	waiting = 512  // goroutines: enough to outweigh 256 callers
	frame   = 256  // bytes of stack of each call, at least
	depth   = 2560 // bytes: with Go's own guard the average stays below 4 KiB
)

// Make starts them and collects garbage, which looks at their stacks.
func Make() *Room {
	r := &Room{leave: make(chan struct{})}
	var deep sync.WaitGroup
	deep.Add(waiting)
	for range waiting {
		go r.descend(depth/frame, &deep)
	}
	deep.Wait()
	runtime.GC()
	return r
}

//go:noinline
func (r *Room) descend(calls int, deep *sync.WaitGroup) byte {
	var taken [frame]byte
	taken[calls] = 1
	if calls > 0 {
		return taken[calls-1] + r.descend(calls-1, deep)
	}
	deep.Done()
	<-r.leave
	return taken[0]
}

// Close lets them end. It is called once.
func (r *Room) Close() { close(r.leave) }
