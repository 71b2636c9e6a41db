package micro

import (
	"context"
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

// size is a workload's work at one scale.
type size struct {
	n      int           // messages, questions or round trips of the warm-up, and the fewest of the measured part
	actors int           // where the workload has a use for more than it needs
	aim    time.Duration // how long the measured part is to take; 0: n are enough
}

// enough is how much the measured part does after a warm-up that took so long: at the same speed it takes as long as aimed at,
// so that a slow system makes no long cell and a fast one no short measurement.
func (w size) enough(took time.Duration) int {
	if took <= 0 || took >= w.aim {
		return w.n
	}
	return int(float64(w.n) * float64(w.aim) / float64(took))
}

// run is a workload on an open system.
type run func(ctx context.Context, s systems.System, w size) (experiment.Result, error)

// workload is one table: the same work for every system.
type workload struct {
	name  string
	title string
	text  string
	each  string // what rate counts; "": the workload measures memory
	asks  bool   // variants that differ in asking take part

	sizes  map[experiment.Scale]size
	rounds map[experiment.Scale]int
	run    run
}

// aim is how long a measured part takes at full scale.
const aim = 2 * time.Second

func workloads() []workload {
	return []workload{
		{
			name: "idle", title: "Idle actors that have handled one message", text: idleText,
			sizes: sizes(size{actors: 10_000}, size{actors: 100_000}), rounds: rounds(1, 3), run: idle,
		}, {
			name: "idle-10x", title: "Ten times as many idle actors", text: idleText,
			sizes: sizes(size{actors: 100_000}, size{actors: 1_000_000}), rounds: rounds(1, 1), run: idle,
		}, {
			name: "spawn", title: "Actors brought to life, first message handled", each: "actors/s", text: spawnText,
			sizes: sizes(size{actors: 10_000}, size{actors: 100_000}), rounds: rounds(1, 3), run: spawnRate,
		}, {
			name: "one-to-one", title: "One sender, one actor", each: "messages/s", text: flowText,
			sizes: sizes(size{n: 200_000}, size{n: 1_000_000, aim: aim}), rounds: rounds(1, 3), run: toOne(1),
		}, {
			name: "eight-to-one", title: "Eight senders, one actor", each: "messages/s", text: flowText,
			sizes: sizes(size{n: 200_000}, size{n: 1_000_000, aim: aim}), rounds: rounds(1, 3), run: toOne(8),
		}, {
			name: "spray", title: "One sender, many actors in turn", each: "messages/s", text: sprayText,
			sizes: sizes(size{n: 100_000, actors: 10_000}, size{n: 1_000_000, actors: 100_000, aim: aim}), rounds: rounds(1, 3), run: spray(roundRobin),
		}, {
			name: "spray-random", title: "One sender, many actors at random", each: "messages/s", text: sprayText,
			sizes: sizes(size{n: 100_000, actors: 10_000}, size{n: 1_000_000, actors: 100_000, aim: aim}), rounds: rounds(1, 3), run: spray(random),
		}, {
			name: "ping-pong", title: "One message between two actors", each: "round trips/s", text: pingPongText,
			sizes: sizes(size{n: 25_000}, size{n: 200_000, aim: aim}), rounds: rounds(1, 3), run: pingPong,
		}, {
			name: "ask", title: "Request and reply, one caller", each: "replies/s", text: askText, asks: true,
			sizes: sizes(size{n: 25_000}, size{n: 100_000, aim: aim}), rounds: rounds(1, 3), run: ask(1),
		}, {
			name: "ask-64", title: "Request and reply, 64 callers of one actor", each: "replies/s", text: askText, asks: true,
			sizes: sizes(size{n: 25_000}, size{n: 100_000, aim: aim}), rounds: rounds(1, 3), run: ask(64),
		},
	}
}

func sizes(short, full size) map[experiment.Scale]size {
	return map[experiment.Scale]size{experiment.Short: short, experiment.Full: full}
}

func rounds(short, full int) map[experiment.Scale]int {
	return map[experiment.Scale]int{experiment.Short: short, experiment.Full: full}
}

// takes reports whether the system takes part in the workload.
func (w workload) takes(s systems.Spec) bool { return s.Only == "" || (s.Only == "ask" && w.asks) }

// measure opens the system, runs the workload on it and leaves the system to the end of the process: closing a million actors is no
// part of any figure. An error comes with what was counted until then.
func (w workload) measure(ctx context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
	size, ok := w.sizes[scale]
	if !ok {
		return experiment.Result{}, &experiment.ScaleError{Scale: scale}
	}
	spec, err := systems.Find(row)
	if err != nil {
		return experiment.Result{}, err
	}
	s, err := spec.Open(ctx)
	if err != nil {
		return experiment.Result{}, fmt.Errorf("open %s: %w", row, err)
	}
	r, err := w.run(ctx, s, size)
	if err != nil {
		return r, fmt.Errorf("%s on %s: %w", w.name, row, err)
	}
	return r, nil
}
