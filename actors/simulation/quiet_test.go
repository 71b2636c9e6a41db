package simulation

import (
	"fmt"
	"testing"
	"time"
)

// TestStoreAwayWhenItIsDue: the store answers nothing for 26 s around the time of a campaign, though it stores some of the appends. The
// campaign begins by itself once the store is back, and ends, though nobody asks for it. The process dies once after planning, which
// moves the repeats of the campaign's reminder: where one comes while the first append hangs, it alone would bring the campaign back.
func TestStoreAwayWhenItIsDue(t *testing.T) {
	t.Parallel()
	const due, away = 30 * time.Minute, 26 * time.Second
	dir := openDir(t.TempDir())
	for n := range *seeds / 6 {
		m := newMission(fmt.Sprintf("away-%d", n), 20, 510)
		m.at = due
		from := due - time.Duration(n%10)*time.Second
		sc := scenario{seed: uint64(n), dir: dir, missions: []*mission{m}, quiet: true, bound: due + time.Hour}
		sc.kills = []time.Duration{due - 5*time.Minute + time.Duration(n)*3*time.Second}
		sc.journal.awayFrom, sc.journal.awayTill = from, from+away
		r := play(t, sc)
		if report(t, r); t.Failed() {
			return
		}
		if at := firstCall(t, r); at < due || at > from+away+15*time.Second {
			t.Errorf("seed %d: the first call started at %v, the store was away from %v to %v", n, at, from, from+away)
		}
		if m.finalAt > from+away+2*time.Minute {
			t.Errorf("seed %d: final after %v", n, m.finalAt)
		}
	}
}
