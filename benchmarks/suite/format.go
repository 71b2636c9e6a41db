package suite

import (
	"fmt"
	"math"
	"strconv"
)

// show prints three digits, with M and k for millions and thousands.
func show(v float64) string {
	switch size := math.Abs(v); {
	case v == 0:
		return "0"
	case size >= 999.5e6:
		return digits(v/1e9) + "G"
	case size >= 999.5e3:
		return digits(v/1e6) + "M"
	case size >= 9995:
		return digits(v/1e3) + "k"
	}
	return digits(v)
}

// digits prints three digits of a figure, but never cuts off whole ones, and no more than four places.
func digits(v float64) string {
	switch size := math.Abs(v); {
	case size >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case size >= 0.0995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case size >= 0.0005:
		return strconv.FormatFloat(v, 'f', 4, 64)
	}
	return "<0.001"
}

// median prints a summary's median; "–" of nothing.
func median(s Summary) string {
	if s.Rounds == 0 {
		return "–"
	}
	return show(s.Median)
}

func span(s Summary) string {
	switch s.Rounds {
	case 0:
		return "–"
	case 1:
		return "one round"
	}
	return show(s.Min) + " – " + show(s.Max)
}

// ratio prints the median over another one.
func ratio(s, best Summary) string {
	if s.Rounds == 0 || best.Rounds == 0 || best.Median == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", s.Median/best.Median)
}
