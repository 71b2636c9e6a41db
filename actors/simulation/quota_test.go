package simulation

import (
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
)

// TestACampaignWaitsForTheQuota that older ones leave too little of: not a call of it is made before the plan is larger, though the process
// dies meanwhile, and then everybody is sent to.
func TestACampaignWaitsForTheQuota(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		first, second := newMission(fmt.Sprint("first-", seed), 70, 0), newMission(fmt.Sprint("second-", seed), 60, 0)
		second.wait = 5 * time.Second
		sc := scenario{
			seed: seed, dir: openDir(t.TempDir()), missions: []*mission{first, second}, limits: actors.Limits{Push: 5, Multicast: 5}, quota: 129, larger: time.Hour,
		}
		if seed%2 == 1 {
			sc.kills = []time.Duration{8 * time.Second, 20 * time.Minute}
		}
		r := play(t, sc)
		report(t, r)
		early, calls := 0, 0
		for _, c := range r.world.calls {
			if calls++; c.at < time.Hour {
				early++
			}
		}
		if seed%2 == 0 && (early != len(first.rows) || calls != len(first.rows)+len(second.rows)) {
			t.Errorf("seed %d: %d calls within the hour, %d in all", seed, early, calls)
		}
		if again := 11 * time.Minute; r.took < time.Hour || r.took > time.Hour+again {
			t.Errorf("seed %d: took %v, the larger plan is to be seen within %v", seed, r.took, again)
		}
		for _, m := range sc.missions {
			if n := r.ended[m.id].Totals[actors.Delivered]; int(n) != len(m.rows) {
				t.Errorf("seed %d: %s delivered %d of %d", seed, m.name, n, len(m.rows))
			}
		}
	}
}

// TestHoursWaitForTheQuota: where hours begin and the quota doesn't do, nothing is sent, as at any other time.
func TestHoursWaitForTheQuota(t *testing.T) {
	t.Parallel()
	m := newMission("by day", 70, 0)
	m.define = func(d *actors.Definition) { d.Hours, d.Zone = "00:05-00:59, 02:05-02:59", "UTC" }
	r := play(t, scenario{seed: 3, dir: openDir(t.TempDir()), missions: []*mission{m}, quota: 30, larger: 90 * time.Minute})
	report(t, r)
	if at, opens := firstCall(t, r), 2*time.Hour+5*time.Minute; at < opens || at > opens+time.Second {
		t.Errorf("the first call started at %v", at)
	}
	if n := r.ended[m.id].Totals[actors.Delivered]; int(n) != len(m.rows) {
		t.Errorf("%d are delivered", n)
	}
}
