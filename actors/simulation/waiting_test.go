package simulation

import (
	"testing"
	"time"

	"hayauma.example/actors"
)

// TestWaitingForATokenLosesNothing: however long a poster waits at its gate, its command is called once, without a re-drive.
func TestWaitingForATokenLosesNothing(t *testing.T) {
	t.Parallel()
	m := newMission("waiting", 100, 0)
	r := play(t, scenario{seed: 5, dir: openDir(t.TempDir()), missions: []*mission{m}, limits: actors.Limits{Push: 2, Multicast: 2}})
	report(t, r)
	if n := len(r.world.calls); n != len(m.rows) {
		t.Errorf("%d calls for %d recipients", n, len(m.rows))
	}
	if n := r.world.counts["checker.redriven.after"]; n != 0 {
		t.Errorf("%d re-drives", n)
	}
	if most := 54 * time.Second; r.took > most {
		t.Errorf("took %v, at 2 calls a second at most %v", r.took, most)
	}
}
