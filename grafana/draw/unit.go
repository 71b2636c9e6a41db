package draw

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// format writes a value in a unit of Grafana's.
func format(v float64, unit string) string {
	if math.IsNaN(v) {
		return "–"
	}
	switch unit {
	case "s":
		return duration(v)
	case "percentunit":
		return short(v*100) + " %"
	case "cps", "reqps":
		return short(v) + "/s"
	case "bytes":
		return binary(v) + "B"
	case "Bps":
		return binary(v) + "B/s"
	}
	return short(v)
}

func duration(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0 s"
	case a < 0.001:
		return digits(v*1e6) + " µs"
	case a < 1:
		return digits(v*1e3) + " ms"
	case a < 120:
		return digits(v) + " s"
	case a < 7200:
		return digits(v/60) + " min"
	}
	return digits(v/3600) + " h"
}

func short(v float64) string { return scaled(v, 1000, []string{"", " K", " M", " G"}) }

func binary(v float64) string { return scaled(v, 1024, []string{" ", " Ki", " Mi", " Gi", " Ti"}) }

func scaled(v, base float64, names []string) string {
	i := 0
	for math.Abs(v) >= base && i < len(names)-1 {
		v /= base
		i++
	}
	return digits(v) + names[i]
}

// digits are three that matter.
func digits(v float64) string {
	decimals := 2
	switch a := math.Abs(v); {
	case a >= 100:
		decimals = 0
	case a >= 10:
		decimals = 1
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// ceiling is a round number that is not below v, and the step between lines that divide it.
func ceiling(v float64, unit string) (top, step float64) {
	if v <= 0 || math.IsNaN(v) {
		return 1, 0.5
	}
	if strings.HasPrefix(unit, "b") || unit == "Bps" { // round in binary
		if whole := math.Pow(1024, math.Floor(math.Log(v)/math.Log(1024))); whole > 1 {
			top, step = ceiling(v/whole, "")
			return top * whole, step * whole
		}
	}
	step = math.Pow(10, math.Floor(math.Log10(v/4)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step*m*4 >= v {
			step *= m
			break
		}
	}
	return step * math.Ceil(v/step), step
}

// named is a legend with the labels put in.
func named(legend string, labels map[string]string) string {
	for k, v := range labels {
		legend = strings.ReplaceAll(legend, "{{"+k+"}}", v)
	}
	for strings.Contains(legend, "{{") && strings.Contains(legend, "}}") { // a label that this series hasn't
		legend = legend[:strings.Index(legend, "{{")] + legend[strings.Index(legend, "}}")+2:]
	}
	return strings.TrimSpace(fmt.Sprint(legend))
}
