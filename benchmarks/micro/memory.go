package micro

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"hayauma.example/benchmarks/systems"
)

// few actors are there before memory and time are measured, so that what a system makes once is not charged to its actors.
const few = 1000

// idle measures what an actor costs that has handled one message.
func idle(ctx context.Context, s systems.System, _, actors int) (Result, error) {
	r := Result{Actors: actors, Sent: uint64(actors)}
	if err := ready(ctx, s, few); err != nil {
		return r, err
	}
	s.Drop()
	before, err := footprint()
	if err != nil {
		return r, err
	}
	handled, err := spawn(ctx, s, actors, func(i int) string { return identity(few + i) })
	r.Lost = int64(actors) - int64(handled)
	if err != nil {
		return r, err
	}
	s.Drop()
	after, err := footprint()
	runtime.KeepAlive(s) // or its actors would be garbage
	if err != nil {
		return r, err
	}
	r.InUse = (after.inUse - before.inUse) / float64(actors)
	r.RSS = (after.rss - before.rss) / float64(actors)
	return r, nil
}

// spawnRate measures how fast actors come to life, their first message handled.
func spawnRate(ctx context.Context, s systems.System, _, actors int) (Result, error) {
	r := Result{Actors: actors}
	if err := ready(ctx, s, few); err != nil {
		return r, err
	}
	ids := identities(few, actors)
	m := startMeter()
	handled, err := spawn(ctx, s, actors, func(i int) string { return ids[i] })
	m.stop(&r, uint64(actors))
	r.Lost = int64(actors) - int64(handled)
	return r, err
}

// memory is what a process holds, in bytes.
type memory struct{ inUse, rss float64 }

// footprint collects garbage, gives free memory back, and looks.
func footprint() (memory, error) {
	runtime.GC()
	debug.FreeOSMemory() // collects once more
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return memory{}, err
	}
	fields := bytes.Fields(status)
	if len(fields) < 2 {
		return memory{}, strconv.ErrSyntax
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	return memory{inUse: float64(m.HeapAlloc + m.StackInuse), rss: float64(pages) * float64(os.Getpagesize())}, err
}
