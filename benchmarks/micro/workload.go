package micro

import (
	"context"
	"fmt"

	"hayauma.example/benchmarks/systems"
)

// Scale is how much work a run does.
type Scale string

// The scales.
const (
	Short Scale = "short" // seconds: whether everything works, and roughly how it stands
	Full  Scale = "full"  // what tables are made of
)

// run is a workload on an open system; it takes n messages or round trips, and so many actors, as far as it has a use for them.
type run func(ctx context.Context, s systems.System, n, actors int) (Result, error)

// size is a workload's work at one scale.
type size struct{ n, actors int }

// Workload is one table: the same work for every system.
type Workload struct {
	Name  string
	Title string
	Unit  string // what Rate counts; "": the workload measures memory
	Asks  bool   // variants that differ in asking take part

	sizes map[Scale]size
	run   run
}

// Workloads returns the workloads in the order of the tables.
func Workloads() []Workload {
	many := map[Scale]size{Short: {200_000, 10_000}, Full: {5_000_000, 100_000}}
	flow := map[Scale]size{Short: {n: 400_000}, Full: {n: 20_000_000}}
	trips := map[Scale]size{Short: {n: 50_000}, Full: {n: 2_000_000}}
	return []Workload{
		{Name: "idle", Title: "Idle actors that have handled one message", sizes: map[Scale]size{Short: {actors: 10_000}, Full: {actors: 100_000}}, run: idle},
		{Name: "idle-10x", Title: "Ten times as many idle actors", sizes: map[Scale]size{Short: {actors: 100_000}, Full: {actors: 1_000_000}}, run: idle},
		{Name: "spawn", Title: "Actors brought to life, first message handled", Unit: "actors/s", sizes: map[Scale]size{Short: {actors: 10_000}, Full: {actors: 200_000}}, run: spawnRate},
		{Name: "one-to-one", Title: "One sender, one actor", Unit: "messages/s", sizes: flow, run: toOne(1)},
		{Name: "eight-to-one", Title: "Eight senders, one actor", Unit: "messages/s", sizes: flow, run: toOne(8)},
		{Name: "spray", Title: "One sender, many actors in turn", Unit: "messages/s", sizes: many, run: spray(roundRobin)},
		{Name: "spray-random", Title: "One sender, many actors at random", Unit: "messages/s", sizes: many, run: spray(random)},
		{Name: "ping-pong", Title: "One message between two actors", Unit: "round trips/s", sizes: trips, run: pingPong},
		{Name: "ask", Title: "Request and reply, one caller", Unit: "replies/s", Asks: true, sizes: trips, run: ask(1)},
		{Name: "ask-64", Title: "Request and reply, 64 callers of one actor", Unit: "replies/s", Asks: true, sizes: trips, run: ask(64)},
	}
}

// FloorWorkload is the table of Floors.
const FloorWorkload = "floor"

var floorSize = map[Scale]int{Short: 400_000, Full: 20_000_000}

// Takes reports whether the system takes part in the workload.
func (w Workload) Takes(s systems.Spec) bool { return s.Only == "" || (s.Only == "ask" && w.Asks) }

// Needs returns a rough upper bound of the bytes that the workload takes with the system.
func (w Workload) Needs(s systems.Spec, scale Scale) uint64 {
	return uint64(w.sizes[scale].actors) * s.Bytes
}

// Run opens the system, runs the workload on it and leaves the system to the end of the process: closing a million actors is no part
// of any figure. An error comes with what was counted until then.
func (w Workload) Run(ctx context.Context, spec systems.Spec, scale Scale) (Result, error) {
	size, ok := w.sizes[scale]
	if !ok {
		return Result{}, &ScaleError{Scale: scale}
	}
	s, err := spec.Open(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("open %s: %w", spec.Name, err)
	}
	r, err := w.run(ctx, s, size.n, size.actors)
	if err != nil {
		return r, fmt.Errorf("%s on %s: %w", w.Name, spec.Name, err)
	}
	return r, nil
}

// RunFloor measures one floor.
func RunFloor(ctx context.Context, f Floor, scale Scale) (Result, error) {
	n, ok := floorSize[scale]
	if !ok {
		return Result{}, &ScaleError{Scale: scale}
	}
	return f.measure(ctx, n)
}

// ScaleError names a scale that is not there.
type ScaleError struct{ Scale Scale }

func (e *ScaleError) Error() string {
	return fmt.Sprintf("micro: there is no scale %q: use %s or %s", e.Scale, Short, Full)
}
