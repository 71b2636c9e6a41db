package simulation

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"hayauma.example/actors"
)

func TestACampaignIsDeliveredToTheRecipient(t *testing.T) {
	t.Parallel()
	m := newMission("plain", 30, 600)
	m.forget(100)
	m.forget(3)
	m.spoil(5)
	m.duplicate = true
	r := play(t, scenario{seed: 1, dir: openDir(t.TempDir()), missions: []*mission{m}})
	report(t, r)
	if got, want := r.ended[m.id].Totals, (actors.Totals{actors.Failed: 3, actors.Delivered: 627}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// armed is a scenario in which the process dies twice, at random points, and sometimes once more, at a random moment.
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

// TestRandomPairsOfPoints plays random scenarios, and first those that have failed once.
func TestRandomPairsOfPoints(t *testing.T) {
	all := seedsOf(t, seedDir)
	for shard := range 4 {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for n := shard; n < len(all); n += 4 {
				sc := armed(all[n], random(all[n], dir))
				sc.quiet = sc.seed%2 == 1
				r := play(t, sc)
				keepSeed(t, seedDir, r)
				if report(t, r); t.Failed() {
					return
				}
			}
		})
	}
}
