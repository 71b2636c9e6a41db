package suite

import (
	"fmt"
	"io"
	"strings"

	"hayauma.example/benchmarks/experiment"
)

// List writes what the selection measures: each part's experiments with their rows and cells, and what this machine is missing.
func List(w io.Writer, parts []experiment.Part, s Selection) error {
	cells, err := Plan(parts, s)
	if err != nil {
		return err
	}
	count := map[string]int{}
	rows := map[string][]string{}
	for _, c := range cells {
		count[c.Part]++
		count[c.Part+" "+c.Experiment]++
		if c.Round == 1 {
			rows[c.Experiment] = append(rows[c.Experiment], c.Row)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d cells at scale %s\n", len(cells), s.Scale)
	for _, p := range parts {
		if !s.takes(s.Parts, p.Name) {
			continue
		}
		fmt.Fprintf(&b, "\n%s: %s, %d cells\n", p.Name, p.Title, count[p.Name])
		for _, e := range p.Experiments {
			if len(rows[e.Name]) > 0 { // others have rounds at another scale only
				fmt.Fprintf(&b, "  %-32s %4d cells: %s\n", e.Name, count[p.Name+" "+e.Name], strings.Join(rows[e.Name], " "))
				missing(&b, e, rows[e.Name])
			}
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func missing(b *strings.Builder, e experiment.Experiment, rows []string) {
	if e.Missing == nil {
		return
	}
	for _, r := range rows {
		if why := e.Missing(r); why != "" {
			fmt.Fprintf(b, "  %-32s            %s can't be measured here: %s\n", "", r, why)
		}
	}
}
