package micro

import (
	"context"
	"runtime"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/footprint"
	"hayauma.example/benchmarks/systems"
)

// few actors are there before memory and time are measured, so that what a system makes once is not charged to its actors.
const few = 1000

// idle measures what an actor costs that has handled one message.
func idle(ctx context.Context, s systems.System, w size) (experiment.Result, error) {
	r := experiment.Result{Sent: uint64(w.actors)}
	if err := systems.Populate(ctx, s, few); err != nil {
		return r, err
	}
	s.Drop()
	before, err := footprint.Look()
	if err != nil {
		return r, err
	}
	began := time.Now()
	handled, err := systems.SpawnAll(ctx, s, w.actors, func(i int) string { return systems.Identity(few + i) })
	r.Lost, r.Seconds = int64(w.actors)-int64(handled), time.Since(began).Seconds()
	if err != nil {
		return r, err
	}
	s.Drop()
	after, err := footprint.Look()
	runtime.KeepAlive(s) // or its actors would be garbage
	if err != nil {
		return r, err
	}
	r.Figures = map[string]float64{
		inUse:      (after.InUse - before.InUse) / float64(w.actors),
		rss:        (after.Resident - before.Resident) / float64(w.actors),
		goroutines: (after.Goroutines - before.Goroutines) / float64(w.actors),
	}
	return r, nil
}

// spawnRate measures how fast actors come to life, their first message handled.
func spawnRate(ctx context.Context, s systems.System, w size) (experiment.Result, error) {
	if err := systems.Populate(ctx, s, few); err != nil {
		return experiment.Result{}, err
	}
	ids := identities(few, w.actors)
	m := startMeter()
	handled, err := systems.SpawnAll(ctx, s, w.actors, func(i int) string { return ids[i] })
	return m.stop(uint64(w.actors), handled), err
}

// identities makes them beforehand where making them is not to be measured.
func identities(from, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = systems.Identity(from + i)
	}
	return ids
}
