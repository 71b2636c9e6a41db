package suite

import (
	"strings"
	"testing"

	"hayauma.example/benchmarks/experiment"
)

// carried are parts with the two experiments that the paper carries on, and a full line of each size.
func carried(scale experiment.Scale) tables {
	var figures []experiment.Figure
	for _, name := range []string{"stored", "records", "cpu_s_100k", "journal_bytes_each"} {
		figures = append(figures, experiment.Figure{Name: name, Title: name})
	}
	e := experiment.Experiment{
		Rows: []experiment.Row{{Name: "1k", X: 1e3}, {Name: "1m", X: 1e6}, {Name: "10m", X: 1e7}}, Figures: figures, Rounds: map[experiment.Scale]int{scale: 2},
	}
	pushes, multicasts := e, e
	pushes.Name, multicasts.Name = "scale-pushes", "scale-recipients"
	p := []experiment.Part{{Name: "scale", Experiments: []experiment.Experiment{pushes, multicasts}}}
	cost := func(name, row string, stored, records, cpu, journal float64) Line {
		return Line{
			Cell: Cell{"scale", scale, name, row, 1}, Host: here,
			Result: experiment.Result{Figures: map[string]float64{"stored": stored, "records": records, "cpu_s_100k": cpu, "journal_bytes_each": journal}},
		}
	}
	return gather(p, [][]Line{{
		cost("scale-pushes", "1k", 1e9, 1e9, 1e9, 1e9), // less is carried less far
		cost("scale-pushes", "1m", 190e6, 2700, 6.7, 56),
		{Cell: Cell{"scale", scale, "scale-pushes", "10m", 1}, Host: here, Skipped: "too long"},
		cost("scale-recipients", "10m", 174e6, 810, 0.09, 0.17),
	}})
}

func TestThePaperCarriesWhatWasMeasured(t *testing.T) {
	var b strings.Builder
	carried(experiment.Full).writePaper(&b)
	golden(t, "paper.md", b.String())
	for _, want := range []string{
		"| push, bytes stored | 190k | 19.0G | 190M |",
		"| push, records | 2.70 | 270k | 2700 |",
		"| push, processor seconds | 0.0670 | 6700 | 67.0 (0.078 % of one core) |",
		"| push | 200k | 0.13 | 540 | 11.2M | 500 |",          // 2,000 recipients on each of 100 nodes
		"| multicast | 10.0M | 0.0900 | 810 | 1.70M | 10.0 |", // 100 channels × 200 calls × 500
		"- push: `scale-pushes`, row 1m, 1 round\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}

func TestThePaperSaysNothingOfAShortRun(t *testing.T) {
	var b strings.Builder
	carried(experiment.Short).writePaper(&b)
	gather(parts(), [][]Line{growLines()}).writePaper(&b)
	if b.Len() > 0 {
		t.Errorf("got\n%s", b.String())
	}
}
