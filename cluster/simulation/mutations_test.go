package simulation

import (
	"strings"
	"testing"
)

// mutations are the rules, and what sees it when one is missing.
var mutations = []struct {
	name   string
	mutant mutant
	sees   string
}{
	{"fence", mutant{noFence: true}, "I3: shard"},
	{"lease", mutant{noLease: true}, "not linearizable"},
	{"numbers", mutant{noNumber: true}, "I3: {register"},
	{"precondition", mutant{noWait: true}, "two act"},
	{"doubt", mutant{noDoubt: true}, "I3: {register"},
}

// within is how many plans may be needed to find one.
const within = 200

// TestMutationsAreFound: without one of the rules, the checks see it.
func TestMutationsAreFound(t *testing.T) {
	for _, c := range mutations {
		t.Run(c.name, func(t *testing.T) {
			for seed := uint64(1); seed <= within; seed++ {
				w := play(t, seed, c.mutant)
				for _, problem := range w.problems {
					if strings.Contains(problem, c.sees) {
						t.Logf("figure: without the rule of %s: plan %d, %s", c.name, seed, problem)
						return
					}
				}
			}
			t.Errorf("%d plans found nothing", within)
		})
	}
}
