package scale

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// Part is what is measured of cost as work grows.
func Part() experiment.Part {
	return experiment.Part{
		Name:  "scale",
		Title: "Cost as work grows",
		Experiments: slices.Concat(
			idleExperiments(), multicastExperiments(), pushExperiments(), channelExperiments(), reminderExperiments(), startExperiments(),
		),
	}
}

// counts are the sizes that rows name.
var counts = map[string]int{
	"empty": 0, "1": 1, "5": 5, "50": 50, "100": 100, "500": 500, "1k": 1_000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000, "10m": 10_000_000,
}

// count is what a row's name says.
func count(row string) (int, error) {
	n, ok := counts[row]
	if !ok {
		return 0, &experiment.UnknownRowError{Row: row, Have: sizes()}
	}
	return n, nil
}

// sizes are all names, from the smallest.
func sizes() []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Compare(counts[a], counts[b]) })
}

// rows are sizes as an experiment shows them; of says what they count.
func rows(of string, names ...string) []experiment.Row {
	var out []experiment.Row
	for _, name := range names {
		out = append(out, experiment.Row{Name: name, About: name + " " + of, X: float64(max(counts[name], 1))})
	}
	return out
}

// few is the short scale's own experiment: the same with small sizes only, in one round and without a plot. Rows belong to an
// experiment at each scale at which it has rounds, so sizes that take minutes can't stand beside it.
func few(e experiment.Experiment, patience time.Duration, rows []experiment.Row) experiment.Experiment {
	e.Name += "-short"
	e.Title += ", few"
	e.Rows, e.Plot = rows, nil
	e.Rounds = map[experiment.Scale]int{experiment.Short: 1}
	e.Patience = map[experiment.Scale]time.Duration{experiment.Short: patience}
	return e
}

// many has so many rounds at the full scale and no others.
func many(rounds int) map[experiment.Scale]int {
	return map[experiment.Scale]int{experiment.Full: rounds}
}

// within is the patience of a cell at the full scale.
func within(d time.Duration) map[experiment.Scale]time.Duration {
	return map[experiment.Scale]time.Duration{experiment.Full: d}
}
