package queues_test

import (
	"context"
	"os"
	"testing"
	"time"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/benchmarks/pipeline"
)

// What is throttled, fails before or after acceptance or is cut off is sent again under its key.
func TestEveryQueueRetriesUnderTheSameKey(t *testing.T) {
	const n = 200
	path := writeAudience(t, n)
	together(t, func(t *testing.T, spec pipeline.Spec) {
		sim, url := provide(t, linesim.Options{Faults: linesim.Faults{RateLimit: 0.05, ErrorBefore: 0.05, ErrorAfter: 0.1, Reset: 0.05, Seed: 1}})
		system := open(t, spec)
		if _, err := system.Accept(t.Context(), pipeline.Job{Kind: pipeline.Push, Recipients: n, Audience: path, Endpoint: url, InFlight: 64}); err != nil {
			t.Fatal(err)
		}
		done := finish(t, system)
		awaitUsers(t, sim, n*4/5)
		sim.SetFaults(linesim.Faults{}) // so that the rest ends soon
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		exactlyOnce(t, sim, n)
		if got := sim.Ledger(); got.Conflicts == 0 || got.Requests.Push <= n {
			t.Errorf("want repeats, and some that were accepted before: %+v", got)
		}
	})
}

func finish(t *testing.T, system pipeline.System) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- system.Finish(t.Context()) }()
	return done
}

// awaitUsers waits until the simulator has accepted for n users.
func awaitUsers(t *testing.T, sim *linesim.Sim, n int) {
	t.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for sim.Ledger().Users < n {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("%d of %d users after 20 s", sim.Ledger().Users, n)
		}
	}
}

// A system that is killed half-way doesn't count what was in hand as finished, goes on with what waits, and doubles nothing. The end of
// what was in hand takes the queue's own recovery, up to two minutes: QUEUES_RECOVERY=1 waits for it.
func TestEveryQueueGoesOnAfterAKill(t *testing.T) {
	const n, inFlight, inHand = 600, 16, 32 // PHP has as many in hand as workers
	path := writeAudience(t, n)
	together(t, func(t *testing.T, spec pipeline.Spec) {
		sim, url := provide(t, linesim.Options{Faults: linesim.Faults{Latency: 5 * time.Millisecond}})
		system := open(t, spec)
		if _, err := system.Accept(t.Context(), pipeline.Job{Kind: pipeline.Push, Recipients: n, Audience: path, Endpoint: url, InFlight: inFlight}); err != nil {
			t.Fatal(err)
		}
		done := finish(t, system)
		awaitUsers(t, sim, n/2)
		if err := system.Kill(); err != nil {
			t.Fatal(err)
		}
		if pids := system.Pids(); len(pids) != 1 {
			t.Errorf("processes %v after a kill: want the server alone", pids)
		}
		if err := system.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		awaitUsers(t, sim, n-inHand)
		if got := sim.Ledger(); got.Duplicates != 0 {
			t.Errorf("reached twice: %+v", got)
		}
		select {
		case err := <-done:
			if users := sim.Ledger().Users; users != n || err != nil {
				t.Errorf("Finish returned (%v) with %d of %d users", err, users, n)
			}
			return
		default:
		}
		if os.Getenv("QUEUES_RECOVERY") == "" {
			return
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		exactlyOnce(t, sim, n)
	})
}

// At the provider's limit a system that keeps to it is hardly ever refused.
func TestEveryQueueKeepsToARate(t *testing.T) {
	const n, rate = 300, 200
	path := writeAudience(t, n)
	together(t, func(t *testing.T, spec pipeline.Spec) {
		sim, url := provide(t, linesim.Options{Limits: linesim.Limits{Push: rate}})
		began := time.Now()
		deliver(t, open(t, spec), pipeline.Job{Kind: pipeline.Push, Recipients: n, Audience: path, Endpoint: url, InFlight: 32, Rate: rate}, sim)
		exactlyOnce(t, sim, n)
		if got := sim.Ledger(); got.Throttled > n/100 {
			t.Errorf("throttled %d times of %d", got.Throttled, got.Requests.Push)
		}
		// The simulator's bucket holds a second's worth, so that a system without a pace would take half a second.
		if took := time.Since(began); took < 1400*time.Millisecond {
			t.Errorf("took %s: no pace was kept", took)
		}
	})
}
