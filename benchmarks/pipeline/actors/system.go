package actors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
)

// lead is how long after acceptance the job is due: enough for the cell to begin its own measuring.
const lead = 50 * time.Millisecond

// UndeliveredError reports recipients that the provider refused for good, or that the worker did not account for.
type UndeliveredError struct {
	Recipients, Delivered, Failed int
	Reason                        string // the last refusal's
}

func (e *UndeliveredError) Error() string {
	return fmt.Sprintf("pipeline: of %d recipients %d were delivered and %d failed: %s", e.Recipients, e.Delivered, e.Failed, e.Reason)
}

// Specs are the systems.
func Specs() []pipeline.Spec {
	return []pipeline.Spec{
		spec("chan", false, "one goroutine and one channel per recipient; the gate is a buffered channel; nothing is kept: a kill loses all that was not called"),
		spec("protoactor", true, "Proto.Actor as it comes, in a process with room (32 goroutines that wait, as in any service), one actor per recipient; nothing "+
			"is kept: a kill loses all that was not called"),
		spec("hollywood", true, "Hollywood with inboxes that begin with room for 1 (the default of 1024 costs 28 KB each), one actor per recipient; nothing is "+
			"kept: a kill loses all that was not called"),
	}
}

func spec(name string, peer bool, about string) pipeline.Spec {
	return pipeline.Spec{Name: name, About: about, Peer: peer, Open: func(context.Context, string) (pipeline.System, error) {
		return &system{name: name}, nil
	}}
}

// system is the parent's side of one worker at a time.
type system struct {
	name   string
	delays delays // zero: this program's own
	job    pipeline.Job
	due    time.Time

	mu         sync.Mutex
	worker     *worker       // nil before Accept, and after Kill until Restart
	back       chan struct{} // closed by Restart; nil unless killed
	goroutines int
}

// worker is one process and how many recipients it knows of.
type worker struct {
	*experiment.Process
	recipients int
}

// Accept starts the worker; it returns when all posters wait.
func (s *system) Accept(ctx context.Context, job pipeline.Job) (time.Time, error) {
	s.job = job
	w, err := s.start(ctx, job)
	if err != nil {
		return time.Time{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worker = w
	s.due = time.Now().Add(lead)
	return s.due, nil
}

// start returns a worker that has accepted the job.
func (s *system) start(ctx context.Context, job pipeline.Job) (*worker, error) {
	p, err := experiment.StartChild(childName, order{System: s.name, Job: job, Delays: s.delays})
	if err != nil {
		return nil, err
	}
	w := &worker{p, job.Recipients}
	if _, err := s.hear(ctx, w, accepted); err != nil {
		p.Kill()
		return nil, err
	}
	return w, nil
}

// hear returns the worker's next word, which must be the one that is awaited. When ctx ends first the worker is killed.
func (s *system) hear(ctx context.Context, w *worker, awaited string) (word, error) {
	defer context.AfterFunc(ctx, w.Kill)()
	line, err := w.Line()
	switch {
	case ctx.Err() != nil:
		return word{}, context.Cause(ctx)
	case errors.Is(err, io.EOF):
		if err := w.Wait(); err != nil {
			return word{}, fmt.Errorf("pipeline: the worker of %s: %w", s.name, err)
		}
		return word{}, fmt.Errorf("pipeline: the worker of %s ended before it said %s", s.name, awaited)
	case err != nil:
		return word{}, err
	}
	var said word
	if err := json.Unmarshal(line, &said); err != nil {
		return word{}, fmt.Errorf("pipeline: the worker of %s said %q: %w", s.name, line, err)
	}
	if said.Said != awaited {
		return word{}, fmt.Errorf("pipeline: the worker of %s said %s and not %s", s.name, said.Said, awaited)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goroutines = max(s.goroutines, said.Goroutines)
	return said, nil
}

// Finish opens the gate at the due time. After a Kill it waits for Restart, and for the worker that was started then.
func (s *system) Finish(ctx context.Context) error {
	early := time.NewTimer(time.Until(s.due))
	defer early.Stop()
	select {
	case <-early.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		w, err := s.current(ctx)
		if err != nil {
			return err
		}
		err = s.finish(ctx, w)
		if err == nil || ctx.Err() != nil || s.is(w) {
			return err
		}
	}
}

// finish has one worker do its work.
func (s *system) finish(ctx context.Context, w *worker) error {
	if err := syscall.Kill(w.Pid(), openGate); err != nil {
		return fmt.Errorf("pipeline: begin: %w", err)
	}
	said, err := s.hear(ctx, w, done)
	if err != nil {
		return err
	}
	if o := said.Outcome; o.Delivered != w.recipients {
		return &UndeliveredError{Recipients: w.recipients, Delivered: o.Delivered, Failed: o.Failed, Reason: o.Reason}
	}
	return nil
}

// current is the worker that runs, once there is one.
func (s *system) current(ctx context.Context) (*worker, error) {
	for {
		s.mu.Lock()
		w, back := s.worker, s.back
		s.mu.Unlock()
		if w != nil {
			return w, nil
		}
		select {
		case <-back:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (s *system) is(w *worker) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.worker == w
}

// Pids is the worker.
func (s *system) Pids() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.worker == nil {
		return nil
	}
	return []int{s.worker.Pid()}
}

// Goroutines is the worker's peak, as it said when it had accepted and when it was done.
func (s *system) Goroutines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.goroutines
}

// Kill ends the worker and with it all that it knows.
func (s *system) Kill() error {
	s.mu.Lock()
	w := s.worker
	if w != nil {
		s.worker, s.back = nil, make(chan struct{})
	}
	s.mu.Unlock()
	if w != nil {
		w.Kill()
	}
	return nil
}

// Restart starts a worker that has nothing to do: nothing was kept.
func (s *system) Restart(ctx context.Context) error {
	empty := s.job
	empty.Recipients = 0
	w, err := s.start(ctx, empty)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worker = w
	if s.back != nil {
		close(s.back)
		s.back = nil
	}
	return nil
}

// Close ends the worker.
func (s *system) Close() error {
	s.mu.Lock()
	w := s.worker
	s.worker = nil
	s.mu.Unlock()
	if w == nil {
		return nil
	}
	return w.Stop(2 * time.Second)
}
