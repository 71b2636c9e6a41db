package simulation

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var (
	seeds = flag.Int("sim.seeds", 60, "how many random scenarios are played")
	first = flag.Uint64("sim.first", 1, "the first seed of random scenarios")
	keep  = flag.Bool("sim.keep", false, "write failing seeds and their transcripts to testdata/seeds")
)

const seedDir = "testdata/seeds"

// report fails the test with everything that is known of a scenario.
func report(t *testing.T, r result) {
	t.Helper()
	if len(r.faults) == 0 {
		return
	}
	for _, f := range r.faults {
		t.Error(f)
	}
	t.Logf("seed %d\n%s", r.world.sc.seed, r.world.transcript())
}

// keepSeed leaves a failing seed of armed and random behind.
func keepSeed(t *testing.T, r result) {
	if !*keep || len(r.faults) == 0 {
		return
	}
	name := filepath.Join(seedDir, strconv.FormatUint(r.world.sc.seed, 10)+".txt")
	if err := os.WriteFile(name, []byte(strings.Join(r.faults, "\n")+"\n\n"+r.world.transcript()), 0o600); err != nil {
		t.Error(err)
	}
}

// keptSeeds are those that have failed once.
func keptSeeds(t *testing.T) (list []uint64) {
	names, err := filepath.Glob(filepath.Join(seedDir, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var seed uint64
		if _, err := fmt.Sscanf(filepath.Base(name), "%d.txt", &seed); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list = append(list, seed)
	}
	return list
}
