package suite

import (
	"fmt"
	"slices"
	"strings"

	"hayauma.example/benchmarks/experiment"
)

// entry is a row of a table with its rounds.
type entry struct {
	experiment.Row
	rounds  int                // good ones
	figures map[string]Summary // by Figure.Name; one that was never measured is absent
	sent    Summary            // of a good round
	lost    int64              // of all rounds, failed attempts too
	planned int                // rounds
	failed  []string           // each attempt's error, whether or not the cell was measured later
	skipped string
}

// entries collects the experiment's lines of one scale by row, in the order of the rows. Rows without lines are left out.
func entries(e experiment.Experiment, lines []Line) []entry {
	var all []entry
	for _, r := range e.Rows {
		var own []Line
		for _, l := range lines {
			if l.Row == r.Name {
				own = append(own, l)
			}
		}
		if len(own) > 0 {
			row := collect(r, own)
			row.planned = e.Rounds[own[0].Scale]
			all = append(all, row)
		}
	}
	return all
}

func collect(r experiment.Row, lines []Line) entry {
	e := entry{Row: r, figures: map[string]Summary{}}
	rounds := map[string][]float64{}
	var sent []float64
	for _, l := range lines {
		e.lost += l.Result.Lost
		switch {
		case l.Skipped != "":
			e.skipped = l.Skipped
		case l.Error != "":
			e.failed = append(e.failed, l.Error)
		default:
			e.rounds++
			sent = append(sent, float64(l.Result.Sent))
			for name, v := range l.Result.Figures {
				rounds[name] = append(rounds[name], v)
			}
		}
	}
	e.sent = Summarise(sent)
	for name, all := range rounds {
		e.figures[name] = Summarise(all)
	}
	return e
}

// writeTable writes the experiment's table, and below it what failed and what was not measured.
func writeTable(b *strings.Builder, e experiment.Experiment, rows []entry) {
	first, others := e.Figures[0], filled(e.Figures[1:], rows)
	best, compared := bestPeer(first, rows)
	head, rule := "| | "+first.Title+", median | min – max |", "|---|---:|---:|"
	if compared {
		head, rule = head+" × best peer |", rule+"---:|"
	}
	for _, f := range others {
		head, rule = head+" "+f.Title+" |", rule+"---:|"
	}
	head, rule = head+" sent a round, median | lost, all rounds |", rule+"---:|---:|"
	failures := slices.ContainsFunc(rows, func(r entry) bool { return len(r.failed) > 0 })
	if failures {
		head, rule = head+" failed |", rule+"---:|"
	}
	fmt.Fprintf(b, "%s rounds |\n%s---:|\n", head, rule)
	for _, r := range rows {
		s := r.figures[first.Name]
		fmt.Fprintf(b, "| %s | %s | %s |", r.Name, median(s), span(s))
		if compared {
			fmt.Fprintf(b, " %s |", ratio(s, best))
		}
		for _, f := range others {
			fmt.Fprintf(b, " %s |", median(r.figures[f.Name]))
		}
		fmt.Fprintf(b, " %s | %d |", median(r.sent), r.lost)
		if failures {
			fmt.Fprintf(b, " %d |", len(r.failed))
		}
		fmt.Fprintf(b, " %d |\n", r.rounds)
	}
	writeReasons(b, rows)
}

func writeReasons(b *strings.Builder, rows []entry) {
	var reasons []string
	for _, r := range rows {
		for _, f := range r.failed {
			first, _, _ := strings.Cut(f, "\n")
			reasons = append(reasons, fmt.Sprintf("- %s failed: %s\n", r.Name, first))
		}
		if r.skipped != "" {
			reasons = append(reasons, fmt.Sprintf("- %s was not measured: %s\n", r.Name, r.skipped))
		}
	}
	if len(reasons) > 0 {
		fmt.Fprintf(b, "\n%s", strings.Join(slices.Compact(reasons), ""))
	}
}

// filled leaves out the figures that no row has.
func filled(figures []experiment.Figure, rows []entry) []experiment.Figure {
	var some []experiment.Figure
	for _, f := range figures {
		if slices.ContainsFunc(rows, func(r entry) bool { return r.figures[f.Name].Rounds > 0 }) {
			some = append(some, f)
		}
	}
	return some
}

// bestPeer returns the best peer's summary of the figure. Where no peer has a row, or no direction is better, nothing is compared.
func bestPeer(f experiment.Figure, rows []entry) (best Summary, compared bool) {
	if f.Better == experiment.Neither {
		return Summary{}, false
	}
	for _, r := range rows {
		if !r.Peer {
			continue
		}
		compared = true
		s := r.figures[f.Name]
		if s.Rounds > 0 && (best.Rounds == 0 || better(f.Better, s.Median, best.Median)) {
			best = s
		}
	}
	return best, compared
}

func better(d experiment.Direction, a, b float64) bool {
	return (d == experiment.More && a > b) || (d == experiment.Less && a < b)
}
