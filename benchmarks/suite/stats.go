package suite

import "slices"

// Summary is what a table shows of a figure's rounds.
type Summary struct {
	Rounds           int
	Median, Min, Max float64
}

// Summarise takes the rounds in any order. The median of an even number is the mean of the middle two; of nothing all is 0.
func Summarise(rounds []float64) Summary {
	n := len(rounds)
	if n == 0 {
		return Summary{}
	}
	sorted := slices.Sorted(slices.Values(rounds))
	return Summary{Rounds: n, Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1]}
}
