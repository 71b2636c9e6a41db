package queues

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"hayauma.example/benchmarks/pipeline"
)

// beginSignal tells a sender in Go that its job is due.
const beginSignal = syscall.SIGUSR1

// orders are the specification of a sending process.
type orders struct {
	Address string       `json:"address"` // of the store's server
	Job     pipeline.Job `json:"job"`
	Fresh   bool         `json:"fresh"` // compose, and let the workers take nothing before beginSignal; else work at once with what is there
}

// queue is a queue's client inside a sending process.
type queue interface {
	// work starts the workers, which work until the process ends; those of a paused queue take nothing before resume.
	work(ctx context.Context, paused bool) error
	// compose puts every request of the job into the queue, durably.
	compose(ctx context.Context, job pipeline.Job) error
	// resume ends a pause, this process's or that of one that was killed.
	resume(ctx context.Context) error
}

// opener connects to a queue whose workers post.
type opener func(ctx context.Context, o orders, post *poster) (queue, error)

// sender is the main function of a sending process.
func sender(open opener) func(ctx context.Context, spec []byte, out io.Writer) error {
	return func(ctx context.Context, spec []byte, out io.Writer) error {
		var o orders
		if err := json.Unmarshal(spec, &o); err != nil {
			return err
		}
		begin := make(chan os.Signal, 1)
		signal.Notify(begin, beginSignal)
		post, err := newPoster(o.Job)
		if err != nil {
			return err
		}
		q, err := open(ctx, o, post)
		if err != nil {
			return err
		}
		if err := q.work(ctx, o.Fresh); err != nil {
			return err
		}
		if o.Fresh {
			if err := q.compose(ctx, o.Job); err != nil {
				return err
			}
		}
		return send(ctx, q, post, &turn{out: json.NewEncoder(out), begin: begin, fresh: o.Fresh})
	}
}

// turn is how a sender hears when to begin and tells how it fares.
type turn struct {
	out   *json.Encoder
	begin <-chan os.Signal
	fresh bool
}

// send works from the due time on until ctx ends.
func send(ctx context.Context, q queue, post *poster, t *turn) error {
	if err := t.out.Encode(word{Ready: true}); err != nil {
		return err
	}
	if t.fresh {
		select {
		case <-t.begin:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	go post.pace.run(ctx)
	if err := q.resume(ctx); err != nil {
		return err
	}
	return t.watch(ctx)
}

// watch tells each new highest number of goroutines.
func (t *turn) watch(ctx context.Context) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for most := 0; ; {
		if n := runtime.NumGoroutine(); n > most {
			most = n
			if err := t.out.Encode(word{Goroutines: n}); err != nil {
				return err
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// signalAll lets senders in Go begin.
func signalAll(pids []int) error {
	var all []error
	for _, pid := range pids {
		all = append(all, syscall.Kill(pid, beginSignal))
	}
	return errors.Join(all...)
}
