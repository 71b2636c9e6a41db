package gate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
)

// most is the highest number of starts within any closed second.
func most(starts []time.Duration) int {
	slices.Sort(starts)
	n, lo := 0, 0
	for hi, at := range starts {
		for at-starts[lo] > time.Second {
			lo++
		}
		n = max(n, hi-lo+1)
	}
	return n
}

func within(starts []time.Duration, from, to time.Duration) (n int) {
	for _, at := range starts {
		if from <= at && at < to {
			n++
		}
	}
	return n
}

func TestOneCallASecond(t *testing.T) {
	inBubble(t, actors.Limits{Push: 1}, gate.Deps{}, func(t *testing.T, w *world) {
		time.Sleep(10 * time.Second)
		w.run("a", actors.RunActive)
		w.push("a", 4)
		time.Sleep(10 * time.Second)
		if got := fmt.Sprint(w.times()); got != "[10s 11.001s 12.002s 13.003s]" {
			t.Errorf("started at %s", got)
		}
	})
}

func TestLimitIsKeptAndUsed(t *testing.T) {
	inBubble(t, actors.Limits{Push: 2000, Multicast: 200}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		w.run("b", actors.RunActive)
		w.latency = 90 * ms
		w.push("a", 13000)
		w.push("b", 13000)
		w.park("b", 3000, provider.Multicast, func(*gate.Wait) {})
		time.Sleep(12 * time.Second)
		var at [2][]time.Duration
		runs := map[string]int{}
		for _, s := range record(w, &w.starts) {
			at[s.endpoint] = append(at[s.endpoint], s.at)
			if s.endpoint == provider.Push {
				runs[s.run]++
			}
		}
		for e, limit := range []int{2000, 200} {
			if got := most(at[e]); got > limit {
				t.Errorf("limit %d: %d started within one second", limit, got)
			}
			if got := within(at[e], 2*time.Second, 12*time.Second); got < limit*98/10 {
				t.Errorf("limit %d: %d started in 10 s", limit, got)
			}
		}
		if d := runs["a"] - runs["b"]; d < -100 || d > 100 {
			t.Errorf("runs did not take turns: %v", runs)
		}
	})
}

func TestRestartOfTheChannelKeepsTheLimit(t *testing.T) {
	for _, limit := range []int{1, 30, 200} {
		inBubble(t, actors.Limits{Push: limit}, gate.Deps{}, func(t *testing.T, w *world) {
			w.run("a", actors.RunActive)
			w.push("a", limit*10)
			for range 6 {
				time.Sleep(1370 * ms)
				w.restartChannel()
			}
			time.Sleep(3 * time.Second)
			at := w.times()
			if got := most(at); got > limit {
				t.Errorf("limit %d: %d started within one second", limit, got)
			}
			if got := len(at); got < limit*5-2 { // each restart costs up to 1.1 s, at small limits nearly that
				t.Errorf("limit %d: only %d started in 11 s with 6 restarts", limit, got)
			}
		})
	}
}

func TestLimitsChangeWhileRunning(t *testing.T) {
	inBubble(t, actors.Limits{Push: 100}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		w.push("a", 2000)
		time.Sleep(5 * time.Second)
		w.configure(actors.Limits{Push: 20})
		time.Sleep(5 * time.Second)
		w.configure(actors.Limits{Push: 200})
		time.Sleep(4 * time.Second)
		at := w.times()
		if got := most(slices.Clone(at[:within(at, 0, 5*time.Second)])); got > 100 || got < 98 {
			t.Errorf("%d within a second at limit 100", got)
		}
		if got := within(at, 6001*ms, 10*time.Second); got < 76 || got > 81 {
			t.Errorf("%d in 4 s at limit 20", got)
		}
		if got := within(at, 11*time.Second, 14*time.Second); got < 580 || got > 600 {
			t.Errorf("%d in 3 s at limit 200", got)
		}
		w.configure(actors.Limits{})
		time.Sleep(101 * ms)
		if got := len(w.times()); got != 2000 {
			t.Errorf("%d started of 2000 without a limit", got)
		}
		w.configure(actors.Limits{Push: 50})
		w.push("a", 1000)
		time.Sleep(2 * time.Second)
		late := w.times()[2000:]
		if n := within(late, 14202*ms, 15100*ms); n > 0 {
			t.Errorf("%d started before the calls without a limit were a second old", n)
		}
	})
}

func TestThrottledEndpointStops(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 4}, func(t *testing.T, w *world) {
		w.latency = 10 * ms
		w.run("a", actors.RunActive)
		w.set(func() {
			w.verdict = func(e provider.Endpoint) provider.Verdict {
				if e == provider.Push {
					return provider.Throttled
				}
				return provider.Accepted
			}
		})
		w.push("a", 100)
		w.park("a", 400, provider.Multicast, func(*gate.Wait) {})
		time.Sleep(16 * time.Second)
		var pushes []time.Duration
		multicasts := 0
		for _, s := range record(w, &w.starts) {
			if s.endpoint == provider.Multicast {
				multicasts++
				continue
			}
			if n := len(pushes); n == 0 || s.at-pushes[n-1] > 100*ms {
				pushes = append(pushes, s.at)
			}
		}
		if got := fmt.Sprint(pushes); got != "[0s 1.01s 3.02s 7.03s 15.04s]" {
			t.Errorf("pushes started at %s", got)
		}
		if multicasts != 400 {
			t.Errorf("%d of 400 multicasts started", multicasts)
		}
	})
}

func TestUnusedTokensFreeTheirPlaces(t *testing.T) {
	inBubble(t, actors.Limits{Push: 10}, gate.Deps{}, func(t *testing.T, w *world) {
		time.Sleep(10 * time.Second)
		w.refuse = true
		w.run("a", actors.RunActive)
		w.push("a", 30)
		time.Sleep(3 * time.Second)
		w.set(func() { w.refuse = false })
		w.push("a", 10)
		time.Sleep(1100 * ms)
		if n := len(w.times()); n != 10 {
			t.Errorf("%d started in 1.1 s, want 10: tokens that were given back hold places", n)
		}
	})
}
