package simulation

import (
	"context"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// absent is a provider that is not there for a while.
type absent struct {
	provider.Provider
	in      *incarnation
	until   time.Duration
	refuses bool // at once, and surely nothing left; else it never answers
}

// Send implements provider.Provider.
func (a absent) Send(ctx context.Context, c provider.Call) provider.Answer {
	w := a.in.w
	if w.now() >= a.until {
		return a.Provider.Send(ctx, c)
	}
	if a.in.dead.Load() {
		return provider.Answer{Verdict: provider.Unsent}
	}
	w.mu.Lock()
	w.calls = append(w.calls, call{at: w.now(), endpoint: int(c.Endpoint), user: c.To[0], n: len(c.To)})
	w.mu.Unlock()
	if a.refuses {
		return provider.Answer{Verdict: provider.Unsent, Reason: "connection refused"}
	}
	ctx, cancel := context.WithTimeout(ctx, provider.Timeout)
	defer cancel()
	<-ctx.Done()
	return provider.Answer{Verdict: provider.Doubtful, Reason: "no answer"}
}

func away(until time.Duration, refuses bool) mutation {
	return mutation{provider: func(in *incarnation, p provider.Provider) provider.Provider { return absent{p, in, until, refuses} }}
}

// TestProviderIsAwayForADay: what has no certain answer is sent again under the same keys for 22 h 50 min, and is unknown after 23 h.
func TestProviderIsAwayForADay(t *testing.T) {
	long(t)
	for name, kills := range map[string][]time.Duration{"nobody dies": nil, "deaths": {time.Minute, 9 * time.Hour, 22*time.Hour + 51*time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMission("away", 3, 510)
			sc := scenario{seed: 3, dir: openDir(t.TempDir()), missions: []*mission{m}, mutate: away(48*time.Hour, false), kills: kills}
			r := play(t, sc)
			report(t, r)
			if got := r.ended[m.id]; got.Totals[actors.Unknown] != uint32(len(m.rows)) {
				t.Errorf("%v %v", got.State, got.Totals)
			}
			started := r.ended[m.id].StartedAt.Sub(r.world.began)
			if last := r.world.calls[len(r.world.calls)-1].at; last > started+actors.CallDeadline || last < started+actors.CallDeadline-5*time.Minute {
				t.Errorf("the last call started %v after the window was opened", last-started)
			}
			if r.took > started+actors.GiveUpAfter+2*time.Minute {
				t.Errorf("over after %v", r.took)
			}
		})
	}
}

// TestProviderComesBack: within the time everything is delivered once, whatever was tried meanwhile.
func TestProviderComesBack(t *testing.T) {
	long(t)
	for name, x := range map[string]struct {
		until   time.Duration
		refuses bool
	}{"no answer for 20 h": {20 * time.Hour, false}, "refused for 20 h": {20 * time.Hour, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMission("back", 3, 510)
			sc := scenario{seed: 4, dir: openDir(t.TempDir()), missions: []*mission{m}, mutate: away(x.until, x.refuses)}
			sc.kills = []time.Duration{5 * time.Hour}
			r := play(t, sc)
			report(t, r)
			if got := r.ended[m.id]; got.Totals[actors.Delivered] != uint32(len(m.rows)) {
				t.Errorf("%v %v", got.State, got.Totals)
			}
		})
	}
}
