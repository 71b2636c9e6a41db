package metrics_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// TestASurveyFindsWhatIsStuck: one message that nothing follows is in nobody's way but its own.
func TestASurveyFindsWhatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := enginetest.NewSystem(t, enginetest.Options{})
		engine.Serve(sys, holders, func(string) engine.Actor[*hold] { return &holder{} })
		var seen, goOn sync.WaitGroup
		for _, id := range []string{"a", "b", "c"} {
			seen.Add(1)
			holders.Ref(sys, id).Tell(&hold{seen: &seen})
		}
		synctest.Wait()
		r := metrics.New(metrics.Config{System: sys, Secret: []byte("s"), LookAtAll: 1})
		age := func() float64 {
			defer synctest.Wait() // a survey that it has begun ends
			return series(t, r, "hayauma_actor_mailbox_oldest_age_max_seconds")["kind=holder"]
		}
		age()
		goOn.Add(1)
		seen.Add(1)
		holders.Ref(sys, "b").Tell(&hold{&seen, &goOn})
		time.Sleep(8 * time.Second)
		if got := age(); got != 0 {
			t.Errorf("%v s before anybody has looked", got)
		}
		time.Sleep(3 * time.Second)
		age() // begins a survey
		if got := age(); got < 10.8 || got > 11.1 {
			t.Errorf("the oldest message waits for %v s, want 11", got)
		}
		if n := len(series(t, r, "hayauma_actor_mailbox_depth")); n != 1 {
			t.Errorf("%d actors have series, want the one that is stuck", n)
		}
		goOn.Done()
		synctest.Wait()
		if got := age(); got != 0 {
			t.Errorf("%v s when nothing waits", got)
		}
	})
}
