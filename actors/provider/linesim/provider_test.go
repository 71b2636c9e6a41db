package linesim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

func TestProviderConforms(t *testing.T) {
	providertest.Run(t, func(_ *testing.T, o linesim.Options) providertest.Lab {
		sim := linesim.New(o)
		return providertest.Lab{Provider: sim.Provider("token"), Sim: sim}
	})
}

func mustFaults(t *testing.T, spec string) linesim.Faults {
	t.Helper()
	f, err := linesim.ParseFaults(spec)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// In a bubble every time is exact: latency, the end of patience, a slow decision after the client left.
func TestProviderInVirtualTime(t *testing.T) {
	tests := []struct {
		faults     string
		want       provider.Verdict
		takes      time.Duration
		deliveries int // when the call returns
	}{
		{"", provider.Accepted, 0, 1},
		{"latency=120ms", provider.Accepted, 120 * time.Millisecond, 1},
		{"slow=1:2s,latency=1s", provider.Accepted, 3 * time.Second, 1},
		{"timeout-after=1", provider.Doubtful, provider.Timeout, 1},
		{"slow=1:31s", provider.Doubtful, provider.Timeout, 0},
		{"latency=31s", provider.Doubtful, provider.Timeout, 1},
	}
	for _, tc := range tests {
		t.Run(tc.faults, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := linesim.New(linesim.Options{Faults: mustFaults(t, tc.faults)})
				start := time.Now()
				answer := sim.Provider("token").Send(t.Context(), providertest.Push(1, "x"))
				if took := time.Since(start); answer.Verdict != tc.want || took != tc.takes {
					t.Errorf("got %+v after %s, want verdict %d after %s", answer, took, tc.want, tc.takes)
				}
				if n := sim.Ledger().Deliveries; n != tc.deliveries {
					t.Errorf("%d deliveries at once, want %d", n, tc.deliveries)
				}
				time.Sleep(time.Minute) // virtual
				if n := sim.Ledger().Deliveries; n != 1 {
					t.Errorf("%d deliveries in the end, want 1", n)
				}
			})
		})
	}
}

func TestKeysLiveADayFromTheFirstRequest(t *testing.T) {
	for _, tc := range []struct {
		name   string
		faults string // of the first request
		after  time.Duration
		want   int // deliveries in the end
	}{
		{"accepted, within", "", linesim.KeyLife - 1, 1},
		{"accepted, past", "", linesim.KeyLife, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := linesim.New(linesim.Options{Faults: mustFaults(t, tc.faults)})
				p := sim.Provider("token")
				p.Send(t.Context(), providertest.Push(1, "x"))
				sim.SetFaults(linesim.Faults{})
				time.Sleep(tc.after)
				if answer := p.Send(t.Context(), providertest.Push(1, "x")); answer.Verdict != provider.Accepted {
					t.Errorf("got %+v", answer)
				}
				if l := sim.Ledger(); l.Deliveries != tc.want || l.Duplicates != tc.want-1 {
					t.Errorf("got %+v, want %d deliveries", l, tc.want)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		sim := linesim.New(linesim.Options{Faults: mustFaults(t, "500-before=1")})
		p := sim.Provider("token")
		p.Send(t.Context(), providertest.Push(1, "x")) // starts the key's life, is not accepted
		sim.SetFaults(linesim.Faults{})
		time.Sleep(23 * time.Hour)
		p.Send(t.Context(), providertest.Push(1, "x"))
		time.Sleep(2 * time.Hour) // 25 h after the first request, 2 h after the acceptance
		p.Send(t.Context(), providertest.Push(1, "x"))
		if l := sim.Ledger(); l.Deliveries != 2 {
			t.Errorf("got %+v: the life must start with the first request", l)
		}
	})
}

// The bucket holds one second's worth: a burst of the limit passes, and then exactly the limit in every second.
func TestRateRefillsContinuously(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := linesim.New(linesim.Options{})
		p, other := sim.Provider("token"), sim.Provider("other")
		n := 0
		burst := func(p provider.Provider, calls int) (accepted int) {
			for range calls {
				n++
				if p.Send(t.Context(), providertest.Multicast(1, string(rune(n+0x4E00)))).Verdict == provider.Accepted {
					accepted++
				}
			}
			return accepted
		}
		if got := burst(p, 300); got != linesim.MulticastPerSecond {
			t.Errorf("a burst got %d through, want %d", got, linesim.MulticastPerSecond)
		}
		time.Sleep(100 * time.Millisecond)
		if got := burst(p, 300); got != linesim.MulticastPerSecond/10 {
			t.Errorf("100 ms later %d got through, want %d", got, linesim.MulticastPerSecond/10)
		}
		if got := burst(other, 300); got != linesim.MulticastPerSecond {
			t.Errorf("another channel got %d through, want %d", got, linesim.MulticastPerSecond)
		}
		time.Sleep(time.Hour)
		if got := burst(p, 300); got != linesim.MulticastPerSecond {
			t.Errorf("after an hour %d got through, want %d", got, linesim.MulticastPerSecond)
		}
		if got := sim.Ledger().Throttled; got != 100+280+100+100 {
			t.Errorf("%d throttled, want 580", got)
		}
	})
}
