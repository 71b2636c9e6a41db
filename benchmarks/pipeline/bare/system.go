package bare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
)

const childName = "pipeline-bare"

// Children are the processes that the system starts.
func Children() experiment.Children { return experiment.Children{childName: send} }

// Specs is the bare client.
func Specs() []pipeline.Spec {
	return []pipeline.Spec{{
		Name:  pipeline.Bare,
		About: "the floor: workers that send requests rendered beforehand through the daemon's own client package; keeps nothing",
		Open:  func(_ context.Context, dir string) (pipeline.System, error) { return &system{dir: dir}, nil },
	}}
}

// ErrNothingKept is the end of a job whose process was killed.
var ErrNothingKept = errors.New("bare: the process was killed and keeps nothing: what it had not sent is lost")

type system struct {
	dir        string
	process    *experiment.Process // set by Accept
	goroutines int                 // set by Finish

	mu     sync.Mutex // guards killed
	killed bool
}

// childSpec is what the process is told.
type childSpec struct {
	Job      pipeline.Job `json:"job"`
	Requests string       `json:"requests"` // path of the rendered requests
}

// The process prints one line when it is ready and one when it is done.
type (
	ready struct {
		Due time.Time `json:"due"`
	}
	done struct {
		Goroutines int `json:"goroutines"`
	}
)

// Accept implements [pipeline.System].
func (s *system) Accept(ctx context.Context, job pipeline.Job) (time.Time, error) {
	path := filepath.Join(s.dir, "requests")
	if err := render(path, job); err != nil {
		return time.Time{}, err
	}
	var err error
	if s.process, err = experiment.StartChild(childName, childSpec{job, path}); err != nil {
		return time.Time{}, err
	}
	var r ready
	err = s.read(ctx, &r)
	return r.Due, err
}

// Finish implements [pipeline.System].
func (s *system) Finish(ctx context.Context) error {
	var d done
	err := s.read(ctx, &d)
	s.goroutines = d.Goroutines
	return err
}

// read reads the process's next line.
func (s *system) read(ctx context.Context, into any) error {
	stop := context.AfterFunc(ctx, s.process.Kill) // ends the wait for the line
	defer stop()
	line, err := s.process.Line()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil:
		return json.Unmarshal(line, into)
	}
	s.process.Kill()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.killed {
		return ErrNothingKept
	}
	return fmt.Errorf("bare: the process ended too early: %w", errors.Join(err, s.process.Wait()))
}

// Pids implements [pipeline.System].
func (s *system) Pids() []int {
	if s.process == nil {
		return nil
	}
	return []int{s.process.Pid()}
}

// Goroutines implements [pipeline.System].
func (s *system) Goroutines() int { return s.goroutines }

// Kill implements [pipeline.System].
func (s *system) Kill() error {
	s.mu.Lock()
	s.killed = true
	s.mu.Unlock()
	s.process.Kill()
	return nil
}

// Restart implements [pipeline.System]: there is nothing to go on with.
func (s *system) Restart(context.Context) error { return nil }

// Close implements [pipeline.System].
func (s *system) Close() error {
	if s.process != nil {
		s.process.Kill()
	}
	return nil
}
