package channel

import (
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

func TestBreakerOpens(t *testing.T) {
	tests := []struct {
		name string
		do   func(b *breaker)
		want breakerState
	}{
		{"nothing", func(*breaker) {}, breakerClosed},
		{"too few calls", func(b *breaker) { b.count(0, 0, 19, 0) }, breakerClosed},
		{"half of twenty", func(b *breaker) { b.count(0, 10, 10, 0) }, breakerOpen},
		{"less than half", func(b *breaker) { b.count(0, 11, 10, 0) }, breakerClosed},
		{"of both endpoints", func(b *breaker) { b.count(0, 10, 0, 0); b.count(1, 0, 10, 0) }, breakerOpen},
		{"fine ones long ago", func(b *breaker) { b.count(0, 1000, 0, 0); b.count(0, 0, 20, 10*time.Second) }, breakerOpen},
		{"fine ones of the last 10 s", func(b *breaker) { b.count(0, 1000, 0, 0); b.count(0, 0, 20, 9*time.Second) }, breakerClosed},
		{"failed ones long ago", func(b *breaker) { b.count(0, 0, 19, 0); b.count(0, 0, 1, 11*time.Second) }, breakerClosed},
	}
	for _, tt := range tests {
		b := breaker{state: breakerClosed}
		tt.do(&b)
		now := time.Duration(0)
		for _, k := range b.counts {
			now = max(now, time.Duration(k.second)*time.Second)
		}
		if b.told(actors.WantTokens{}, now); b.state != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, b.state, tt.want)
		}
	}
}

// failing is a granter whose breaker has opened at 2 s.
func failing(l actors.Limits) *granter {
	g := ready(l, "a")
	g.report(actors.WantTokens{Fine: [2]int{400}, Failed: [2]int{400}}, 2*time.Second)
	return &g
}

// asked is what a gate is granted for two runs' calls of both endpoints.
func asked(g *granter, gate string, now time.Duration, told actors.WantTokens) actors.Tokens {
	told.Gate, told.Seq = gate, uint64(now)
	told.Waiting = []actors.RunWaiting{{Campaign: "c", Run: "a", Push: 9, Multicast: 9}}
	k, fresh := g.gates.hear(gate, told.Seq, now)
	if fresh {
		g.report(told, now)
	}
	t, _ := g.tokens(told, k, false, now)
	return t
}

// TestOneTrialAtATime: over all gates and both endpoints, until it is told what came of it.
func TestOneTrialAtATime(t *testing.T) {
	for _, l := range []actors.Limits{{}, actors.LINELimits} {
		g := failing(l)
		trials := 0
		ask := func(gate string, at time.Duration, told actors.WantTokens, want string) {
			t.Helper()
			got := asked(g, gate, at, told)
			for _, gr := range got.Grants {
				if !gr.Trial || gr.Open || gr.N != 1 {
					t.Errorf("%v: %+v is no trial", at, gr)
				}
				trials++
			}
			if s := fmt.Sprint(len(got.Grants), " ", got.Again); s != want {
				t.Errorf("%v: %s, want %s", at, s, want)
			}
		}
		none := actors.WantTokens{}
		ask("g", 2*time.Second, none, "0 1s")
		ask("g", 2900*time.Millisecond, none, "0 100ms")
		ask("g", 3*time.Second, none, "1 100ms")
		first := g.last
		ask("h", 3001*time.Millisecond, none, "0 100ms")
		late := actors.WantTokens{Failed: [2]int{50}, Fine: [2]int{3}, Tried: []actors.Tried{{Grant: first - 1, Failed: true}}}
		ask("h", 3200*time.Millisecond, late, "0 100ms") // of calls that began before
		unused := actors.WantTokens{Spent: []actors.Spent{{Grant: first, Unused: 1}}}
		ask("g", 3300*time.Millisecond, unused, "1 100ms")
		second := g.last
		ask("g", 4*time.Second, actors.WantTokens{Tried: []actors.Tried{{Grant: second, Failed: true}}}, "0 2s")
		ask("h", 6*time.Second, none, "1 100ms")
		ask("g", 6*time.Second+breakerTrial-1, none, "0 100ms") // nothing is heard of it
		ask("g", 6*time.Second+breakerTrial, none, "1 100ms")
		if trials != 4 {
			t.Errorf("%d trials", trials)
		}
	}
}

func TestTrialsComeLessOften(t *testing.T) {
	g, now := failing(actors.Limits{}), 2*time.Second
	var waits []time.Duration
	for range 8 {
		wait := asked(g, "g", now, actors.WantTokens{Tried: []actors.Tried{{Grant: g.last, Failed: true}}}).Again
		waits = append(waits, wait)
		if now += wait; len(asked(g, "g", now, actors.WantTokens{}).Grants) != 1 {
			t.Fatalf("no trial at %v", now)
		}
		now += time.Millisecond
	}
	if got := fmt.Sprint(waits); got != "[1s 2s 4s 8s 16s 30s 30s 30s]" {
		t.Errorf("before the trials %s", got)
	}
}

// TestRateGrowsAgain: from a tenth to the limit, and where there is none to the rate before.
func TestRateGrowsAgain(t *testing.T) {
	for _, tt := range []struct {
		limits actors.Limits
		want   string
	}{
		{actors.Limits{Push: 2000, Multicast: 5}, "[200/1 400/2 800/4 1600/5 2000/5 2000/5]"},
		{actors.Limits{}, "[8/1 16/2 32/4 64/8 0/0 0/0]"}, // 80 a second before, and 10 at least
	} {
		g := failing(tt.limits)
		asked(g, "g", 2500*time.Millisecond, actors.WantTokens{Failed: [2]int{90, 90}}) // of calls that began before
		if got := asked(g, "g", 3*time.Second, actors.WantTokens{}); len(got.Grants) != 1 {
			t.Fatalf("no trial: %+v", got)
		}
		asked(g, "g", 4*time.Second, actors.WantTokens{Tried: []actors.Tried{{Grant: g.last}}})
		var rates []string
		for s := range 6 {
			asked(g, "g", time.Duration(4+s)*time.Second+time.Millisecond, actors.WantTokens{})
			rate := func(e provider.Endpoint) int {
				if l := g.limiters[e].log; l != nil {
					return l.limit
				}
				return 0
			}
			rates = append(rates, fmt.Sprintf("%d/%d", rate(provider.Push), rate(provider.Multicast)))
		}
		if got := fmt.Sprint(rates); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.limits, got, tt.want)
		}
		if g.breaker.state != breakerClosed || g.breaker.ramping {
			t.Errorf("%+v", g.breaker)
		}
	}
}

// TestLimitsChangeWhileTheRateGrows: the new limit is what it grows to.
func TestLimitsChangeWhileTheRateGrows(t *testing.T) {
	g := failing(actors.Limits{Push: 2000, Multicast: 200})
	asked(g, "g", 3*time.Second, actors.WantTokens{})
	asked(g, "g", 4*time.Second, actors.WantTokens{Tried: []actors.Tried{{Grant: g.last}}})
	g.change(actors.Limits{Push: 100, Multicast: 200}, 4500*time.Millisecond)
	if got := g.limiters[provider.Push].log.limit; got != 10 {
		t.Errorf("%d a second, want a tenth of the new limit", got)
	}
	asked(g, "g", 8*time.Second, actors.WantTokens{})
	if got := g.limiters[provider.Push].log.limit; got != 100 {
		t.Errorf("%d a second in the end", got)
	}
}
