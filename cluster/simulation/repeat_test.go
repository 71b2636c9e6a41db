package simulation

import (
	"slices"
	"strings"
	"testing"
)

// TestSeedsRepeat: the plan and its faults come again, each at its nanosecond; how much of all else does is a figure: see the package.
func TestSeedsRepeat(t *testing.T) {
	same, all, whole := 0, 0, 0
	const plans = 8
	for seed := range uint64(plans) {
		a, b := play(t, seed+1, mutant{}), play(t, seed+1, mutant{})
		if a.plan.String() != b.plan.String() {
			t.Errorf("plan %d: %v\nand then %v", seed+1, a.plan, b.plan)
		}
		linesA, linesB := a.log.lines(), b.log.lines()
		if !slices.Equal(struck(linesA), struck(linesB)) {
			t.Errorf("faults of plan %d:\n%s\nand then\n%s", seed+1, strings.Join(struck(linesA), "\n"), strings.Join(struck(linesB), "\n"))
		}
		n := shared(linesA, linesB)
		same += n
		all += max(len(linesA), len(linesB))
		if n == len(linesA) && n == len(linesB) {
			whole++
		}
	}
	t.Logf("figure: of %d transcripts %d repeat word for word; %.1f %% of all lines do", plans, whole, 100*float64(same)/float64(all))
	if same*10 < all {
		t.Error("hardly anything repeats: something is drawn in the order in which goroutines run")
	}
}

// struck are the lines of the faults.
func struck(lines []string) (out []string) {
	for _, l := range lines {
		if strings.Contains(l, " FAULT ") {
			out = append(out, l)
		}
	}
	return out
}

// shared counts the lines that both have.
func shared(a, b []string) (n int) {
	count := map[string]int{}
	for _, l := range a {
		count[l]++
	}
	for _, l := range b {
		if count[l] > 0 {
			count[l]--
			n++
		}
	}
	return n
}
