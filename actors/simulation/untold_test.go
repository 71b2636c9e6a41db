package simulation

import (
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
)

// TestOtherBytesWithinALittleDemand: what a composer was granted for paths that it gives back is free for the next.
func TestOtherBytesWithinALittleDemand(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		chunk   int
		altered float64
	}{{0, 0.6}, {20, 0.6}, {20, 1}, {2, 0.6}} {
		t.Run(fmt.Sprint(x), func(t *testing.T) {
			t.Parallel()
			m := newMission("little demand", 2000, 0)
			r := play(t, scenario{seed: 11, dir: openDir(t.TempDir()), missions: []*mission{m}, altered: x.altered, chunk: x.chunk, budget: 64 << 10, bound: time.Hour})
			report(t, r)
			if got := r.ended[m.id].Totals; got[actors.Delivered] != uint32(len(m.rows)) {
				t.Errorf("%v", got)
			}
			noRedrive(t, r)
			if most := 5 * time.Minute; r.took > most {
				t.Errorf("took %v", r.took)
			}
		})
	}
}

// TestManyRunsOnASlowChannel: runs that wait their turn are not silent, though it takes more than StallAfter to come round, and a cancel
// puts no more in doubt than what is being called.
func TestManyRunsOnASlowChannel(t *testing.T) {
	long(t)
	t.Parallel()
	for _, x := range []struct{ runs, rows, limit, budget int }{{24, 300, 1, 0}, {24, 300, 2, 0}, {80, 40, 1, 0}, {24, 300, 1, 8 << 10}} {
		t.Run(fmt.Sprint(x), func(t *testing.T) {
			t.Parallel()
			sc := scenario{seed: 12, dir: openDir(t.TempDir()), limits: actors.Limits{Push: x.limit, Multicast: x.limit}, budget: x.budget, bound: time.Hour}
			sc.faults.Latency = 50 * time.Millisecond
			for n := range x.runs {
				m := newMission(fmt.Sprintf("turn-%d", n), x.rows, 0)
				m.orders = []order{{12 * time.Minute, cancel}} // the rest would take hours
				sc.missions = append(sc.missions, m)
			}
			sc.missions[7].orders = []order{{10 * time.Minute, cancel}}
			r := play(t, sc)
			report(t, r)
			noRedrive(t, r)
			for _, m := range sc.missions {
				if got := r.ended[m.id].Totals; got[actors.Unknown] > 2 || got[actors.Delivered] == 0 {
					t.Errorf("%s: %v", m.name, got)
				}
			}
		})
	}
}

// TestLostDemandIsMissedForAWhile: posters that are lost with their commands keep what those were granted; the run doesn't wait for it
// for good, however small the budget.
func TestLostDemandIsMissedForAWhile(t *testing.T) {
	t.Parallel()
	dir := openDir(t.TempDir())
	for n := range 6 {
		m := newMission(fmt.Sprintf("lost demand %d", n), 400, 600)
		sc := scenario{seed: uint64(n), dir: dir, missions: []*mission{m}, chunk: 10, budget: 32 << 10, panics: true, mutate: mutation{poster: loseDispatches},
			bound: 3 * time.Hour}
		r := play(t, sc)
		report(t, r)
		if got := r.ended[m.id].Totals; got[actors.Delivered] != uint32(len(m.rows)) {
			t.Errorf("seed %d: %v", n, got)
		}
	}
}

// TestCancelPutsOnlyCallsInDoubt: a window is told piece by piece; a cancel takes back what was not told, at once.
func TestCancelPutsOnlyCallsInDoubt(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		limits  actors.Limits
		latency time.Duration
		budget  int
	}{
		"limited":         {actors.Limits{Push: 100, Multicast: 10}, 50 * time.Millisecond, 0},
		"slow answers":    {actors.Limits{Push: 40, Multicast: 10}, 5 * time.Second, 0},
		"little demand":   {actors.Limits{Push: 20, Multicast: 10}, 50 * time.Millisecond, 64 << 10},
		"no limit at all": {actors.Limits{}, time.Second, 64 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMission("large", 6000, 0)
			m.orders = []order{{3 * time.Second, cancel}}
			sc := scenario{seed: 13, dir: openDir(t.TempDir()), missions: []*mission{m}, chunk: 8, limits: x.limits, budget: x.budget, bound: time.Hour}
			sc.faults.Latency = x.latency
			r := play(t, sc)
			report(t, r)
			got, most := r.ended[m.id].Totals, inFlight(r, m.cancelAt, 0)
			if x.latency < actors.CancelPatience {
				most = 0 // every answer comes while the cancel waits
			}
			if got[actors.Unknown] > most || got[actors.Cancelled] == 0 {
				t.Errorf("%v, %d calls were under way", got, most)
			}
		})
	}
}

// TestPlannedStop: what was given back before a stop is not sent again in its window, and nothing is in doubt but calls under way.
func TestPlannedStop(t *testing.T) {
	t.Parallel()
	dir := openDir(t.TempDir())
	for n := range 12 {
		m := newMission(fmt.Sprintf("stop-%d", n), 900, 0)
		m.orders = []order{{30*time.Second + time.Duration(n)*37*time.Millisecond, cancel}}
		sc := scenario{seed: uint64(n), dir: dir, missions: []*mission{m}, limits: actors.Limits{Push: 5, Multicast: 5}, chunk: 25, bound: time.Hour}
		sc.drains = []time.Duration{20*time.Second + time.Duration(n)*71*time.Millisecond}
		sc.faults.Latency = time.Duration(50+n%4*700) * time.Millisecond
		if n%3 == 2 {
			sc.journal.lost = 0.2
		}
		r := play(t, sc)
		if report(t, r); t.Failed() {
			return
		}
		judgeStop(t, r, m)
	}
}

// How long an answer may be on its way to the disk: longer where the store loses answers, since the journal asks again after 2 s.
const (
	recordWithin     = 200 * time.Millisecond
	recordWithinLost = 3 * time.Second
)

func judgeStop(t *testing.T, r result, m *mission) {
	t.Helper()
	back := map[uint32]*actors.Set{}
	for _, f := range facts[checker.Returned](t, r) {
		if back[f.event.Window] == nil {
			back[f.event.Window] = &actors.Set{}
		}
		for _, p := range f.event.Paths {
			back[f.event.Window].Add(p)
		}
	}
	if len(back) == 0 {
		t.Errorf("seed %d: nothing came back", r.world.sc.seed)
	}
	again := 0
	for _, f := range facts[checker.Redriven](t, r) {
		for _, p := range f.event.Paths {
			again += p.Len()
			if s := back[f.event.Window]; s != nil && s.Touches(p) {
				t.Errorf("seed %d: %v of window %d was given back and sent again", r.world.sc.seed, p, f.event.Window)
			}
		}
	}
	within := recordWithin
	if r.world.sc.journal.lost > 0 {
		within = recordWithinLost
	}
	if most := int(inFlight(r, r.world.stoppedAt(), within)); again > most {
		t.Errorf("seed %d: %d recipients were sent again, %d calls were under way at the stop", r.world.sc.seed, again, most)
	}
	if got, most := r.ended[m.id].Totals[actors.Unknown], inFlight(r, m.cancelAt, 0); got > most {
		t.Errorf("seed %d: %d unknown, %d calls were under way", r.world.sc.seed, got, most)
	}
}

// stoppedAt is when the first planned stop ended.
func (w *world) stoppedAt() time.Duration {
	for _, l := range w.lines {
		if l.what == "died" && l.about == "drained" {
			return l.at
		}
	}
	return 0
}
