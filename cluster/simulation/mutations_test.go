package simulation

import (
	"regexp"
	"testing"
)

// mutations are the rules, and what sees it when one is missing.
var mutations = []struct {
	name   string
	mutant mutant
	sees   string // a pattern
	from   uint64 // a plan that has found it, or is near to one: where nothing is found soon, scheduling has changed
}{
	{"fence", mutant{noFence: true}, "I3: shard", 1},
	{"lease", mutant{noLease: true}, "not linearizable", 1},
	{"numbers", mutant{noNumber: true}, "I3: {register|not linearizable", 5},
	{"precondition", mutant{noWait: true}, "two act|not linearizable|not settled", 9},
	{"doubt", mutant{noDoubt: true}, "I3: {register", 2},
}

// within is how many plans may be needed to find one.
const within = 200

// TestMutationsAreFound: without one of the rules, the checks see it.
func TestMutationsAreFound(t *testing.T) {
	for _, c := range mutations {
		t.Run(c.name, func(t *testing.T) {
			sees := regexp.MustCompile(c.sees)
			for seed := c.from; seed < c.from+within; seed++ {
				w := play(t, seed, c.mutant)
				for _, problem := range w.problems {
					if sees.MatchString(problem) {
						t.Logf("figure: without the rule of %s: plan %d, %s", c.name, seed, problem)
						return
					}
				}
			}
			t.Errorf("%d plans found nothing", within)
		})
	}
}
