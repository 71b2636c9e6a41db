package queues

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/servers"
)

// store is one kind of waiting work and its senders.
type store interface {
	// staff starts the senders that can be started before there is a job; a composer is among them when they are fresh.
	staff(fresh bool, join func(*experiment.Process)) error
	// launch hands out the job, and starts the senders that need it to start: fresh ones compose it, then wait for begin with
	// workers that run; others work at once.
	launch(ctx context.Context, job pipeline.Job, fresh bool, join func(*experiment.Process)) error
	// begin lets those that wait work.
	begin(ctx context.Context, pids []int) error
	// settled reports whether no work waits and none is in hand.
	settled(ctx context.Context) (bool, error)
	close() error
}

// system is a delivery program made of a store's server and senders.
type system struct {
	server *servers.Server
	store  store
	every  time.Duration // between two questions to the store whether all is settled

	goroutines atomic.Int64

	mu       sync.Mutex
	job      pipeline.Job
	accepted bool       // or tried to
	crew     *crew      // nil while nobody sends
	begun    *beginning // nil before the job is accepted
}

// beginning is that of the calls, at the due time.
type beginning struct {
	stop context.CancelFunc
	done chan struct{}
	err  error // valid after done
}

var _ pipeline.System = (*system)(nil)

var (
	errTwice = errors.New("queues: a job was accepted already: open another system")
	errNone  = errors.New("queues: there is no job yet: call Accept first")
)

// lead is how long after acceptance a job is due: everybody's workers are started by then and have nothing to do.
const lead = 300 * time.Millisecond

// newSystem starts what can be started before there is a job. It owns the server and the store.
func newSystem(ctx context.Context, server *servers.Server, store store, every time.Duration) (pipeline.System, error) {
	s := &system{server: server, store: store, every: every}
	s.mu.Lock()
	err := s.muster(ctx, true)
	s.mu.Unlock()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// muster starts a crew without a job; s.mu is held.
func (s *system) muster(ctx context.Context, fresh bool) error {
	s.crew = newCrew(&s.goroutines)
	if err := s.store.staff(fresh, s.crew.join); err != nil {
		return err
	}
	return s.crew.present(ctx)
}

// brief gives the crew its job and waits until it is prepared; s.mu is held.
func (s *system) brief(ctx context.Context, fresh bool) error {
	if err := s.store.launch(ctx, s.job, fresh, s.crew.join); err != nil {
		return err
	}
	return s.crew.prepared(ctx)
}

// Accept implements [pipeline.System].
func (s *system) Accept(ctx context.Context, job pipeline.Job) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accepted {
		return time.Time{}, errTwice
	}
	s.accepted, s.job = true, job
	if err := s.brief(ctx, true); err != nil {
		return time.Time{}, err
	}
	due := time.Now().Add(lead)
	s.begun = &beginning{done: make(chan struct{})}
	ctx, s.begun.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func(b *beginning) {
		defer close(b.done)
		b.err = s.beginAt(ctx, due)
	}(s.begun)
	return due, nil
}

// beginAt lets the crew begin by itself, as other systems do, whenever Finish is called.
func (s *system) beginAt(ctx context.Context, due time.Time) error {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crew == nil {
		return nil // killed before: who is started again works at once
	}
	return s.store.begin(ctx, s.crew.pids())
}

// Finish implements [pipeline.System].
func (s *system) Finish(ctx context.Context) error {
	if err := s.hasBegun(ctx); err != nil {
		return err
	}
	again := time.NewTicker(s.every)
	defer again.Stop()
	for {
		if done, err := s.store.settled(ctx); err != nil || done {
			return err
		}
		select {
		case err := <-s.failure():
			return err
		case <-again.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// hasBegun returns when the crew was let begin.
func (s *system) hasBegun(ctx context.Context) error {
	s.mu.Lock()
	b := s.begun
	s.mu.Unlock()
	if b == nil {
		return errNone
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// failure tells of a sender that ended by itself; nil while there is none.
func (s *system) failure() <-chan error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crew == nil {
		return nil
	}
	return s.crew.ended
}

// Pids implements [pipeline.System].
func (s *system) Pids() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.server.Pids()
	if s.crew != nil {
		all = append(all, s.crew.pids()...)
	}
	return all
}

// Goroutines implements [pipeline.System].
func (s *system) Goroutines() int { return int(s.goroutines.Load()) }

// Kill implements [pipeline.System].
func (s *system) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crew == nil {
		return errNone
	}
	s.crew.kill()
	s.crew = nil
	return nil
}

// Restart implements [pipeline.System].
func (s *system) Restart(ctx context.Context) error {
	if err := s.hasBegun(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.muster(ctx, false); err != nil {
		return err
	}
	return s.brief(ctx, false)
}

// Close implements [pipeline.System].
func (s *system) Close() error {
	s.mu.Lock()
	if b := s.begun; b != nil {
		b.stop()
		defer func() { <-b.done }() // it needs what Close holds, and finds no crew
	}
	defer s.mu.Unlock()
	if s.crew != nil {
		s.crew.kill()
		s.crew = nil
	}
	return errors.Join(s.store.close(), s.server.Close())
}
