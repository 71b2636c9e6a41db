package simulation

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	seeds = flag.Int("sim.seeds", 60, "how many random scenarios are played")
	first = flag.Uint64("sim.first", 1, "the first seed of random scenarios")
)

// armed is a random scenario in which the process dies twice, at random points.
func armed(seed uint64, sc scenario) scenario {
	rng := rand.New(rand.NewPCG(seed, 0xdead))
	for range 2 {
		p := points[rng.IntN(len(points))]
		sc.crashes = append(sc.crashes, crash{p.name, 1 + rng.IntN(p.often)})
	}
	if rng.IntN(3) == 0 {
		sc.kills = append(sc.kills, time.Duration(rng.Int64N(int64(30*time.Second))))
	}
	return sc
}

func TestRandomPairsOfPoints(t *testing.T) {
	for shard := range 4 {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for n := shard; n < *seeds; n += 4 {
				seed := *first + uint64(n)
				r := play(t, armed(seed, random(seed, dir)))
				if len(r.faults) > 0 {
					report(t, r)
					return
				}
			}
		})
	}
}
