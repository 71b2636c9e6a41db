package simulation

import (
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
)

// TestOtherBytesAreFrozenAnew: this build renders other bytes than the one that planned; the paths come back and leave in a window that
// froze its own hashes, once each.
func TestOtherBytesAreFrozenAnew(t *testing.T) {
	t.Parallel()
	dir := openDir(t.TempDir())
	for n := range *seeds / 6 {
		m := newMission(fmt.Sprintf("altered-%d", n), 60, 520)
		sc := scenario{seed: uint64(n), dir: dir, missions: []*mission{m}, altered: 0.6, chunk: []int{0, 20}[n%2]}
		sc.faults.Latency = 10 * time.Millisecond
		calm := n%3 == 0
		if !calm {
			sc = armed(uint64(n), sc)
			sc.faults = random(uint64(n), dir).faults
		}
		r := play(t, sc)
		if report(t, r); t.Failed() {
			return
		}
		if got := r.ended[m.id].Totals; calm && (got[actors.Delivered] != uint32(len(m.rows)) || r.world.counts["campaign.window.closed"] == 0) {
			t.Errorf("seed %d: %v, %d windows gave paths back", n, got, r.world.counts["campaign.window.closed"])
		}
	}
}
