package pipeline

import (
	"cmp"
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
	lead       time.Duration
}

// scene is what a cell happens in.
type scene struct {
	job       Job
	simulator *simulator
	provider  []int // the simulator's processors
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
	var systems []int
	s.provider, systems = split(mine)
	if err := pin(s.provider); err != nil {
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
	j := Job{Kind: c.kind, Recipients: c.recipients, Audience: audience, Endpoint: endpoint, InFlight: cmp.Or(c.spec.InFlight, InFlight()), Lead: c.lead}
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

// processes are those of the system.
func (s *scene) processes() []int {
	return family(s.system.Pids(), parents(), s.simulator.process.Pid())
}

// measure plays the job. Whatever Open started runs by now, and what it cost is not counted.
func (s *scene) measure(ctx context.Context) (m measurement, err error) {
	eye := observe(s.simulator.process.Pid(), s.provider)
	seeing := true
	defer func() {
		if seeing {
			eye.stop()
		}
	}()
	before := cost(s.processes())
	if err := s.accept(ctx, &m); err != nil {
		return m, err
	}
	sending, atDue, err := s.untilDue(ctx, m.due)
	if err != nil {
		return m, err
	}
	busyBefore := clock(s.simulator.process.Pid())
	if err := s.system.Finish(ctx); err != nil {
		return m, fmt.Errorf("finish: %w", err)
	}
	m.finished = time.Now()
	pids := s.processes()
	after := cost(pids)
	m.busy = clock(s.simulator.process.Pid()) - busyBefore
	m.cpu = after - before
	if atDue {
		m.sendCPU = after - sending
	}
	m.peak, seeing = eye.stop(), false
	if len(pids) == 1 {
		m.peak = max(m.peak, highWater(pids[0]))
	}
	m.goroutines = s.system.Goroutines()
	if m.ledger, err = s.simulator.ledger(ctx); err != nil {
		return m, err
	}
	m.arrivals, err = s.simulator.arrivals(ctx, s.job.Recipients)
	return m, err
}

// accept hands the job over and waits until everything is ready to be sent.
func (s *scene) accept(ctx context.Context, m *measurement) (err error) {
	began := time.Now()
	if m.due, err = s.system.Accept(ctx, s.job); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	m.accept = time.Since(began)
	m.ready = m.accept
	planner, ok := s.system.(Planner)
	if !ok {
		return nil
	}
	if err := planner.Planned(ctx); err != nil {
		return fmt.Errorf("planned: %w", err)
	}
	m.ready = time.Since(began)
	return nil
}

// tardy is how late the processor time may be read at the due time: in so short a time nobody sends much.
const tardy = 10 * time.Millisecond

// untilDue waits for the due time and returns the processor time until then, unless the due time has passed already.
func (s *scene) untilDue(ctx context.Context, due time.Time) (sending float64, inTime bool, err error) {
	pids := s.processes()
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return 0, false, context.Cause(ctx)
	}
	sending = cost(pids)
	return sending, time.Since(due) <= tardy, nil
}
