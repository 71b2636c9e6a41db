package queues

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"

	"hayauma.example/benchmarks/pipeline"
)

// told is a queue that says in which order it is used.
type told chan string

func (q told) work(_ context.Context, paused bool) error {
	if paused {
		q <- "work on a paused queue"
	} else {
		q <- "work"
	}
	return nil
}

func (q told) compose(context.Context, pipeline.Job) error {
	q <- "compose"
	return nil
}

func (q told) resume(context.Context) error {
	q <- "resume"
	return nil
}

// A sender's workers run before its job is due, and take nothing before it is told that it is.
func TestASenderWorksFromTheSignalOn(t *testing.T) {
	for _, tc := range []struct {
		fresh           bool
		prepared, begun []string
	}{
		{true, []string{"work on a paused queue", "compose"}, []string{"resume"}},
		{false, []string{"work"}, []string{"resume"}},
	} {
		q := make(told, 10)
		spec, err := json.Marshal(orders{Job: pipeline.Job{Kind: pipeline.Push, Endpoint: "http://127.0.0.1:1"}, Fresh: tc.fresh})
		if err != nil {
			t.Fatal(err)
		}
		r, w := io.Pipe()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- sender(func(context.Context, orders, *poster) (queue, error) { return q, nil })(ctx, spec, w)
		}()
		lines := bufio.NewScanner(r)
		if !lines.Scan() || lines.Text() != `{"ready":true}` {
			t.Fatalf("it says %q", lines.Text())
		}
		for _, want := range tc.prepared {
			if got := <-q; got != want {
				t.Errorf("fresh %v: got %q, want %q", tc.fresh, got, want)
			}
		}
		if tc.fresh {
			if len(q) != 0 {
				t.Errorf("%q before it is due", <-q)
			}
			if err := syscall.Kill(syscall.Getpid(), beginSignal); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range tc.begun {
			if got := <-q; got != want {
				t.Errorf("fresh %v: got %q, want %q", tc.fresh, got, want)
			}
		}
		stop()
		_ = r.Close() // what it still says is of no interest
		if err := <-ended; !errors.Is(err, context.Canceled) && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("it ended with %v", err)
		}
	}
}

// Both queues in Go have as many workers as calls may be in flight.
func TestWorkersAreAsManyAsCalls(t *testing.T) {
	if got := asynqConfig(inFlight(pipeline.Job{InFlight: 2048})).Concurrency; got != 2048 {
		t.Errorf("asynq has %d workers", got)
	}
	config := riverConfig(nil, inFlight(pipeline.Job{InFlight: 2048}))
	var most []int
	for _, q := range config.Queues {
		most = append(most, q.MaxWorkers)
	}
	if !slices.Equal(most, []int{2048}) {
		t.Errorf("river has %v workers", most)
	}
}
