package queues_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hayauma.example/benchmarks/pipeline/queues"
)

// scratch is a directory with a path short enough for a socket, which a scheduler leaves empty.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "q")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Errorf("something was left behind: %v", err)
		}
	})
	return dir
}

// Every scheduler starts every task, and a punctual one none before its time. Those with default settings are the
// same programs.
func TestEverySchedulerStartsAllTasks(t *testing.T) {
	var all sync.WaitGroup
	for _, s := range queues.Schedulers() {
		if !strings.HasSuffix(s.Name, "-default") {
			all.Go(func() { t.Run(s.Name, func(t *testing.T) { startsAll(t, s) }) })
		}
	}
	all.Wait()
}

func startsAll(t *testing.T, s queues.Scheduler) {
	const n = 100
	if why := s.Missing(); why != "" {
		t.Skip(why)
	}
	var earliest time.Duration
	if !s.Punctual {
		earliest = -time.Second
	}
	late, err := s.Lateness(t.Context(), scratch(t), n, time.Now().Add(3*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if len(late) != n || slices.Min(late) < earliest || slices.Max(late) > 5*time.Second {
		t.Errorf("%d of %d tasks, from %s to %s late", len(late), n, slices.Min(late), slices.Max(late))
	}
}

func TestSchedulingTooLateIsAnError(t *testing.T) {
	for _, s := range queues.Schedulers() {
		if s.Name != "asynq" || s.Missing() != "" {
			continue
		}
		_, err := s.Lateness(t.Context(), scratch(t), 10, time.Now().Add(-time.Second))
		if _, late := errors.AsType[*queues.TooLateError](err); !late {
			t.Errorf("got %v", err)
		}
	}
}
