package fleet_test

import (
	"strings"
	"testing"

	"hayauma.example/actors/checker"
	"hayauma.example/cmd/hayauma/internal/fleet"
	"hayauma.example/engine"

	"hayauma.example/actors"
)

// mutantSeeds is how many tales a broken rule has to be found in.
const mutantSeeds = 60

// TestMutantMembersAreFound: real members with one rule broken.
func TestMutantMembersAreFound(t *testing.T) {
	for name, x := range map[string]struct {
		verdict string
		mutant  fleet.Mutant
	}{
		"nobody asks for the lease": {"the limit is", fleet.Mutant{NoLease: true}},
		"the re-drive is not recorded": {"messages (", fleet.Mutant{
			Checker: func(k *checker.Checker) engine.Durable[actors.CheckerMsg, checker.Event] { return deaf{k} },
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= mutantSeeds; seed++ {
				a := &telling{tale: newTale(seed)}
				a.o.Owner, a.o.Mutant = a.owner, x.mutant
				if wrong, _ := told(t, a.o, a.tell); strings.Contains(strings.Join(wrong, "\n"), x.verdict) {
					t.Logf("figure: %s: found in tale %d", name, seed)
					return
				}
			}
			t.Errorf("not found in %d tales", mutantSeeds)
		})
	}
}
