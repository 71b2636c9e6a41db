package percentile

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestOf(t *testing.T) {
	ten := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for _, c := range []struct {
		name    string
		samples []int
		p       float64
		want    int
	}{
		{"none", nil, 50, 0},
		{"one", []int{7}, 99.9, 7},
		{"the lowest", ten, 0.001, 1},
		{"a tenth", ten, 10, 1},
		{"above a tenth", ten, 10.1, 2},
		{"median of an even number", ten, 50, 5},
		{"median of an odd number", []int{1, 5, 9}, 50, 5},
		{"p90", ten, 90, 9},
		{"p99", ten, 99, 10},
		{"all", ten, 100, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Of(c.samples, c.p); got != c.want {
				t.Fatalf("got %d, want %d", got, c.want)
			}
		})
	}
}

// p of a thousand samples that are their own rank is 10 × p, whatever 99.9 is in binary.
func TestRankIsWhole(t *testing.T) {
	for _, p := range []float64{0.1, 29, 50, 57, 90, 99, 99.9} {
		if got, want := rank(1000, p), int(p*10+0.5); got != want {
			t.Errorf("p%v: rank %d, want %d", p, got, want)
		}
	}
}

// The definition, counted.
func TestOfIsTheSmallestThatCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		samples := make([]int, 1+rng.IntN(300))
		for i := range samples {
			samples[i] = rng.IntN(50)
		}
		slices.Sort(samples)
		p := float64(1 + rng.IntN(100))
		got := Of(samples, p)
		upTo := func(limit int) (n int) {
			for _, s := range samples {
				if s <= limit {
					n++
				}
			}
			return n
		}
		if need := p * float64(len(samples)) / 100; float64(upTo(got)) < need || float64(upTo(got-1)) >= need {
			t.Fatalf("p%v of %v is said to be %d", p, samples, got)
		}
	}
}
