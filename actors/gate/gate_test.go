package gate_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
)

const ms = time.Millisecond

// inBubble runs a test with a world in virtual time.
func inBubble(t *testing.T, l actors.Limits, deps gate.Deps, f func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(t, l, deps)) })
}

func TestStartsAtOnceWithoutALimit(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		w.push("a", 3)
		synctest.Wait()
		if got := fmt.Sprint(w.times()); got != "[0s 0s 0s]" {
			t.Errorf("started at %s", got)
		}
	})
}

func TestHoldStopsStarts(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 10}, func(t *testing.T, w *world) {
		w.latency = 10 * ms
		w.run("a", actors.RunActive)
		w.push("a", 2000)
		w.park("a", 5, provider.Push, func(m *gate.Wait) { m.Untried, m.NotBefore = false, w.began.Add(time.Second) })
		time.Sleep(995 * ms)
		w.run("a", actors.RunHeld)
		synctest.Wait()
		held := 995 * ms
		time.Sleep(3 * time.Second)
		at := w.times()
		if n := within(at, held+100*ms, time.Hour); n > 0 {
			t.Errorf("%d calls started later than a token lives after the hold", n)
		}
		back := record(w, &w.gaveBack)
		if want := 2000 - len(at); len(back) != want {
			t.Errorf("%d were asked to give back, want %d", len(back), want)
		}
		if len(slices.Compact(slices.Sorted(slices.Values(back)))) != len(back) {
			t.Error("somebody was asked twice in one hold")
		}
		w.run("a", actors.RunActive)
		time.Sleep(200 * ms)
		if n := len(w.times()) - len(at); n != 5 {
			t.Errorf("%d started after the hold, want the 5 that can't be given back", n)
		}
	})
}

func TestEachHoldAsksOnce(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunHeld)
		w.park("a", 1, provider.Push, func(m *gate.Wait) { m.NotBefore = w.began.Add(time.Hour) })
		time.Sleep(time.Second)
		if n := len(record(w, &w.gaveBack)); n != 1 {
			t.Fatalf("a held waiter of later was asked %d times", n)
		}
		w.push("a", 1)
		time.Sleep(time.Second)
		if n := len(record(w, &w.gaveBack)); n != 2 {
			t.Errorf("%d asked after one more came in the hold, want 2", n)
		}
		w.run("a", actors.RunActive)
		w.push("a", 1)
		time.Sleep(time.Second)
		if back, started := len(record(w, &w.gaveBack)), len(w.times()); back != 2 || started != 1 {
			t.Errorf("after the hold %d gave back and %d started, want 2 and 1", back, started)
		}
	})
}

func TestAWaiterThatStaysIsAskedInEachHold(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 1}, func(t *testing.T, w *world) {
		w.keep, w.latency = true, 20*time.Second
		w.run("a", actors.RunActive)
		w.push("a", 2)
		synctest.Wait() // one is in flight
		for range 3 {
			w.run("a", actors.RunHeld)
			time.Sleep(2 * time.Second)
			w.run("a", actors.RunActive)
			time.Sleep(2 * time.Second)
		}
		if n := len(record(w, &w.gaveBack)); n != 3 {
			t.Errorf("asked %d times in 3 holds", n)
		}
	})
}

func TestRunOverDropsWaiters(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 1}, func(t *testing.T, w *world) {
		w.latency = time.Hour
		w.run("a", actors.RunActive)
		w.run("b", actors.RunActive)
		w.push("a", 5)
		w.push("b", 1)
		w.park("a", 1, provider.Multicast, func(m *gate.Wait) { m.NotBefore = w.began.Add(time.Hour) })
		synctest.Wait()
		w.run("a", actors.RunOver)
		time.Sleep(time.Second)
		if n := len(record(w, &w.dropped)); n != 5 {
			t.Errorf("%d waiters dropped, want 5", n)
		}
	})
}

func TestUnauthorizedStopsAtOnce(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 8}, func(t *testing.T, w *world) {
		w.latency = 20 * ms
		w.run("a", actors.RunActive)
		w.push("a", 1000)
		time.Sleep(195 * ms)
		w.set(func() {
			w.verdict = func(provider.Endpoint) provider.Verdict { return provider.Unauthorized }
			w.quotaErr = fmt.Errorf("401")
		})
		time.Sleep(2 * time.Second)
		at := w.times()
		if n := within(at, 221*ms, time.Hour); n > 0 {
			t.Errorf("%d calls started after the first refusal was known", n)
		}
		if got := record(w, &w.states); len(got) != 2 || got[1] == "" {
			t.Errorf("the campaign was told %q", got)
		}
		if n := len(record(w, &w.gaveBack)); n != 1000-len(at) {
			t.Errorf("%d were asked to give back", n)
		}
		w.set(func() { w.verdict, w.quotaErr = nil, nil })
		w.push("a", 10)
		time.Sleep(2 * time.Second)
		if n := len(w.times()) - len(at); n != 0 && n != 10 {
			t.Errorf("%d started after the probe's resume", n)
		}
		if got := record(w, &w.states); got[len(got)-1] != "" {
			t.Errorf("the campaign was not told of the end: %q", got)
		}
	})
}

func TestNotBeforeAndDeadline(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		w.park("a", 1, provider.Push, func(m *gate.Wait) { m.NotBefore = w.began.Add(1234 * ms) })
		w.park("a", 1, provider.Push, func(m *gate.Wait) { m.NotBefore = w.began.Add(777 * ms) })
		w.park("a", 1, provider.Push, func(m *gate.Wait) { m.Deadline = w.began })
		w.park("a", 1, provider.Push, func(m *gate.Wait) { m.Deadline = w.began.Add(time.Second); m.NotBefore = w.began.Add(2 * time.Second) })
		time.Sleep(10 * time.Second)
		if got := fmt.Sprint(w.times()); got != "[777ms 1.234s]" {
			t.Errorf("started at %s", got)
		}
		if n := len(record(w, &w.gaveBack)); n != 2 {
			t.Errorf("%d were told that they are too late, want 2", n)
		}
	})
}

func TestOrderAndWithdraw(t *testing.T) {
	inBubble(t, actors.Limits{Push: 10}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		w.push("a", 6)
		synctest.Wait()
		first := w.waits["shop/a-0-0"]
		third := w.waits["shop/a-0-2"]
		w.gates.Of("shop").Tell(gate.Withdraw{Run: "a", Path: third.Path, Poster: third.Poster})
		w.gates.Of("shop").Tell(gate.Withdraw{Run: "none", Path: third.Path, Poster: third.Poster})
		w.gates.Of("shop").Tell(first) // waits anew: at its place
		time.Sleep(3 * time.Second)
		var order []string
		for _, s := range record(w, &w.starts) {
			order = append(order, s.poster)
		}
		if got := fmt.Sprint(order); got != "[shop/a-0-0 shop/a-0-1 shop/a-0-3 shop/a-0-4 shop/a-0-5]" {
			t.Errorf("order %s", got)
		}
	})
}

func TestSuspension(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 5}, func(t *testing.T, w *world) {
		w.latency = 10 * ms
		w.run("a", actors.RunActive)
		w.push("a", 1000)
		time.Sleep(505 * ms)
		w.gates.Suspend("clock is 6 minutes off")
		before := len(w.times())
		time.Sleep(5 * time.Second)
		if n := len(w.times()) - before; n > 0 || w.gates.Suspended() == "" {
			t.Errorf("%d started while suspended", n)
		}
		w.gates.Resume()
		time.Sleep(11 * ms)
		if n := len(w.times()) - before; n < 5 || n > 10 || w.gates.Suspended() != "" {
			t.Errorf("%d started in the 11 ms after the suspension, want 5 to 10", n)
		}
	})
}

func TestInFlightIsBounded(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 7}, func(t *testing.T, w *world) {
		w.latency = time.Second
		w.run("a", actors.RunActive)
		w.push("a", 100)
		time.Sleep(2500 * ms)
		if n := len(w.times()); n != 21 {
			t.Errorf("%d started in 2.5 s with 7 in flight for 1 s each, want 21", n)
		}
	})
}

func TestTokensOfLostPostersComeBack(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 3}, func(t *testing.T, w *world) {
		w.unheard = true
		w.run("a", actors.RunActive)
		w.push("a", 5)
		time.Sleep(provider.Timeout) // they could still be told of
		w.set(func() { w.unheard = false })
		time.Sleep(20 * time.Second)
		if n := len(w.times()); n != 2 {
			t.Errorf("%d started, want the 2 that waited behind the lost ones", n)
		}
	})
}

func TestChannelAwayAndBack(t *testing.T) {
	inBubble(t, actors.Limits{Push: 100}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		time.Sleep(5 * time.Second)
		for range 20 {
			w.restartChannel() // the pauses between activations grow
		}
		w.push("a", 10)
		time.Sleep(30 * time.Second)
		if n := len(w.times()); n != 10 {
			t.Errorf("%d started of 10", n)
		}
	})
}

// TestAsksAreFew: a busy gate without limits asks less than once in 256 calls.
func TestAsksAreFew(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 64}, func(t *testing.T, w *world) {
		w.latency = 10 * ms // 6400 calls a second
		w.run("a", actors.RunActive)
		w.run("b", actors.RunActive)
		w.push("a", 10000)
		w.push("b", 10000)
		received := func() uint64 {
			for _, k := range w.sys.Stats() {
				if k.Kind == actors.Channels.Name() {
					return k.Received
				}
			}
			return 0
		}
		before := received()
		for range 3000 {
			w.gates.Of("shop").Tell(gate.Freed{Run: "a", Window: 1, Bytes: 500})
			time.Sleep(ms)
		}
		calls, asks := len(w.times()), received()-before
		if calls < 18000 || asks == 0 || calls < 256*int(asks) {
			t.Errorf("%d questions for %d calls", asks, calls)
		}
	})
}

func TestFreedDemandIsGrantedAgain(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{}, func(t *testing.T, w *world) {
		w.run("a", actors.RunActive)
		for i, bytes := range []int{actors.DefaultDemand, 1000, 1 << 20} {
			window := uint32(i + 1)
			w.channel().Tell(actors.WantDemand{
				Composer: actors.ComposerID("a", window), Campaign: "c", Run: "a", Window: window, Bytes: bytes,
			})
		}
		time.Sleep(time.Second)
		w.gates.Of("shop").Tell(gate.Freed{Run: "a", Window: 1, Bytes: 600})
		time.Sleep(10 * ms)
		w.gates.Of("shop").Tell(gate.Freed{Run: "a", Window: 1, Bytes: 400})
		time.Sleep(990 * ms)
		w.gates.Of("shop").Tell(gate.Freed{Run: "a", Window: 1, Bytes: 1 << 20}) // so much is told at once
		time.Sleep(time.Second)
		if got := fmt.Sprint(record(w, &w.granted)); got != "[0s 1.05s 2s]" {
			t.Errorf("granted at %s", got)
		}
	})
}

// TestUnusedTokensMakeRoom: what a poster gives back goes to the next at once.
func TestUnusedTokensMakeRoom(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{MaxInFlight: 1}, func(t *testing.T, w *world) {
		w.refuses = "shop/a-0-1"
		w.run("held", actors.RunHeld) // so that there is no question meanwhile
		w.park("held", 1, provider.Push, func(m *gate.Wait) { m.Untried = false })
		w.push("a", 5)
		w.run("a", actors.RunActive)
		time.Sleep(time.Second)
		at := w.times()
		if got := fmt.Sprint(at); got != "[100ms 100ms 100ms 100ms]" { // when the first token came
			t.Errorf("behind the one that gave its token back started %s", got)
		}
	})
}
