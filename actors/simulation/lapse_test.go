package simulation

import (
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
)

// lapsing is a run that is too slow for its time.
func lapsing(t *testing.T, n int, expire time.Duration) (scenario, *mission) {
	m := newMission(fmt.Sprintf("lapse-%d", n), 700, 0)
	m.expire = expire
	sc := scenario{seed: uint64(n), dir: openDir(t.TempDir()), missions: []*mission{m}, limits: actors.Limits{Push: 3, Multicast: 3}, chunk: 40,
		bound: 2 * time.Hour}
	sc.faults.Latency = time.Duration(20+n%5*400) * time.Millisecond
	return sc, m
}

// TestTimeRunsOutWhileItSends: what was never called expires, and what is in doubt is called until it is certain.
func TestTimeRunsOutWhileItSends(t *testing.T) {
	t.Parallel()
	const expire = 75 * time.Second
	for n := range 10 {
		sc, m := lapsing(t, n, expire)
		if n%2 == 1 {
			sc.faults.ErrorBefore, sc.faults.TimeoutAfter, sc.faults.Reset, sc.faults.Seed = 0.1, 0.05, 0.1, uint64(n)
		}
		r := play(t, sc)
		if report(t, r); t.Failed() {
			return
		}
		if called := judgeLapse(t, r, m, expire); n%2 == 0 {
			want := actors.Totals{actors.Delivered: called, actors.Expired: uint32(len(m.rows)) - called}
			if got := r.ended[m.id].Totals; got != want {
				t.Errorf("seed %d: %v, want %v", n, got, want)
			}
			noRedrive(t, r)
		}
	}
}

// TestTimeRunsOutOverDeaths: the process dies around the moment, or at a point after it; what was told and lost with it is in doubt.
func TestTimeRunsOutOverDeaths(t *testing.T) {
	t.Parallel()
	const expire = 20 * time.Second
	after := []crash{{"checker.persist.before", 150}, {"campaign.window.closed", 1}, {"checker.ack.before", 160}, {"poster.report.before", 90},
		{"journal.append.after", 200}}
	for n := range 20 {
		sc, m := lapsing(t, n, expire)
		sc.kills = []time.Duration{expire - time.Second + time.Duration(n)*211*time.Millisecond}
		if n%2 == 1 {
			sc.crashes = []crash{after[n/2%len(after)]}
		}
		r := play(t, sc)
		if report(t, r); t.Failed() {
			return
		}
		judgeLapse(t, r, m, expire)
	}
}

// judgeLapse counts who was called. Nobody was called for the first time after the time was over, but for whom a dead process was told to.
func judgeLapse(t *testing.T, r result, m *mission, expire time.Duration) (called uint32) {
	t.Helper()
	doubted, users := map[string]time.Duration{}, usersOf(t, r, m)
	for _, f := range facts[checker.Redriven](t, r) {
		for _, p := range f.event.Paths {
			for i := p.Lo; i < p.Hi; i++ {
				if _, before := doubted[users[i]]; !before {
					doubted[users[i]] = f.at
				}
			}
		}
	}
	seen, last := map[string]bool{}, expire+time.Second+actors.CancelPatience
	for _, c := range r.world.calls {
		if at, ok := doubted[c.user]; !seen[c.user] && c.at > last && (!ok || at > c.at) {
			t.Errorf("seed %d: the first call of a recipient started at %v, it was too late from %v on", r.world.sc.seed, c.at, expire)
		}
		seen[c.user] = true
	}
	got := r.ended[m.id]
	if got.Totals[actors.Expired] == 0 || got.Totals[actors.Unknown] != 0 || got.Totals[actors.Delivered]+got.Totals[actors.Expired] != uint32(len(m.rows)) {
		t.Errorf("seed %d: %v %v, %d were called", r.world.sc.seed, got.State, got.Totals, len(seen))
	}
	return uint32(len(seen))
}
