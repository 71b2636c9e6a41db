package bare

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/benchmarks/pipeline"
)

const (
	lead     = 50 * time.Millisecond  // between ready and the first call
	backOff  = 100 * time.Millisecond // after an answer that asks for another try
	sampling = 50 * time.Millisecond
)

// send is the main function of the process.
func send(ctx context.Context, spec []byte, out io.Writer) error {
	var s childSpec
	if err := json.Unmarshal(spec, &s); err != nil {
		return err
	}
	calls, err := load(s.Requests, s.Job)
	if err != nil {
		return err
	}
	client, err := line.New(line.Config{
		Endpoint: s.Job.Endpoint, MaxInFlight: s.Job.InFlight,
		Token: func() (string, error) { return "bench", nil },
	})
	if err != nil {
		return err
	}
	due := time.Now().Add(lead)
	if err := json.NewEncoder(out).Encode(ready{due}); err != nil {
		return err
	}
	r := &run{client: client, calls: calls, pace: pipeline.NewPacer(s.Job.Rate, due)}
	goroutines, err := r.all(ctx, s.Job.InFlight)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(done{goroutines}); err != nil {
		return err
	}
	<-ctx.Done() // its memory and time are read before it is ended
	return nil
}

// run is the sending of all calls.
type run struct {
	client *line.Client
	calls  []provider.Call
	next   atomic.Int64

	mu   sync.Mutex // guards pace
	pace pipeline.Pacer
}

// all sends everything and returns the highest number of goroutines seen.
func (r *run) all(ctx context.Context, workers int) (goroutines int, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var sending, watching sync.WaitGroup
	over := make(chan struct{})
	watching.Go(func() { goroutines = watch(over) })
	for range min(workers, len(r.calls)) {
		sending.Go(func() {
			if err := r.work(ctx); err != nil {
				fail(err)
			}
		})
	}
	sending.Wait()
	close(over)
	watching.Wait()
	return goroutines, context.Cause(ctx)
}

func watch(over <-chan struct{}) (most int) {
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	for {
		most = max(most, runtime.NumGoroutine())
		select {
		case <-tick.C:
		case <-over:
			return most
		}
	}
}

func (r *run) work(ctx context.Context) error {
	for {
		i := r.next.Add(1) - 1
		if i >= int64(len(r.calls)) {
			return nil
		}
		if err := wait(ctx, r.turn()); err != nil {
			return err
		}
		if err := r.deliver(ctx, r.calls[i]); err != nil {
			return err
		}
	}
}

// turn is how long the next call has to wait.
func (r *run) turn() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pace.Reserve(time.Now())
}

// deliver sends one call until it is accepted.
func (r *run) deliver(ctx context.Context, call provider.Call) error {
	for {
		switch a := r.client.Send(ctx, call); a.Verdict {
		case provider.Accepted:
			return nil
		case provider.Throttled, provider.Doubtful, provider.Unsent:
			if err := wait(ctx, backOff); err != nil {
				return err
			}
		default:
			return fmt.Errorf("bare: refused with status %d: %s", a.Status, a.Reason)
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var _ pipeline.System = (*system)(nil)
