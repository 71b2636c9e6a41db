package suite

import (
	"testing"
)

func TestSummarise(t *testing.T) {
	for name, c := range map[string]struct {
		rounds []float64
		want   Summary
	}{
		"none":     {nil, Summary{}},
		"one":      {[]float64{7}, Summary{1, 7, 7, 7}},
		"two":      {[]float64{4, 1}, Summary{2, 2.5, 1, 4}},
		"odd":      {[]float64{9, 1, 5}, Summary{3, 5, 1, 9}},
		"even":     {[]float64{8, 2, 4, 100}, Summary{4, 6, 2, 100}},
		"equal":    {[]float64{3, 3, 3}, Summary{3, 3, 3, 3}},
		"negative": {[]float64{-1, 1, 0}, Summary{3, 0, -1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Summarise(c.rounds); got != c.want {
				t.Fatalf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSummariseLeavesTheRoundsAlone(t *testing.T) {
	rounds := []float64{3, 1, 2}
	Summarise(rounds)
	if rounds[0] != 3 || rounds[1] != 1 || rounds[2] != 2 {
		t.Fatalf("got %v", rounds)
	}
}
