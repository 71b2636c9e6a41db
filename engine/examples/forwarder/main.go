package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"hayauma.example/engine"
)

// flaky is an API that is away for a while, and remembers whom it has served.
type flaky struct {
	down func() bool

	mu     sync.Mutex
	served map[string]int // calls by record; guarded by mu
}

var errDown = errors.New("forwarder: the API is down")

// Call implements API.
func (a *flaky) Call(_ context.Context, record string) error {
	if a.down() {
		return errDown
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.served[record]++
	return nil
}

// missing returns the records that the API never got.
func (a *flaky) missing(records []string) (out []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range records {
		if a.served[r] == 0 {
			out = append(out, r)
		}
	}
	return out
}

// numbered returns so many records.
func numbered(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("record %d", i))
	}
	return out
}

// together is the flow's supervision: what one fails of, both begin anew from.
func together() engine.Supervision {
	return engine.Supervision{AllForOne: true, Backoff: engine.Backoff{First: 200 * time.Millisecond, Max: 5 * time.Second}}
}

func run(ctx context.Context) error {
	s, err := engine.New(engine.Config{})
	if err != nil {
		return err
	}
	defer s.Kill()
	began := time.Now()
	api := &flaky{served: map[string]int{}, down: func() bool { return time.Since(began) < time.Second }}
	log := &Log{records: numbered(1000), batch: 10, deadline: 2 * time.Second}
	if _, err := forward(s, log, api, together()); err != nil {
		return err
	}
	for committed, _ := log.State(); committed < len(log.records); committed, _ = log.State() {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	_, putOut := log.State()
	fmt.Printf("%d records, %d missing, consumers put out: %d\n", len(log.records), len(api.missing(log.records)), putOut)
	return s.Stop(ctx)
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
