package simulation

import (
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/poster"
	"hayauma.example/engine"
)

// careless is a poster that loses dispatches: it doesn't hear them, or it fails with them in hand.
type careless struct {
	*poster.Poster
	in *incarnation
}

func loseDispatches(in *incarnation, p *poster.Poster) engine.Actor[actors.PosterMsg] {
	return careless{p, in}
}

// Handle implements engine.Actor.
func (l careless) Handle(c *engine.Context[actors.PosterMsg], m actors.PosterMsg) {
	_, dispatch := m.(actors.Post)
	switch {
	case dispatch && l.in.w.chance(0.2):
		return
	case dispatch && l.in.w.chance(0.1), l.in.w.chance(0.02):
		panic("careless")
	}
	l.Poster.Handle(c, m)
}

// clumsy is a checker that loses reports and fails now and then.
type clumsy struct {
	*checker.Checker
	in *incarnation
}

func loseReports(in *incarnation, k *checker.Checker) engine.Durable[actors.CheckerMsg, checker.Event] {
	return clumsy{k, in}
}

// Handle implements engine.Actor.
func (l clumsy) Handle(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	if _, report := m.(actors.Report); report && l.in.w.chance(0.1) {
		return
	}
	if l.in.w.chance(0.01) {
		panic("clumsy")
	}
	l.Checker.Handle(c, m)
}

// TestLostDispatchesAreSentAgain: a Tell between composer, poster and gate may be lost; the campaign finds what has no outcome.
func TestLostDispatchesAreSentAgain(t *testing.T) {
	t.Parallel()
	dir := openDir(t.TempDir())
	for n := range *seeds / 6 {
		m := newMission(fmt.Sprintf("lost-%d", n), 60, 600)
		sc := scenario{seed: uint64(n), dir: dir, missions: []*mission{m}, panics: true, mutate: mutation{poster: loseDispatches}}
		sc.faults.Latency = 20 * time.Millisecond
		if n%2 == 1 {
			sc.faults = random(uint64(n), dir).faults
		}
		r := play(t, sc)
		if report(t, r); t.Failed() {
			return
		}
		if got := r.ended[m.id].Totals; n%2 == 0 && got[actors.Delivered] != uint32(len(m.rows)) {
			t.Errorf("seed %d: %v", n, got)
		}
		if n%2 == 0 && r.took > 15*time.Minute {
			t.Errorf("seed %d: it took %v", n, r.took)
		}
	}
}

// TestStoreInTrouble: lost answers, records that are stored twice, a store that is busy, and one that is full for a while.
func TestStoreInTrouble(t *testing.T) {
	for shard := range 2 {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for n := shard; n < *seeds/2; n += 2 {
				sc := armed(uint64(n), random(uint64(70_000+n), dir))
				sc.journal = journalFaults{lost: 0.05, busy: 0.1, twice: 0.05}
				if n%4 < 2 {
					sc.journal.fullFrom = sc.missions[0].wait + time.Duration(n*97%5000)*time.Millisecond
					sc.journal.fullTill = sc.journal.fullFrom + 30*time.Second
				}
				sc.quiet = n/2%2 == 1
				if report(t, play(t, sc)); t.Failed() {
					return
				}
			}
		})
	}
}
