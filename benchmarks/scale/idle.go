package scale

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/footprint"
	"hayauma.example/benchmarks/scale/daemon"
	"hayauma.example/engine"
)

func idleExperiments() []experiment.Experiment {
	e := experiment.Experiment{
		Name:  "scale-idle",
		Title: "Idle grains of this engine",
		Text: "Grains with a 33-byte identity and 16 bytes of state, each of which has handled one message; then garbage is collected twice. " +
			"Bytes in use are live heap and stacks, and belong to grains alone: what the process held before the first is taken off. Resident bytes are what " +
			"the system gave the whole process. " + GrainFormula,
		Rows: rows("grains", "1k", "10k", "100k", "1m", "10m"),
		Figures: []experiment.Figure{
			{Name: "bytes_per_grain", Title: "bytes in use per grain", Better: experiment.Less, Exact: true},
			{Name: "in_use", Title: "bytes in use"},
			{Name: "resident", Title: "resident bytes of the process", Better: experiment.Less},
			{Name: "model", Title: "bytes in use by the model"},
			{Name: "grains_per_s", Title: "brought to life per second", Better: experiment.More},
		},
		Plot: &experiment.Plot{
			File: "idle.svg", X: "grains", Y: "bytes", Figures: []string{"in_use", "resident"}, Model: "model",
		},
		Rounds:   many(2),
		Patience: within(3 * time.Minute),
		Needs:    func(row string, _ experiment.Scale) uint64 { return uint64(counts[row]) * 600 },
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			n, err := count(row)
			if err != nil {
				return experiment.Result{}, err
			}
			return idle(ctx, n)
		},
	}
	return []experiment.Experiment{e, few(e, time.Minute, rows("grains", "10k", "100k"))}
}

// grain is as small as a useful actor is: 16 bytes of state.
type grain struct {
	handled uint64
	tally   *tally
}

// Handle counts.
func (g *grain) Handle(*engine.Context[mark], mark) {
	g.handled++
	g.tally.add()
}

// mark is a grain's first message.
type mark struct{}

var grains = engine.NewKind[mark](engine.KindConfig{Name: "scale", Idle: -1})

// tally counts what was handled and tells when it is enough.
type tally struct {
	n    atomic.Int64
	want atomic.Int64
	done chan struct{}
}

func newTally(want int) *tally {
	t := &tally{done: make(chan struct{})}
	t.want.Store(int64(want))
	return t
}

func (t *tally) add() {
	if t.n.Add(1) == t.want.Load() {
		close(t.done)
	}
}

// wait returns when so many were counted.
func (t *tally) wait(ctx context.Context) error {
	select {
	case <-t.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("scale: %d of %d handled: %w", t.n.Load(), t.want.Load(), context.Cause(ctx))
	}
}

// first grains come to life before memory is measured, so that what the engine makes once is not charged to the others.
const first = 1000

func idle(ctx context.Context, n int) (experiment.Result, error) {
	r := experiment.Result{Sent: uint64(n)}
	sys, err := engine.New(engine.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return r, err
	}
	defer sys.Kill()
	var now atomic.Pointer[tally]
	engine.Serve(sys, grains, func(string) engine.Actor[mark] { return &grain{tally: now.Load()} })
	if err := awaken(ctx, sys, &now, 0, first); err != nil {
		return r, err
	}
	before, err := footprint.Look()
	if err != nil {
		return r, err
	}
	began := time.Now()
	err = awaken(ctx, sys, &now, first, n)
	r.Seconds = time.Since(began).Seconds()
	r.Lost = int64(n) - now.Load().n.Load()
	if err != nil {
		return r, err
	}
	after, err := footprint.Look()
	inUse := after.InUse - before.InUse
	r.Figures = map[string]float64{
		"bytes_per_grain": inUse / float64(n), "in_use": inUse, "resident": after.Resident,
		"model": GrainBytes(n), "grains_per_s": float64(n) / r.Seconds,
	}
	return r, err
}

// awaken sends n grains their first message and waits until each has handled it.
func awaken(ctx context.Context, sys *engine.System, now *atomic.Pointer[tally], from, n int) error {
	t := newTally(n)
	now.Store(t)
	for i := range n {
		grains.Ref(sys, daemon.Identity(from+i)).Tell(mark{})
	}
	return t.wait(ctx)
}
