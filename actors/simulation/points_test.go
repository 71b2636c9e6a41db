package simulation

import (
	"os"
	"testing"
	"time"
)

// point is a named crash point, and how often a usual scenario reaches it.
type point struct {
	name  string
	often int
}

var points = []point{
	{"campaign.persist.before", 8}, {"campaign.persist.after", 8},
	{"campaign.accepted", 1}, {"campaign.planned", 1}, {"campaign.window.opened", 2}, {"campaign.window.told", 2},
	{"campaign.window.closed", 1}, {"campaign.paused", 1}, {"campaign.resumed", 1}, {"campaign.cancel.asked", 1},
	{"campaign.redrive.before", 1}, {"campaign.redrive.after", 1}, {"campaign.finished", 1},
	{"composer.tell.before", 4}, {"composer.tell.midway", 4}, {"composer.tell.after", 4},
	{"poster.call.before", 60}, {"poster.call.after", 60}, {"poster.report.before", 60}, {"poster.report.after", 60},
	{"poster.recorded.before", 60}, {"poster.half.before", 20}, {"poster.split.after", 10},
	{"checker.persist.before", 12}, {"checker.persist.after", 12}, {"checker.ack.before", 12}, {"checker.ack.after", 12},
	{"checker.redriven.after", 1},
	{"channel.persist.before", 1}, {"channel.persist.after", 1},
	{"journal.append.before", 20}, {"journal.append.after", 20},
	{"objects.put.before", 5}, {"objects.put.after", 5},
}

// TestEveryPointAlone lets the process die at each point, at its first, its second and a later time.
func TestEveryPointAlone(t *testing.T) {
	for i, p := range points {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			times := []int{1, 2, max(3, p.often/2)}
			if testing.Short() {
				times = times[:1]
			}
			for k, nth := range times {
				if !dies(t, uint64(10000+1000*i+100*k), crash{p.name, nth}, dir) && nth <= p.often {
					t.Errorf("%s was never reached for the %d. time", p.name, nth)
				}
			}
		})
	}
}

// dies plays scenarios until the process has died at the point.
func dies(t *testing.T, seed uint64, c crash, dir *os.Root) bool {
	for n := range uint64(20) {
		sc := random(seed+n, dir)
		sc.crashes = []crash{c}
		if n%2 == 1 {
			sc.kills = []time.Duration{3 * time.Second} // so that something is sent again
		}
		r := play(t, sc)
		if report(t, r); t.Failed() {
			return true
		}
		if len(r.world.armed) == 0 {
			return true
		}
	}
	return false
}
