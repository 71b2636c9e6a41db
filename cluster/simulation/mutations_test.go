package simulation

import (
	"testing"
)

// mutations are the rules, and what sees it when one is missing.
var mutations = []struct {
	name   string
	mutant mutant
}{
	{"fence", mutant{noFence: true}},
	{"lease", mutant{noLease: true}},
	{"numbers", mutant{noNumber: true}},
	{"precondition", mutant{noWait: true}},
	{"doubt", mutant{noDoubt: true}},
}

// within is how many plans may be needed to find one.
const within = 200

// TestMutationsAreFound: without one of the rules, the checks see it.
func TestMutationsAreFound(t *testing.T) {
	for _, c := range mutations {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(within) {
				if w := play(t, seed+1, c.mutant); len(w.problems) > 0 {
					t.Logf("plan %d: %d problems, the first: %s", seed+1, len(w.problems), w.problems[0])
					return
				}
			}
			t.Errorf("%d plans found nothing", within)
		})
	}
}
