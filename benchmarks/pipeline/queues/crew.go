package queues

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"hayauma.example/benchmarks/experiment"
)

// word is a line that a sending process writes.
type word struct {
	Started    bool `json:"started,omitempty"`    // it runs and waits for its job; of those that are started before there is one
	Ready      bool `json:"ready,omitempty"`      // what it had to prepare is done
	Goroutines int  `json:"goroutines,omitempty"` // more than it ever told before
}

// crew are the processes that make the calls, and whoever composed for them.
type crew struct {
	members    []*member
	goroutines *atomic.Int64 // the highest number that any crew told
	ended      chan error    // the first end that nobody asked for

	mu       sync.Mutex
	stopping bool
}

type member struct {
	process        *experiment.Process
	started, ready chan struct{}
}

func newCrew(goroutines *atomic.Int64) *crew {
	return &crew{goroutines: goroutines, ended: make(chan error, 1)}
}

// join starts to listen to a process.
func (c *crew) join(p *experiment.Process) {
	m := &member{process: p, started: make(chan struct{}), ready: make(chan struct{})}
	c.members = append(c.members, m)
	go func() { c.over(c.listen(m)) }()
}

// listen returns when the process has ended, and why.
func (c *crew) listen(m *member) error {
	started, ready := onceClosed(m.started), onceClosed(m.ready)
	for {
		line, err := m.process.Line()
		if errors.Is(err, io.EOF) {
			return m.process.Wait()
		}
		var w word
		if err == nil {
			err = json.Unmarshal(line, &w)
		}
		if err != nil {
			return fmt.Errorf("a sender says %q: %w", line, err)
		}
		if c.goroutines.Load() < int64(w.Goroutines) {
			c.goroutines.Store(int64(w.Goroutines))
		}
		if w.Started || w.Ready {
			started()
		}
		if w.Ready {
			ready()
		}
	}
}

// onceClosed closes c when it is called first.
func onceClosed(c chan struct{}) func() { return sync.OnceFunc(func() { close(c) }) }

// over keeps the first end that was not asked for.
func (c *crew) over(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return
	}
	if err == nil {
		err = errors.New("it was ended or had nothing more to do")
	}
	select {
	case c.ended <- fmt.Errorf("queues: a sender ended: %w", err):
	default:
	}
}

// present waits until all have started.
func (c *crew) present(ctx context.Context) error {
	return c.all(ctx, func(m *member) <-chan struct{} { return m.started })
}

// prepared waits until all are ready.
func (c *crew) prepared(ctx context.Context) error {
	return c.all(ctx, func(m *member) <-chan struct{} { return m.ready })
}

func (c *crew) all(ctx context.Context, done func(*member) <-chan struct{}) error {
	for _, m := range c.members {
		select {
		case <-done(m):
		case err := <-c.ended:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// kill ends all at once.
func (c *crew) kill() {
	c.mu.Lock()
	c.stopping = true
	c.mu.Unlock()
	var all sync.WaitGroup
	for _, m := range c.members {
		all.Go(m.process.Kill)
	}
	all.Wait()
}

func (c *crew) pids() []int {
	var all []int
	for _, m := range c.members {
		all = append(all, m.process.Pid())
	}
	return all
}
