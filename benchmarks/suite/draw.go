package suite

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/plot"
)

// draw writes the plots of all tables that have one into a folder.
func (t tables) draw(folder string) error {
	for _, m := range t.tables {
		if m.experiment.Plot == nil {
			continue
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		var b bytes.Buffer
		if err := plot.Draw(&b, chart(m.experiment, entries(m.experiment, m.lines))); err != nil {
			return fmt.Errorf("plot of %s: %w", m.experiment.Name, err)
		}
		if err := replaceFile(filepath.Join(folder, m.experiment.Plot.File), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// chart makes one line of each of the plot's figures: a point for each row that has it.
func chart(e experiment.Experiment, rows []entry) plot.Chart {
	c := plot.Chart{Title: e.Title, X: e.Plot.X, Y: e.Plot.Y}
	for _, name := range e.Plot.Figures {
		c.Lines = append(c.Lines, plot.Line{Name: titleOf(e, name), Points: points(rows, name)})
	}
	if e.Plot.Model != "" {
		c.Lines = append(c.Lines, plot.Line{Name: titleOf(e, e.Plot.Model), Model: true, Points: points(rows, e.Plot.Model)})
	}
	return c
}

func titleOf(e experiment.Experiment, figure string) string {
	for _, f := range e.Figures {
		if f.Name == figure {
			return f.Title
		}
	}
	return figure
}

func points(rows []entry, figure string) []plot.Point {
	var all []plot.Point
	for _, r := range rows {
		if s := r.figures[figure]; s.Rounds > 0 {
			all = append(all, plot.Point{X: r.X, Median: s.Median, Min: s.Min, Max: s.Max})
		}
	}
	return all
}
