package simulation

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// storm is a random scenario in which everything goes wrong at once: many deaths, a store in trouble, actors that lose messages and
// fail, another build's plan, and an operator without patience.
func storm(seed uint64, dir *os.Root) scenario {
	rng := rand.New(rand.NewPCG(seed, 0x5702))
	sometimes := func(n int) bool { return rng.IntN(n) == 0 }
	sc := armed(seed, random(seed, dir))
	sc.bound = 3 * time.Hour
	sc.downtime = time.Duration(1+rng.IntN(3000)) * time.Millisecond
	for range rng.IntN(6) {
		p := points[rng.IntN(len(points))]
		sc.crashes = append(sc.crashes, crash{p.name, 1 + rng.IntN(p.often)})
	}
	for range rng.IntN(4) {
		sc.kills = append(sc.kills, time.Duration(rng.Int64N(int64(20*time.Second))))
	}
	if sometimes(2) {
		sc.journal = journalFaults{lost: 0.05 * rng.Float64(), busy: 0.1 * rng.Float64(), twice: 0.05 * rng.Float64()}
	}
	if sometimes(4) {
		sc.journal.fullFrom = time.Duration(rng.IntN(6000)) * time.Millisecond
		sc.journal.fullTill = sc.journal.fullFrom + time.Duration(rng.IntN(60))*time.Second
	}
	if sometimes(3) {
		sc.journal.awayFrom = time.Duration(rng.IntN(6000)) * time.Millisecond
		sc.journal.awayTill = sc.journal.awayFrom + time.Duration(rng.IntN(40))*time.Second
	}
	if sometimes(3) {
		sc.journal.other = 0.003 * rng.Float64() // the plan stores a hundred chunks, all or none
	}
	if sometimes(3) {
		sc.mutate.poster, sc.panics = loseDispatches, true
	}
	if sometimes(3) {
		sc.mutate.checker, sc.panics = loseReports, true
	}
	if sometimes(3) {
		sc.altered = rng.Float64()
	}
	if sometimes(2) {
		for _, m := range sc.missions {
			m.orders = manyOrders(rng)
		}
	}
	return sc
}

// TestStorms plays storms, and first those that have failed once.
func TestStorms(t *testing.T) {
	all := seedsOf(t, stormDir)
	for shard := range 4 {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for n := shard; n < len(all); n += 4 {
				sc := storm(all[n], dir)
				sc.quiet = sc.seed%2 == 1
				r := play(t, sc)
				keepSeed(t, stormDir, r)
				if report(t, r); t.Failed() {
					return
				}
			}
		})
	}
}
