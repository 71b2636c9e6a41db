package plot

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
)

// placed returns the points that have a place on logarithmic axes, by size, and how many have none.
func placed(all []Point) (places points, left int) {
	for _, p := range all {
		if above0(p.X) && above0(p.Min) && above0(p.Median) && above0(p.Max) {
			places = append(places, p)
		} else {
			left++
		}
	}
	slices.SortFunc(places, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
	return places, left
}

// span is what an axis has to show.
type span struct{ min, max float64 }

func (s *span) empty() bool { return s.max == 0 }

func (s *span) take(low, high float64) {
	if s.empty() {
		s.min, s.max = low, high
		return
	}
	s.min, s.max = min(s.min, low), max(s.max, high)
}

// steps are the labelled values of each decade.
var steps = []float64{1, 2, 5, 10}

// round returns the labelled values around the span, with so many times its upper end.
func (s *span) round(room float64) (low, high float64) {
	low, high = below(s.min), upward(s.max*room)
	if low == high {
		low, high = below(low/1.01), upward(high*1.01)
	}
	return low, high
}

// slack takes up what dividing and multiplying by powers of ten loses.
const slack = 1e-9

func below(v float64) float64 {
	decade := math.Pow10(int(math.Floor(math.Log10(v * (1 + slack)))))
	got := decade
	for _, s := range steps {
		if s*decade <= v*(1+slack) {
			got = s * decade
		}
	}
	return got
}

func upward(v float64) float64 {
	decade := math.Pow10(int(math.Floor(math.Log10(v * (1 + slack)))))
	for _, s := range steps {
		if s*decade >= v*(1-slack) {
			return s * decade
		}
	}
	return 10 * decade
}

// ticks labels 1, 2 and 5 of each decade; on an axis of more than three decades only 1.
type ticks struct{}

// Ticks has the form that the plotting library wants.
func (ticks) Ticks(low, high float64) []plot.Tick {
	var all []plot.Tick
	wide := math.Log10(high/low) > 3
	for exponent := math.Floor(math.Log10(low * (1 + slack))); exponent <= math.Log10(high*(1+slack)); exponent++ {
		for digit := 1.0; digit < 10; digit++ {
			v := digit * math.Pow10(int(exponent))
			if v < low*(1-slack) || v > high*(1+slack) {
				continue
			}
			t := plot.Tick{Value: v}
			if digit == 1 || (!wide && slices.Contains(steps, digit)) {
				t.Label = label(v)
			}
			all = append(all, t)
		}
	}
	return all
}

// label prints a labelled value: 500, 2k, 10M.
func label(v float64) string {
	switch {
	case v >= 0.9e9:
		return short(v/1e9) + "G"
	case v >= 0.9e6:
		return short(v/1e6) + "M"
	case v >= 0.9e3:
		return short(v/1e3) + "k"
	}
	return short(v)
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
