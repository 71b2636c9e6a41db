package latency

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

// effort is how much a cell does.
type effort struct {
	actors  int
	warm    time.Duration // the closed loop before it counts
	closed  time.Duration // the closed loop that finds the capacity
	measure time.Duration // the open loop
}

var efforts = map[experiment.Scale]effort{
	experiment.Short: {actors: 1000, warm: 50 * time.Millisecond, closed: 150 * time.Millisecond, measure: 400 * time.Millisecond},
	experiment.Full:  {actors: 1000, warm: 500 * time.Millisecond, closed: time.Second, measure: 3 * time.Second},
}

// loader is one way to load a system.
type loader interface {
	// capacity is what the system takes in a closed loop, per second.
	capacity(ctx context.Context, length time.Duration) (float64, error)
	// load sends by the schedule, notes what each message took and how late the generator sent it, and waits for the last.
	load(ctx context.Context, s schedule, took, late samples) (outcome, error)
}

// outcome is what a load counted.
type outcome struct {
	sent int
	lost int64
}

// way is telling or asking.
type way struct {
	name, title, text, each string
	asks                    bool
	fixed                   float64 // the rate that is the same for all systems, per second
	open                    func(s systems.System, actors int, c clock) loader
}

// load is how much of the capacity is used; 0: the way's fixed rate.
type load struct {
	name, title string
	share       float64
}

func (l load) rate(capacity float64, w way) float64 {
	if l.share == 0 {
		return w.fixed
	}
	return share(capacity, l.share)
}

// run opens the system with its actors, finds its capacity and loads it.
func (w way) run(ctx context.Context, spec systems.Spec, l load, e effort) (experiment.Result, error) {
	s, err := spec.Open(ctx)
	if err != nil {
		return experiment.Result{}, fmt.Errorf("latency: open %s: %w", spec.Name, err)
	}
	r, err := w.on(ctx, s, l, e)
	if err != nil {
		return r, fmt.Errorf("latency: %s on %s: %w", w.name, spec.Name, err) // the end of the process closes it
	}
	return r, s.Close()
}

func (w way) on(ctx context.Context, s systems.System, l load, e effort) (r experiment.Result, err error) {
	if err := systems.Populate(ctx, s, e.actors); err != nil {
		return r, err
	}
	c := startClock()
	loader := w.open(s, e.actors, c)
	capacity, err := e.capacity(ctx, loader)
	if err != nil {
		return r, fmt.Errorf("closed loop: %w", err)
	}
	if _, err := systems.Gather(ctx, s, e.actors); err != nil { // nothing is under way, all counts are 0
		return r, err
	}
	rate := l.rate(capacity, w)
	if r, err = measure(ctx, loader, c, rate, e.measure); r.Figures != nil {
		r.Figures["capacity"] = capacity
	}
	return r, err
}

// capacity is what the system takes once it is warm.
func (e effort) capacity(ctx context.Context, l loader) (float64, error) {
	if _, err := l.capacity(ctx, e.warm); err != nil {
		return 0, err
	}
	return l.capacity(ctx, e.closed)
}

// lead is between the making of a schedule and its first message.
const lead = time.Millisecond

// measure loads at the rate. Memory for the samples is there before, and garbage is collected.
func measure(ctx context.Context, l loader, c clock, rate float64, length time.Duration) (r experiment.Result, err error) {
	n := plan(0, rate, length).n
	took, err := newSamples(n)
	if err != nil {
		return r, err
	}
	late, err := newSamples(n)
	if err != nil {
		return r, errors.Join(err, took.free())
	}
	runtime.GC()
	s := plan(c.now()+int64(lead), rate, length)
	o, err := l.load(ctx, s, took, late)
	r = experiment.Result{Sent: uint64(o.sent), Lost: o.lost, Seconds: length.Seconds()}
	if err != nil {
		return r, err // what is still under way may write samples: they stay
	}
	last, inTime := took.ends(s)
	r.Seconds = time.Duration(last - s.start).Seconds()
	r.Figures = figuresOf(took.sorted(), late.sorted())
	r.Figures["target"] = rate
	r.Figures["rate"] = rate * (float64(inTime) / float64(n)) // never above the rate by rounding
	return r, errors.Join(took.free(), late.free())
}

// figuresOf takes sorted samples.
func figuresOf(took, late samples) map[string]float64 {
	return map[string]float64{
		"p50_us": took.micros(50), "p90_us": took.micros(90), "p99_us": took.micros(99), "p999_us": took.micros(99.9),
		"p9999_us": took.micros(99.99), "max_us": took.micros(100), "gen_late_p99_us": late.micros(99),
	}
}
