package fleet_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/fleet"
	"hayauma.example/engine"
)

// mutantTales is how many tales a broken rule has to be found in.
const mutantTales = 20

// longTale is one campaign that the limit keeps busy for half a minute, on three nodes that can do everything.
func longTale(seed uint64, blows func(r *rand.Rand) []blow) *tale {
	r := rand.New(rand.NewPCG(seed, 0x10f6))
	return &tale{
		o: fleet.Options{
			Seed: seed, Latency: upTo(r, 3*time.Millisecond), Limits: actors.Limits{Push: 20, Multicast: 5},
			Faults: linesim.Faults{Seed: seed, Latency: 20 * time.Millisecond},
		},
		roles: [][]string{all, all, all}, rest: settled, waits: []time.Duration{0}, sizes: []int{500}, blows: blows(r),
	}
}

// silences cut each node off in turn, long enough for the others to go on without it.
func silences(r *rand.Rand) (all []blow) {
	for n := range 3 {
		at := time.Duration(7*n)*time.Second + upTo(r, 3*time.Second)
		all = append(all, blow{what: "cut", at: at, long: 4 * time.Second, node: n, other: (n + 1) % 3})
	}
	return all
}

// detours have nodes come while others are cut from each other: what those hand over is told late.
func detours(r *rand.Rand) (all []blow) {
	for n := range 3 {
		at := time.Duration(6*n)*time.Second + upTo(r, 2*time.Second)
		all = append(all, blow{what: "part", at: at, long: 3 * time.Second, node: n, other: (n + 1) % 3},
			blow{what: "join", at: at + upTo(r, time.Second), node: n, other: (n + 1) % 3})
	}
	return all
}

// TestMutantMembersAreFound: real members with one rule broken.
func TestMutantMembersAreFound(t *testing.T) {
	for name, x := range map[string]struct {
		verdict string
		blows   func(*rand.Rand) []blow
		mutant  fleet.Mutant
	}{
		"nobody asks for the lease": {"the limit is", silences, fleet.Mutant{NoLease: true}},
		"the re-drive is not recorded": {"messages (", detours, fleet.Mutant{
			Checker: func(k *checker.Checker) engine.Durable[actors.CheckerMsg, checker.Event] { return deaf{k} },
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := uint64(0)
			for seed := uint64(1); seed <= mutantTales && found == 0; seed++ {
				a := &telling{tale: longTale(seed, x.blows)}
				a.o.Owner, a.o.Mutant = a.owner, x.mutant
				if wrong, _ := told(t, a.o, a.tell); strings.Contains(strings.Join(wrong, "\n"), x.verdict) {
					found = seed
				}
			}
			if found == 0 {
				t.Fatalf("not found in %d tales", mutantTales)
			}
			t.Logf("found in tale %d", found)
			a := &telling{tale: longTale(found, x.blows)}
			a.o.Owner = a.owner
			play(t, a.o, a.tell)
		})
	}
}
