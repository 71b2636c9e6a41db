package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// How long nothing may happen after a kill until a system is taken to have ended.
const (
	durablePatience = 130 * time.Second // asynq takes up to 120 s to find what a dead worker held
	forgetPatience  = 3 * time.Second   // a system that keeps nothing has nothing to go on with
	watching        = 5 * time.Millisecond
)

// UnkilledError is a job that had ended before it could be killed.
type UnkilledError struct{ Reached, Recipients int }

func (e *UnkilledError) Error() string {
	return fmt.Sprintf("the job ended with %d of %d recipients reached before its processes could be killed: give it more recipients", e.Reached, e.Recipients)
}

// The figures of a kill.
const (
	never     = "never"
	repeated  = "repeated"
	seconds   = "seconds"
	firstCall = "first_call_s"
)

func killFigures() []experiment.Figure {
	return []experiment.Figure{
		{Name: never, Title: "never", Better: experiment.Less},
		{Name: twice, Title: "delivered twice", Better: experiment.Less},
		{Name: repeated, Title: "calls repeated", Better: experiment.Less},
		{Name: firstCall, Title: "s to the next call", Better: experiment.Less},
		{Name: seconds, Title: "s to the last recipient", Better: experiment.Less},
	}
}

// runKill measures what a kill half-way costs.
func (c cell) runKill(ctx context.Context) (r experiment.Result, err error) {
	s, err := c.set(ctx)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return r, err
	}
	d, err := s.death(ctx, c.latency, c.spec.Durable)
	if err != nil {
		return r, fmt.Errorf("pipeline: %s: %w", c.spec.Name, err)
	}
	return d.result(), nil
}

// death is what was seen of a kill.
type death struct {
	at       time.Time     // of the kill
	latency  time.Duration // of the provider's answers
	before   ledger        // at the kill
	called   time.Time     // when the first call after it was seen; zero: none
	after    ledger        // as it was read last
	looked   time.Time     // when that was
	arrivals *arrivals
}

func (d *death) result() experiment.Result {
	a := d.arrivals
	r := experiment.Result{Sent: uint64(len(a.first)), Lost: a.lost(), Figures: map[string]float64{
		never: float64(a.never()),
		twice: float64(a.twice),
		// A provider refuses a call under a key that it has accepted: that call was made again because of the kill.
		repeated: float64(d.after.Conflicts - d.before.Conflicts),
	}}
	if !d.called.IsZero() {
		r.Figures[firstCall] = d.called.Sub(d.at).Seconds()
	}
	if span := a.span(d.at); span > 0 && !d.called.IsZero() {
		r.Figures[seconds] = span.Seconds()
		r.Seconds = span.Seconds()
	}
	return r
}

// strays is how long after a kill calls of the killed processes may still be counted, beyond the provider's latency: what they had
// written is read, and decided, by then.
const strays = 20 * time.Millisecond

// settled tells whether a call that is counted at a time was made after the kill.
func (d *death) settled(now time.Time) bool { return now.Sub(d.at) >= d.latency+strays }

// death plays the job, kills its processes when half is reached, starts them again, and waits for the end.
func (s *scene) death(ctx context.Context, latency time.Duration, durable bool) (d death, err error) {
	d.latency = latency
	if _, err = s.system.Accept(ctx, s.job); err != nil {
		return d, fmt.Errorf("accept: %w", err)
	}
	f := s.finish(ctx)
	defer f.giveUp()
	if d.before, err = s.half(ctx, f); err != nil {
		return d, err
	}
	d.at = time.Now()
	if err := s.system.Kill(); err != nil {
		return d, fmt.Errorf("kill: %w", err)
	}
	if err := s.revive(ctx, &d, patience{f, durable}); err != nil {
		return d, err
	}
	d.arrivals, err = s.simulator.arrivals(ctx, s.job.Recipients)
	return d, err
}

// half waits until half of the recipients are reached.
func (s *scene) half(ctx context.Context, f *finishing) (ledger, error) {
	tick := time.NewTicker(watching)
	defer tick.Stop()
	for {
		l, err := s.simulator.ledger(ctx)
		switch {
		case err != nil:
			return l, err
		case l.Users >= s.job.Recipients:
			return l, &UnkilledError{l.Users, s.job.Recipients}
		case l.Users >= s.job.Recipients/2:
			return l, nil
		}
		select {
		case <-f.done:
			return l, errors.Join(&UnkilledError{l.Users, s.job.Recipients}, f.err)
		case <-ctx.Done():
			return l, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// finishing is a system's Finish under way.
type finishing struct {
	stop context.CancelFunc
	done chan struct{}
	err  error // valid after done
}

func (s *scene) finish(ctx context.Context) *finishing {
	ctx, stop := context.WithCancel(ctx)
	f := &finishing{stop: stop, done: make(chan struct{})}
	go func() {
		f.err = s.system.Finish(ctx)
		close(f.done)
	}()
	return f
}

// giveUp ends it: for what was lost it may wait for ever.
func (f *finishing) giveUp() {
	f.stop()
	<-f.done
}

// patience says when a killed system has ended.
type patience struct {
	*finishing
	durable bool
}

func (p patience) quietFor() time.Duration {
	if p.durable {
		return durablePatience
	}
	return forgetPatience
}

// revive starts the processes again and watches until the system says that it has finished, or nothing happens any more. Systems that
// keep nothing may say that with an error.
func (s *scene) revive(ctx context.Context, d *death, p patience) error {
	restarted := make(chan error, 1)
	go func() { restarted <- s.system.Restart(ctx) }()
	tick := time.NewTicker(watching)
	defer tick.Stop()
	d.after = d.before
	progress, back, finished := time.Now(), false, p.done
	for !back || finished != nil || !d.settled(time.Now()) {
		select {
		case err := <-restarted:
			if err != nil {
				return fmt.Errorf("restart: %w", err)
			}
			back, progress, restarted = true, time.Now(), nil
			continue
		case <-finished:
			if p.err != nil && p.durable {
				return fmt.Errorf("finish after the kill: %w", p.err)
			}
			finished = nil
			continue
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		called, err := s.count(ctx, d)
		switch {
		case err != nil:
			return err
		case called:
			progress = time.Now()
		case back && time.Since(progress) > p.quietFor():
			return nil
		}
	}
	_, err := s.count(ctx, d) // what came last may not be seen yet
	return err
}

// count reads the ledger and tells whether there were calls since it was read last. The first of those that can't be strays is the first
// after the kill.
func (s *scene) count(ctx context.Context, d *death) (called bool, err error) {
	l, err := s.simulator.ledger(ctx)
	if err != nil {
		return false, err
	}
	now := time.Now()
	called = l.calls() > d.after.calls()
	if called && d.called.IsZero() && d.settled(d.looked) {
		d.called = now
	}
	d.after, d.looked = l, now
	return called, nil
}
