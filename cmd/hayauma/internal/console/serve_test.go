package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster"
)

// Whoever is told to stop while it still starts has not failed.
func TestStopWhileStarting(t *testing.T) {
	var free []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		free = append(free, l.Addr().String())
	}
	own, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free[0] = own.Addr().String()
	own.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	code := Run(ctx, []string{
		"serve", "--node", "a", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--cluster-listen", "127.0.0.1:0",
		"--nats-cluster-listen", free[0], "--nats-routes", strings.Join(free, ","),
	}, Terminal{Out: &out, Err: &errs})
	if code != 0 || !strings.Contains(errs.String(), "stopped before it had started") {
		t.Errorf("exit code %d: %s", code, &errs)
	}
}

// A node that is put out again and again comes back ever later, and at once after it was a member for 5 s.
func TestComebacksArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		members := []time.Duration{time.Hour, 0, 0, time.Millisecond, 0, 4999 * time.Millisecond, 0, 0, 5 * time.Second, 0, 0}
		pauses := []time.Duration{0, 1, 2, 4, 8, 16, 30, 30, 0, 1} // seconds, after each of members but the last
		broken := errors.New("broken")
		var ended time.Time
		run := 0
		err := again(t.Context(), slog.New(slog.DiscardHandler), func() (time.Duration, error) {
			if run > 0 && time.Since(ended) != pauses[run-1]*time.Second {
				t.Errorf("start %d comes after %v, want %d s", run, time.Since(ended), pauses[run-1])
			}
			member := members[run]
			time.Sleep(member)
			ended = time.Now()
			if run++; run == len(members) {
				return member, broken
			}
			return member, failed(fmt.Errorf("this node can't go on: %w", cluster.ErrEvicted))
		})
		if !errors.Is(err, broken) || run != len(members) {
			t.Errorf("after %d starts: %v", run, err)
		}
	})
}

// Who waits for its next start stops at once when told.
func TestStopBetweenStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		runs, began := 0, time.Now()
		err := again(ctx, slog.New(slog.DiscardHandler), func() (time.Duration, error) {
			runs++
			return 0, cluster.ErrEvicted
		})
		if err != nil || runs != 2 || time.Since(began) != 500*time.Millisecond {
			t.Errorf("%d starts, stopped after %v: %v", runs, time.Since(began), err)
		}
	})
}
