package simulation

import "testing"

// TestOrderly plays plans in which shards move only because nodes come and go as they should: nothing is handled out of its order.
func TestOrderly(t *testing.T) {
	if *one != 0 {
		show(t, *one, playPlan(t, newOrderlyPlan(*one), mutant{}), true)
		return
	}
	plans := max(uint64(*seeds)/5, 2)
	var s score
	for seed := *first; seed < *first+plans; seed++ {
		w := playPlan(t, newOrderlyPlan(seed), mutant{})
		s.add(w)
		if len(w.problems) > 0 {
			show(t, seed, w, !t.Failed())
		}
	}
	t.Logf("figure: %d orderly plans; %d of %d tells handled, %d reported, %d overtaken", s.played, s.handled, s.sent, s.reported, s.overtaken)
}
