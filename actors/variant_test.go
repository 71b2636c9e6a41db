package actors_test

import (
	"fmt"
	"math"
	"testing"

	"hayauma.example/actors"
)

func weighed(weights ...int) (list []actors.Variant) {
	for i, w := range weights {
		list = append(list, actors.Variant{Name: fmt.Sprint(i), Weight: w})
	}
	return list
}

// TestVariantsAreDrawnByWeight: within five standard deviations of what chance would give.
func TestVariantsAreDrawnByWeight(t *testing.T) {
	const users = 100_000
	for _, weights := range [][]int{{1, 1}, {1, 999}, {70, 20, 10}, {1000, 1}, {3, 3, 3, 3, 3, 3, 3, 3, 3, 3}} {
		total, got := 0, make([]int, len(weights))
		for _, w := range weights {
			total += w
		}
		for i := range users {
			got[actors.VariantOf("campaign", fmt.Sprintf("U%032x", i), weighed(weights...))]++
		}
		for i, w := range weights {
			p := float64(w) / float64(total)
			if off := math.Abs(float64(got[i]) - users*p); off > 5*math.Sqrt(users*p*(1-p)) {
				t.Errorf("%v: variant %d has %d of %d, want about %.0f", weights, i, got[i], users, users*p)
			}
		}
	}
}

// TestVariantsNeverChange: who gets which is in what was sent, and in occurrences to come.
func TestVariantsNeverChange(t *testing.T) {
	var got []uint8
	for i := range 16 {
		got = append(got, actors.VariantOf("c0ffee", fmt.Sprintf("U%032x", i), weighed(5, 3, 2)))
	}
	if want := [16]uint8{1, 0, 2, 0, 0, 1, 0, 1, 0, 0, 2, 2, 1, 0, 0, 1}; [16]uint8(got) != want {
		t.Errorf("%v, before %v", got, want)
	}
	same := 0
	for i := range 1000 {
		user := fmt.Sprintf("U%032x", i)
		if actors.VariantOf("a", user, weighed(1, 1)) == actors.VariantOf("b", user, weighed(1, 1)) {
			same++
		}
	}
	if same < 400 || same > 600 {
		t.Errorf("%d of 1000 users have the same variant in two campaigns, want about half", same)
	}
}
