package percentile

import (
	"cmp"
	"math"
)

// Of returns the percentile of samples in rising order, 0 < p ≤ 100. Of none it is the zero value.
func Of[T cmp.Ordered](sorted []T, p float64) T {
	var none T
	if len(sorted) == 0 {
		return none
	}
	return sorted[rank(len(sorted), p)-1]
}

// rank is from 1 to n. What the product is above a whole number by its binary rounding alone doesn't count.
func rank(n int, p float64) int {
	r := int(math.Ceil(p*float64(n)/100 - 1e-9))
	return min(max(r, 1), n)
}
