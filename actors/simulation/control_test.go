package simulation

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"hayauma.example/actors"
)

// TestOrdersAtAnyMoment pauses, resumes and cancels at random moments of runs that take a while, and kills the process meanwhile. The
// judge holds every call against the orders that were acknowledged.
func TestOrdersAtAnyMoment(t *testing.T) {
	for shard := range 2 {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for n := shard; n < *seeds/2; n += 2 {
				rng := rand.New(rand.NewPCG(uint64(n), 0x0d3))
				sc := random(uint64(50_000+n), dir)
				sc.limits = actors.Limits{Push: 2 + rng.IntN(5), Multicast: 1 + rng.IntN(4)}
				for _, m := range sc.missions {
					m.orders = manyOrders(rng)
				}
				for range rng.IntN(3) {
					sc.kills = append(sc.kills, time.Duration(rng.Int64N(int64(12*time.Second))))
				}
				if report(t, play(t, sc)); t.Failed() {
					return
				}
			}
		})
	}
}

// manyOrders ends with a resume or a cancel.
func manyOrders(rng *rand.Rand) (orders []order) {
	moment := func() time.Duration { return time.Duration(rng.Int64N(int64(3 * time.Second))) }
	for range rng.IntN(3) {
		orders = append(orders, order{moment(), pause}, order{moment(), resume})
	}
	if rng.IntN(2) == 0 {
		orders = append(orders, order{moment(), pause})
	}
	if rng.IntN(2) == 0 {
		return append(orders, order{moment(), cancel})
	}
	return append(orders, order{moment(), resume})
}

// TestLimitsHoldOverDeaths starts as many calls as the channel allows, and kills the process again and again: the judge counts the calls
// of every second.
func TestLimitsHoldOverDeaths(t *testing.T) {
	t.Parallel()
	dir := openDir(t.TempDir())
	for n := range *seeds / 6 {
		rng := rand.New(rand.NewPCG(uint64(n), 0x11417))
		m := newMission(fmt.Sprintf("limits-%d", n), 200, 510)
		m.forget(450)
		sc := scenario{seed: uint64(n), dir: dir, missions: []*mission{m}, limits: actors.Limits{Push: 10 + rng.IntN(30), Multicast: 1 + rng.IntN(5)}}
		sc.faults.Latency = time.Duration(rng.IntN(300)) * time.Millisecond
		sc.downtime = time.Duration(1 + rng.Int64N(int64(700*time.Millisecond)))
		for k := range 8 {
			sc.kills = append(sc.kills, time.Duration(k)*time.Second+time.Duration(rng.Int64N(int64(time.Second))))
		}
		r := play(t, sc)
		if report(t, r); t.Failed() {
			return
		}
		if l := r.world.sim.Ledger(); l.Throttled > 0 {
			t.Fatalf("seed %d: the provider throttled %d calls", n, l.Throttled)
		}
	}
}
