package simulation

import (
	"testing"
	"time"
)

// report fails the test with everything that is known of a scenario.
func report(t *testing.T, r result) {
	t.Helper()
	if len(r.faults) == 0 {
		return
	}
	for _, f := range r.faults {
		t.Error(f)
	}
	t.Logf("seed %d\n%s", r.world.sc.seed, r.world.transcript())
}

func TestACampaignIsDeliveredToTheRecipient(t *testing.T) {
	m := newMission("plain", 30, 600)
	m.forget(100)
	m.forget(3)
	m.spoil(5)
	real := time.Now()
	r := play(t, scenario{seed: 1, dir: openDir(t.TempDir()), missions: []*mission{m}})
	t.Logf("took %v, in fact %v, points %v", r.took, time.Since(real), r.world.counts)
	report(t, r)
}
