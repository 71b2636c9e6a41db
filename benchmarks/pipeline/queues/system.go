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
	// launch starts the senders: fresh ones compose first and wait for begin, others work at once.
	launch(job pipeline.Job, fresh bool, join func(*experiment.Process)) error
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

	mu   sync.Mutex
	job  pipeline.Job
	crew *crew // nil while nobody sends
	due  time.Time
}

var _ pipeline.System = (*system)(nil)

var (
	errTwice = errors.New("queues: a job was accepted already: open another system")
	errNone  = errors.New("queues: there is no job yet: call Accept first")
)

// Accept implements [pipeline.System].
func (s *system) Accept(ctx context.Context, job pipeline.Job) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crew != nil {
		return time.Time{}, errTwice
	}
	s.job = job
	if err := s.muster(ctx, true); err != nil {
		return time.Time{}, err
	}
	s.due = time.Now()
	return s.due, nil
}

// muster starts a crew and waits until it is prepared; s.mu is held.
func (s *system) muster(ctx context.Context, fresh bool) error {
	s.crew = newCrew(&s.goroutines)
	if err := s.store.launch(s.job, fresh, s.crew.join); err != nil {
		return err
	}
	return s.crew.prepared(ctx)
}

// Finish implements [pipeline.System].
func (s *system) Finish(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
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

func (s *system) begin(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.due.IsZero():
		return errNone
	case s.crew == nil:
		return nil // killed before: who is started again works at once
	}
	return s.store.begin(ctx, s.crew.pids())
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due.IsZero() {
		return errNone
	}
	return s.muster(ctx, false)
}

// Close implements [pipeline.System].
func (s *system) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crew != nil {
		s.crew.kill()
		s.crew = nil
	}
	return errors.Join(s.store.close(), s.server.Close())
}
