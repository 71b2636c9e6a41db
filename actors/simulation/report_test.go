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

// TestMain plays fewer scenarios where tests are to be short, as under the race detector, which takes ten times as long for each: what they
// find wrong without it they find at every landing.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		*seeds = min(*seeds, 12)
	}
	m.Run()
}

// long skips what takes minutes under the race detector and shows it no other code than its neighbours do.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("long: it runs without -short")
	}
}

// scenarios is how many of n are played: a third under -short.
func scenarios(n int) int {
	if testing.Short() {
		return (n + 2) / 3
	}
	return n
}

// Where failing seeds of the random scenarios, the storms and the strains are kept.
const (
	seedDir   = "testdata/seeds"
	stormDir  = "testdata/storms"
	strainDir = "testdata/strains"
)

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

// keepSeed leaves a failing seed behind.
func keepSeed(t *testing.T, dir string, r result) {
	if !*keep || len(r.faults) == 0 {
		return
	}
	name := filepath.Join(dir, strconv.FormatUint(r.world.sc.seed, 10)+".txt")
	if err := os.WriteFile(name, []byte(strings.Join(r.faults, "\n")+"\n\n"+r.world.transcript()), 0o600); err != nil {
		t.Error(err)
	}
}

// seedsOf are those that have failed once, and then as many new ones as are asked for.
func seedsOf(t *testing.T, dir string) (list []uint64) {
	names, err := filepath.Glob(filepath.Join(dir, "*.txt"))
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
	for n := range *seeds {
		list = append(list, *first+uint64(n))
	}
	return list
}
