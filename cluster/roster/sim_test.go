package roster_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"hayauma.example/cluster/roster"
)

const (
	settle   = 6 * time.Second  // to form the first view
	trouble  = 40 * time.Second // faults begin in it, and end at most 13 s after
	recovery = 20 * time.Second // in which all has to be owned again
)

// flagSeeds: more of them for a long look.
var flagSeeds = flag.Int("seeds", 6, "seeds of each simulated weather")

// play runs one seed: calm, trouble, calm.
func play(seed uint64, c weather) *world {
	w := newWorld(seed, 5, c)
	w.run(settle)
	for end := w.now + trouble; w.now < end && len(w.problems) == 0; {
		if len(c.faults) > 0 {
			w.misbehave()
		}
		w.run(w.between(100*time.Millisecond, 4*time.Second))
	}
	w.run(13 * time.Second)
	w.calm = true
	w.run(recovery)
	w.checkOwned()
	return w
}

// checkOwned: every shard is served, by whom the view says.
func (w *world) checkOwned() {
	if len(w.problems) > 0 {
		return
	}
	owners := roster.Place(w.store.view, simRole)
	for s := range simShards {
		served := false
		for _, p := range w.current {
			served = served || p != nil && p.acts(s) && p.me == owners[s]
		}
		if !served {
			w.problem("shard %d is not served by its owner %q, fence %+v", s, owners[s], w.store.fences[s])
		}
	}
	for n, p := range w.current {
		if m, ok := w.store.view.Node(fmt.Sprint("n", n)); p == nil || !ok || m.State != roster.Active || m.Incarnation != p.me {
			w.problem("node %d is not active", n)
		}
	}
}

// storm has everything at once.
var storm = weather{
	loss: 0.02, straggle: 0.05, drift: 0.05,
	faults: []string{"crash", "pause", "cut", "lag", "drain", "away", "forget"},
}

// Weathers in which one rule matters most.
var (
	hangs    = weather{loss: 0.02, straggle: 0.05, drift: 0.05, faults: []string{"pause", "cut"}}
	lags     = weather{loss: 0.02, straggle: 0.05, drift: 0.05, faults: []string{"lag"}}
	crashes  = weather{loss: 0.02, straggle: 0.05, drift: 0.05, faults: []string{"lag", "crash"}}
	forgets  = weather{loss: 0.02, straggle: 0.3, drift: 0.05, faults: []string{"forget", "lag", "cut"}}
	election = weather{drift: 0.01, faults: []string{"away"}}
)

// TestNoShardHasTwoOwnersAndAllComeBack: the cores keep one owner through every fault, and 20 s after the last one (half of the
// members silent are waited for 10 s) every shard is served.
func TestNoShardHasTwoOwnersAndAllComeBack(t *testing.T) {
	for name, c := range map[string]weather{"storm": storm, "hangs": hangs, "lags": lags, "crashes": crashes, "forgets": forgets} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(*flagSeeds) {
				if w := play(seed, c); len(w.problems) > 0 {
					t.Errorf("seed %d: %v", seed, w.problems)
				}
			}
		})
	}
}

// TestNobodyIsEvictedFalsely: without loss, on clocks that differ, nobody is evicted whose process runs, though the store is away
// for up to 13 s again and again.
func TestNobodyIsEvictedFalsely(t *testing.T) {
	for seed := range uint64(*flagSeeds) {
		if w := play(seed, election); w.falsely > 0 || len(w.problems) > 0 {
			t.Errorf("seed %d: %d evictions, %v", seed, w.falsely, w.problems)
		}
	}
}

// TestEachRuleIsNeeded: without one of them, the simulation finds what it prevents.
func TestEachRuleIsNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		weather weather
		mutant  mutant
	}{
		"lease": {hangs, mutant{noLease: true}},
		"bar":   {lags, mutant{noBar: true}},
		"epoch": {crashes, mutant{noEpoch: true}},
		"proof": {forgets, mutant{noProof: true}},
		"gap":   {election, mutant{noGap: true}},
		"drift": {weather{loss: 0.02, drift: 0.4, faults: hangs.faults}, mutant{}}, // more than safety allows
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.weather.mutant = c.mutant
			for seed := range uint64(150) {
				w := play(seed, c.weather)
				if len(w.problems) > 0 || name == "gap" && w.falsely > 0 {
					t.Logf("seed %d: %d false evictions, %v", seed, w.falsely, w.problems)
					return
				}
			}
			t.Error("150 seeds found nothing")
		})
	}
}

// TestTakesOverInTime: of five nodes, one that hangs is replaced within 2.5 s, one whose death is certain within 0.5 s: the time
// until the last of its shards is served.
func TestTakesOverInTime(t *testing.T) {
	for name, c := range map[string]struct {
		hit   func(*world, *proc)
		bound time.Duration
	}{
		"hang":  {func(w *world, p *proc) { p.pausedTo = w.now + time.Hour }, 2500 * time.Millisecond},
		"death": {func(w *world, p *proc) { w.kill(p, true) }, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			worst := time.Duration(0)
			for seed := range uint64(*flagSeeds) {
				w := newWorld(seed, 5, weather{drift: 0.01})
				w.run(settle + time.Duration(seed)*37*time.Millisecond)
				victim, begin := w.current[seed%5], w.now
				c.hit(w, victim)
				for !w.servedWithout(victim) && w.now-begin < recovery {
					w.run(time.Millisecond)
				}
				worst = max(worst, w.now-begin)
			}
			t.Logf("figure: %s of one of 5: all shards served again after %v at most", name, worst)
			if worst > c.bound {
				t.Errorf("%v, want at most %v", worst, c.bound)
			}
		})
	}
}

func (w *world) servedWithout(victim *proc) bool {
	served := 0
	for s := range simShards {
		for _, p := range w.current {
			if p != nil && p != victim && p.acts(s) {
				served++
			}
		}
	}
	return served == simShards
}
