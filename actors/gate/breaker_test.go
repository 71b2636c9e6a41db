package gate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
)

// describe is what the channel says to the campaign of run a.
func (w *world) describe() actors.ChannelInfo {
	w.t.Helper()
	m := actors.DescribeChannel{Standing: actors.RunStanding{Campaign: "c", Run: "a", Standing: actors.RunActive}}
	info, err := engine.Ask[actors.ChannelInfo](w.t.Context(), w.channel(), actors.ChannelMsg(m))
	if err != nil {
		w.t.Fatal(err)
	}
	return info
}

func always(v provider.Verdict) func(provider.Endpoint) provider.Verdict {
	return func(provider.Endpoint) provider.Verdict { return v }
}

// TestBreakerStopsAChannelThatFails, tries one call at a time, and lets the rate grow again.
func TestBreakerStopsAChannelThatFails(t *testing.T) {
	for _, verdict := range []provider.Verdict{provider.Doubtful, provider.Unsent} {
		inBubble(t, actors.Limits{Push: 200}, gate.Deps{}, func(t *testing.T, w *world) {
			w.latency = 10 * ms
			w.verdict = always(verdict)
			w.run("a", actors.RunActive)
			w.push("a", 4000)
			time.Sleep(70 * time.Second)
			at := w.times()
			opened := slices.IndexFunc(at, func(d time.Duration) bool { return d >= time.Second })
			if opened < 20 || opened > 40 || at[opened-1] > 200*ms {
				t.Errorf("%d calls before it opened, the last at %v", opened, at[opened-1])
			}
			base := at[opened] - time.Second // when it was told of the twentieth failure
			var trials []time.Duration
			for _, d := range at[opened:] {
				trials = append(trials, d-base)
			}
			if got := fmt.Sprint(trials); got != "[1s 3.01s 7.02s 15.03s 31.04s 1m1.05s]" || base < at[19]+10*ms || base > at[19]+30*ms {
				t.Errorf("tried at %s after %v", got, base)
			}
			if b := w.describe(); b.Breaker.State != "open" || b.Breaker.Since.Sub(w.began) != at[len(at)-1]+10*ms || !b.Waiting || b.Paused != "" {
				t.Errorf("described as %+v", b)
			}
			w.set(func() { w.verdict = nil })
			time.Sleep(31 * time.Second)
			late := w.times()[len(at):]
			closed := late[0] + 10*ms
			if closed != at[len(at)-1]+30*time.Second+20*ms {
				t.Errorf("closed at %v", closed)
			}
			time.Sleep(closed + 10*time.Second - time.Since(w.began))
			late = w.times()[len(at)+1:]
			var rates []int
			for s := range 7 {
				rates = append(rates, within(late, closed+time.Duration(s)*time.Second, closed+time.Duration(s+1)*time.Second))
			}
			for s, want := range []int{20, 40, 80, 160, 200, 200, 200} {
				if n := rates[s]; n > want || n < want*9/10-2 {
					t.Errorf("after it closed %v a second, want about %d in second %d", rates, want, s)
				}
			}
			if b := w.describe().Breaker; b.State != "closed" || b.Since.Sub(w.began) != closed {
				t.Errorf("described as %+v", b)
			}
			if got := most(w.times()); got > 200 {
				t.Errorf("%d within a second", got)
			}
		})
	}
}

// TestLateTimeoutsAreNoNews: what began before the breaker was open ends when it has closed long since, and opens it no more.
func TestLateTimeoutsAreNoNews(t *testing.T) {
	inBubble(t, actors.Limits{Push: 200}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		w.verdict, w.latency = always(provider.Doubtful), 10*time.Second
		w.push("a", 20) // they hang
		time.Sleep(time.Second)
		w.set(func() { w.latency = 10 * ms })
		w.push("a", 24)
		time.Sleep(500 * ms)
		w.set(func() { w.verdict = nil })
		w.push("a", 2)
		time.Sleep(2 * time.Second)
		closed := w.describe().Breaker
		if closed.State != "closed" || closed.Since.IsZero() {
			t.Fatalf("%+v", closed)
		}
		time.Sleep(10 * time.Second)
		if b := w.describe().Breaker; b != closed || len(w.times()) != 46 {
			t.Errorf("%+v after %d calls, want %+v", b, len(w.times()), closed)
		}
	})
}

// TestRefusalsDontOpenTheBreaker: a provider that answers works, whatever it answers.
func TestRefusalsDontOpenTheBreaker(t *testing.T) {
	for _, verdict := range []provider.Verdict{provider.Refused, provider.Accepted} {
		inBubble(t, actors.Limits{Push: 200}, gate.Deps{}, func(t *testing.T, w *world) {
			w.verdict = always(verdict)
			w.run("a", actors.RunActive)
			w.push("a", 1000)
			time.Sleep(6 * time.Second)
			if n := len(w.times()); n != 1000 {
				t.Errorf("%d calls of 1000", n)
			}
			if b := w.describe().Breaker; b.State != "closed" || !b.Since.IsZero() {
				t.Errorf("%+v", b)
			}
		})
	}
}

// TestWaitingForTheBreakerIsNoSilence: what waits while it is open is known to the channel all the time, so that no campaign takes its calls
// for lost.
func TestWaitingForTheBreakerIsNoSilence(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 50}, func(t *testing.T, w *world) {
		w.latency = 10 * ms
		w.verdict = always(provider.Doubtful)
		w.run("a", actors.RunActive)
		w.push("a", 1000)
		for range 10 * 60 {
			time.Sleep(time.Second)
			if b := w.describe(); !b.Waiting {
				t.Fatalf("after %v: %+v", time.Since(w.began), b)
			}
		}
		if n := within(w.times(), time.Second, 10*time.Minute); n < 20 || n > 25 {
			t.Errorf("%d calls in 10 minutes", n)
		}
	})
}

// TestLimitsApplyWithinASecond: of a run that sends, up and down.
func TestLimitsApplyWithinASecond(t *testing.T) {
	inBubble(t, actors.Limits{Push: 50}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		w.push("a", 2000)
		time.Sleep(5 * time.Second)
		w.configure(actors.Limits{Push: 200})
		time.Sleep(2 * time.Second)
		w.configure(actors.Limits{Push: 10})
		time.Sleep(3 * time.Second)
		at := w.times()
		if n := within(at, 5*time.Second, 6*time.Second); n < 140 {
			t.Errorf("%d in the second after the limit was raised to 200", n)
		}
		if n := within(at, 8*time.Second, 10*time.Second); n < 19 || n > 21 {
			t.Errorf("%d in 2 s, from a second after the limit was lowered to 10", n)
		}
	})
}
