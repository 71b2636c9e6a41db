package micro

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

// few actors are there before memory and time are measured, so that what a system makes once is not charged to its actors.
const few = 1000

// idle measures what an actor costs that has handled one message.
func idle(ctx context.Context, s systems.System, w size) (experiment.Result, error) {
	r := experiment.Result{Sent: uint64(w.actors)}
	if err := ready(ctx, s, few); err != nil {
		return r, err
	}
	s.Drop()
	before, err := footprint()
	if err != nil {
		return r, err
	}
	began := time.Now()
	handled, err := spawn(ctx, s, w.actors, func(i int) string { return identity(few + i) })
	r.Lost, r.Seconds = int64(w.actors)-int64(handled), time.Since(began).Seconds()
	if err != nil {
		return r, err
	}
	s.Drop()
	after, err := footprint()
	runtime.KeepAlive(s) // or its actors would be garbage
	if err != nil {
		return r, err
	}
	r.Figures = map[string]float64{
		inUse:      (after.inUse - before.inUse) / float64(w.actors),
		rss:        (after.rss - before.rss) / float64(w.actors),
		goroutines: (after.goroutines - before.goroutines) / float64(w.actors),
	}
	return r, nil
}

// spawnRate measures how fast actors come to life, their first message handled.
func spawnRate(ctx context.Context, s systems.System, w size) (experiment.Result, error) {
	if err := ready(ctx, s, few); err != nil {
		return experiment.Result{}, err
	}
	ids := identities(few, w.actors)
	m := startMeter()
	handled, err := spawn(ctx, s, w.actors, func(i int) string { return ids[i] })
	return m.stop(uint64(w.actors), handled), err
}

// memory is what a process holds: bytes, and goroutines.
type memory struct{ inUse, rss, goroutines float64 }

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
	return memory{
		inUse: float64(m.HeapAlloc + m.StackInuse), rss: float64(pages) * float64(os.Getpagesize()), goroutines: float64(runtime.NumGoroutine()),
	}, err
}
