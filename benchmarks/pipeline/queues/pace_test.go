package queues

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors/provider"
)

// A hundred callers at once get exactly the rate.
func TestPaceHoldsUnderManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		p := newPace(200)
		go p.run(ctx)
		began, done := time.Now(), make(chan error, 100)
		const turns = 100
		for range turns {
			go func() { done <- p.wait(ctx) }()
		}
		for range turns {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != (turns-1)*5*time.Millisecond {
			t.Errorf("%d turns at 200/s took %s", turns, took)
		}
		stop()
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if newPace(1).wait(ctx) == nil {
		t.Error("a turn was given by a pace that doesn't run")
	}
	if err := newPace(0).wait(ctx); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

func TestOutcome(t *testing.T) {
	const (
		done = iota
		again
		failed
	)
	for verdict, want := range map[provider.Verdict]int{
		provider.Accepted: done, provider.Unsent: again, provider.Throttled: again, provider.Doubtful: again,
		provider.OverQuota: failed, provider.Unauthorized: failed, provider.Refused: failed,
	} {
		err := outcome(provider.Answer{Verdict: verdict, Status: 418})
		got := done
		switch {
		case final(err):
			got = failed
		case err != nil:
			got = again
		}
		if got != want {
			t.Errorf("verdict %d: got %d (%v), want %d", verdict, got, err, want)
		}
	}
}
