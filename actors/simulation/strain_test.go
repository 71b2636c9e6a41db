package simulation

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// strain is a storm with little demand, planned stops, a time that runs out and a store that is gone for a while.
func strain(seed uint64, dir *os.Root) scenario {
	rng := rand.New(rand.NewPCG(seed, 0x57a1))
	sc := storm(seed, dir)
	moment := func(most time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(most))) }
	sc.budget = []int{0, 1 << 10, 16 << 10, 64 << 10}[rng.IntN(4)]
	if sc.panics {
		sc.budget *= 64 // what is lost with a poster is missed for two minutes
	}
	for range rng.IntN(3) {
		sc.drains = append(sc.drains, moment(15*time.Second))
	}
	if rng.IntN(2) == 0 {
		for _, m := range sc.missions {
			m.expire = time.Second + moment(10*time.Second)
		}
	}
	if rng.IntN(3) == 0 {
		from := moment(10 * time.Second)
		sc.outage = outage{from: from, till: from + moment(30*time.Second), hangs: rng.IntN(2) == 0}
	}
	return sc
}

// TestStrains plays them.
func TestStrains(t *testing.T) {
	all := seedsOf(t, strainDir)
	for shard := range 4 {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for n := shard; n < len(all); n += 4 {
				sc := strain(all[n], dir)
				sc.quiet = sc.seed%2 == 1
				r := play(t, sc)
				keepSeed(t, strainDir, r)
				if report(t, r); t.Failed() {
					return
				}
			}
		})
	}
}
