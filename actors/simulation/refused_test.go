package simulation

import (
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
)

// TestProviderRefusesForHours: a call that surely did not leave leaves nothing in doubt, however often it is tried.
func TestProviderRefusesForHours(t *testing.T) {
	long(t)
	t.Parallel()
	for name, limits := range map[string]actors.Limits{"no limit": {}, "a slow channel": {Push: 2, Multicast: 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMission("refused", 12, 510)
			sc := scenario{seed: 21, dir: openDir(t.TempDir()), missions: []*mission{m}, limits: limits, mutate: away(3*time.Hour, true)}
			r := play(t, sc)
			report(t, r)
			noRedrive(t, r)
			if got := r.ended[m.id].Totals; got[actors.Delivered] != uint32(len(m.rows)) {
				t.Errorf("%v", got)
			}
			if r.took > 3*time.Hour+2*time.Minute {
				t.Errorf("took %v", r.took)
			}
		})
	}
}

// TestProviderRefusesForADay: at its window's deadline what was surely never taken goes back to the plan, and into a window of its own.
func TestProviderRefusesForADay(t *testing.T) {
	long(t)
	t.Parallel()
	m := newMission("refused", 1, 12)
	sc := scenario{seed: 22, dir: openDir(t.TempDir()), missions: []*mission{m}, mutate: away(24*time.Hour, true), bound: 30 * time.Hour}
	r := play(t, sc)
	report(t, r)
	noRedrive(t, r)
	if got := r.ended[m.id].Totals; got[actors.Delivered] != uint32(len(m.rows)) {
		t.Errorf("%v", got)
	}
	judgeDeadlines(t, r, m)
}

// judgeDeadlines: no call starts later than CallDeadline after the last window of its first recipient was opened.
func judgeDeadlines(t *testing.T, r result, m *mission) {
	t.Helper()
	users := usersOf(t, r, m)
	opened := map[string][]time.Duration{}
	for _, f := range facts[campaign.WindowOpened](t, r) {
		for _, p := range f.event.Paths {
			for i := p.Lo; i < p.Hi; i++ {
				opened[users[i]] = append(opened[users[i]], f.event.At.Sub(r.world.began))
			}
		}
	}
	for _, c := range r.world.calls {
		at := time.Duration(-1)
		for _, o := range opened[c.user] {
			if o <= c.at {
				at = o
			}
		}
		if at < 0 || c.at >= at+actors.CallDeadline {
			t.Errorf("a call started at %v, in a window of %v", c.at, at)
		}
	}
	if n := len(opened[users[0]]); n < 2 {
		t.Errorf("%d windows", n)
	}
}
