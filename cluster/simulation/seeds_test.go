package simulation

import (
	"flag"
	"strings"
	"testing"
	"time"
)

var (
	seeds = flag.Int("sim.seeds", 10, "how many plans are played whose faults hit an open window")
	first = flag.Uint64("sim.first", 1, "the first of them")
	one   = flag.Uint64("sim.seed", 0, "play this plan only, and show its transcript")
)

// score adds up what plays have shown.
type score struct {
	played, counted, commands, unknown, copies int
	sent, handled, overtaken, reported         int
	settled                                    time.Duration
}

func (s *score) add(w *world) {
	s.played++
	if w.hits > 0 {
		s.counted++
	}
	ops, unknown := w.history.operations()
	s.commands += len(ops)
	s.unknown += unknown
	s.copies += w.tap.copies
	sent, handled := w.orders.count()
	s.sent += sent
	s.handled += handled
	s.overtaken += w.orders.overtaken
	s.reported += w.orders.reported
	s.settled = max(s.settled, w.settled)
}

// next is the seed to draw when a plan doesn't count.
func next(seed uint64) uint64 { return seed + 1<<32 }

// TestSeeds plays plans until as many as asked have hit an open window.
func TestSeeds(t *testing.T) {
	if *one != 0 {
		w := play(t, *one, mutant{})
		show(t, *one, w, true)
		return
	}
	plans := uint64(*seeds)
	if testing.Short() {
		plans = min(plans, 4)
	}
	var s score
	failed := 0
	begin := time.Now()
	for i := range plans {
		for seed := *first + i; ; seed = next(seed) {
			w := play(t, seed, mutant{})
			s.add(w)
			if len(w.problems) > 0 {
				if show(t, seed, w, failed == 0); failed == enough {
					t.FailNow()
				}
				failed++
			}
			if w.hits > 0 {
				break
			}
		}
	}
	t.Logf("figure: %d of %d plans hit an open window; %d commands, %d without a seen end; %d of %d tells handled, %d reported, %d overtaken; %d copies in the "+
		"journal; "+
		"well again after %v at most; %v a play", s.counted, s.played, s.commands, s.unknown, s.handled, s.sent, s.reported, s.overtaken, s.copies, s.settled,
		(time.Since(begin) / time.Duration(s.played)).Round(time.Millisecond))
}

// enough failing plans end the test; each but the first is shown without its transcript.
const enough = 5

// show fails for a play's problems.
func show(t *testing.T, seed uint64, w *world, transcript bool) {
	t.Helper()
	text := ""
	if transcript {
		text = strings.Join(w.log.lines(), "\n")
	}
	if len(w.problems) == 0 {
		t.Logf("%v%s", w.plan, text)
		return
	}
	few := w.problems[:min(len(w.problems), 20)]
	t.Errorf("plan %d: %d problems\n  %s\nrepeat with: %s\n%v%s", seed, len(w.problems), strings.Join(few, "\n  "), w.plan.command(), w.plan, text)
}
