package gate_test

import (
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
)

// ranked tells the standing of a run with its priority and weight.
func (w *world) ranked(run string, p actors.Priority, weight int) {
	w.set(func() { w.standing[run] = actors.RunActive })
	w.channel().Tell(actors.RunStanding{Campaign: "c", Run: run, Standing: actors.RunActive, Priority: p, Weight: weight})
}

// byRun counts the calls of each run in a time.
func (w *world) byRun(from, to time.Duration) map[string]int {
	n := map[string]int{}
	for _, s := range record(w, &w.starts) {
		if from <= s.at && s.at < to {
			n[s.run]++
		}
	}
	return n
}

// TestRanksAreKept: with a limit and without one, where it is the provider's latency that bounds what starts.
func TestRanksAreKept(t *testing.T) {
	for name, tt := range map[string]struct {
		limits actors.Limits
		deps   gate.Deps
	}{
		"a limit":           {actors.Limits{Push: 200}, gate.Deps{}},
		"a slow provider":   {actors.Limits{Push: 2000}, gate.Deps{MaxInFlight: 20}}, // 200 calls a second
		"no limit":          {actors.Limits{}, gate.Deps{MaxInFlight: 20}},
		"a high limit, one": {actors.Limits{Push: 200}, gate.Deps{MaxInFlight: 1000}},
	} {
		inBubble(t, tt.limits, tt.deps, func(t *testing.T, w *world) {
			w.latency = 100 * ms
			w.ranked("heavy", actors.PriorityNormal, 30)
			w.ranked("light", "", 0)
			w.ranked("low", actors.PriorityLow, 100)
			for _, run := range []string{"low", "light", "heavy"} {
				w.push(run, 4000)
			}
			time.Sleep(12 * time.Second)
			got := w.byRun(2*time.Second, 12*time.Second)
			if sum := got["heavy"] + got["light"]; sum < 1940 || got["low"] > 0 || got["heavy"]*100 < sum*73 || got["heavy"]*100 > sum*77 {
				t.Errorf("%s: %v in 10 s, want 2000, three quarters of them to the heavy one", name, got)
			}
			w.ranked("low", actors.PriorityHigh, 0)
			time.Sleep(6 * time.Second)
			if got := w.byRun(13*time.Second, 18*time.Second); got["low"] < 970 || got["heavy"]+got["light"] > 0 {
				t.Errorf("%s: %v in 5 s after the low one became high", name, got)
			}
			w.run("low", actors.RunHeld)
			time.Sleep(3 * time.Second)
			if got := w.byRun(19*time.Second, 21*time.Second); got["light"] < 80 || got["heavy"] < 240 || got["low"] > 0 {
				t.Errorf("%s: %v in 2 s after the high one was paused", name, got)
			}
		})
	}
}

// TestPrioritiesOfEndpoints: a high run's pushes hold no low run's multicasts up.
func TestPrioritiesOfEndpoints(t *testing.T) {
	inBubble(t, actors.Limits{Push: 50, Multicast: 20}, gate.Deps{}, func(t *testing.T, w *world) {
		w.ranked("high", actors.PriorityHigh, 0)
		w.ranked("low", actors.PriorityLow, 0)
		w.push("high", 1000)
		w.park("low", 500, provider.Multicast, func(*gate.Wait) {})
		w.push("low", 100)
		time.Sleep(11 * time.Second)
		var n [2]int
		for _, s := range record(w, &w.starts) {
			if s.run == "low" {
				n[s.endpoint]++
			}
		}
		if n[provider.Push] > 0 || n[provider.Multicast] < 196 {
			t.Errorf("the low run started %d pushes and %d multicasts", n[provider.Push], n[provider.Multicast])
		}
	})
}
