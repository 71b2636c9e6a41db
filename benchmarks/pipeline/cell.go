package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/benchmarks/experiment"
)

// cell is one system, one job and one kind of provider.
type cell struct {
	spec       Spec
	kind       Kind
	recipients int
	latency    time.Duration
	limited    bool // by LINE's limits
}

// scene is what a cell happens in.
type scene struct {
	job       Job
	simulator *simulator
	system    System
	undo      []func() error // last first
}

// set prepares everything up to an open system. close undoes it, also after an error.
func (c cell) set(ctx context.Context) (s *scene, err error) {
	s = &scene{}
	program, err := Program(ctx)
	if err != nil {
		return s, err
	}
	cache, err := cacheDir()
	if err != nil {
		return s, err
	}
	audience, err := Audience(cache, c.recipients)
	if err != nil {
		return s, err
	}
	dir, err := os.MkdirTemp("", "hayauma-bench-")
	if err != nil {
		return s, err
	}
	s.undo = append(s.undo, func() error { return os.RemoveAll(dir) })
	mine, err := processors()
	if err != nil {
		return s, err
	}
	s.undo = append(s.undo, func() error { return pin(mine) })
	theirs, systems := split(mine)
	if err := pin(theirs); err != nil {
		return s, err
	}
	if s.simulator, err = startSimulator(ctx, program, c.latency, c.limited); err != nil {
		return s, err
	}
	s.undo = append(s.undo, func() error { s.simulator.close(); return nil })
	if err := pin(systems); err != nil {
		return s, err
	}
	s.job = c.job(audience, s.simulator.url)
	own := filepath.Join(dir, "system")
	if err := os.Mkdir(own, 0o700); err != nil {
		return s, err
	}
	if s.system, err = c.spec.Open(ctx, own); err != nil {
		return s, fmt.Errorf("pipeline: open %s: %w", c.spec.Name, err)
	}
	s.undo = append(s.undo, s.system.Close)
	return s, nil
}

func (s *scene) close() error {
	var all []error
	for _, undo := range slices.Backward(s.undo) {
		all = append(all, undo())
	}
	return errors.Join(all...)
}

func (c cell) job(audience, endpoint string) Job {
	j := Job{Kind: c.kind, Recipients: c.recipients, Audience: audience, Endpoint: endpoint, InFlight: InFlight()}
	switch {
	case !c.limited:
	case c.kind == Push:
		j.Rate = linesim.PushPerSecond
	default:
		j.Rate = linesim.MulticastPerSecond
	}
	return j
}

// run measures the cell once.
func (c cell) run(ctx context.Context) (r experiment.Result, err error) {
	s, err := c.set(ctx)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return r, err
	}
	m, err := s.measure(ctx)
	m.latency = c.latency
	if err != nil {
		return r, fmt.Errorf("pipeline: %s: %w", c.spec.Name, err)
	}
	if err := m.check(); err != nil {
		return r, fmt.Errorf("pipeline: %s: %w", c.spec.Name, err)
	}
	return m.result(), nil
}

// measure plays the job.
func (s *scene) measure(ctx context.Context) (m measurement, err error) {
	before, began := usageOf(s.system.Pids()), time.Now()
	if m.due, err = s.system.Accept(ctx, s.job); err != nil {
		return m, fmt.Errorf("accept: %w", err)
	}
	m.accept = time.Since(began)
	busyBefore := usageOf([]int{s.simulator.process.Pid()}).cpu
	if err := s.system.Finish(ctx); err != nil {
		return m, fmt.Errorf("finish: %w", err)
	}
	m.finished = time.Now()
	after := usageOf(s.system.Pids())
	m.cpu, m.peak = after.cpu-before.cpu, after.peak
	m.busy = usageOf([]int{s.simulator.process.Pid()}).cpu - busyBefore
	m.goroutines = s.system.Goroutines()
	if m.ledger, err = s.simulator.ledger(ctx); err != nil {
		return m, err
	}
	m.arrivals, err = s.simulator.arrivals(ctx, s.job.Recipients)
	return m, err
}
