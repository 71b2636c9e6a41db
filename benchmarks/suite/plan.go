package suite

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// Cell names one measurement of one row. It is comparable.
type Cell struct {
	Part       string           `json:"part"`
	Scale      experiment.Scale `json:"scale"`
	Experiment string           `json:"experiment"`
	Row        string           `json:"row"`
	Round      int              `json:"round"` // from 1
}

// All stands for every part in a [Selection].
const All = "all"

// Selection says what of the parts is measured. An empty list stands for everything.
type Selection struct {
	Parts       []string // names of parts, or [All]
	Scale       experiment.Scale
	Experiments []string
	Rows        []string
}

// UnknownError reports a name of a part, an experiment or a row that is not there.
type UnknownError struct {
	What, Name string
	Known      []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("suite: there is no %s %q: use one of %s", e.What, e.Name, strings.Join(e.Known, ", "))
}

// Plan returns the cells in the order in which they are measured: experiment by experiment, round by round, row by row, and every second
// round from the last row to the first.
func Plan(parts []experiment.Part, s Selection) ([]Cell, error) {
	if s.Scale != experiment.Short && s.Scale != experiment.Full {
		return nil, &experiment.ScaleError{Scale: s.Scale}
	}
	if err := s.check(parts); err != nil {
		return nil, err
	}
	var cells []Cell
	for _, p := range parts {
		if !s.takes(s.Parts, p.Name) {
			continue
		}
		for _, e := range p.Experiments {
			if s.takes(s.Experiments, e.Name) {
				cells = append(cells, s.cells(p, e)...)
			}
		}
	}
	return cells, nil
}

func (s Selection) takes(names []string, name string) bool {
	return len(names) == 0 || slices.Contains(names, name) || slices.Contains(names, All)
}

func (s Selection) cells(p experiment.Part, e experiment.Experiment) []Cell {
	var cells []Cell
	for round := range e.Rounds[s.Scale] {
		first := len(cells)
		for _, r := range e.Rows {
			if s.takes(s.Rows, r.Name) {
				cells = append(cells, Cell{Part: p.Name, Scale: s.Scale, Experiment: e.Name, Row: r.Name, Round: round + 1})
			}
		}
		if round%2 == 1 { // or the same row would follow the same neighbour, and what that leaves to be done, in every round
			slices.Reverse(cells[first:])
		}
	}
	return cells
}

// check refuses a name that selects nothing of what the names before it select.
func (s Selection) check(parts []experiment.Part) error {
	var names, experiments, rows []string
	for _, p := range parts {
		names = append(names, p.Name)
		for _, e := range p.Experiments {
			if !s.takes(s.Parts, p.Name) {
				continue
			}
			experiments = append(experiments, e.Name)
			for _, r := range e.Rows {
				if s.takes(s.Experiments, e.Name) && !slices.Contains(rows, r.Name) {
					rows = append(rows, r.Name)
				}
			}
		}
	}
	return cmp.Or(known("part", s.Parts, append(names, All)), known("experiment", s.Experiments, experiments), known("row", s.Rows, rows))
}

func known(what string, names, all []string) error {
	for _, name := range names {
		if !slices.Contains(all, name) {
			return &UnknownError{What: what, Name: name, Known: all}
		}
	}
	return nil
}

// find returns the cell's experiment, which has the cell's row.
func (c Cell) find(parts []experiment.Part) (experiment.Experiment, error) {
	s := Selection{Parts: []string{c.Part}, Scale: c.Scale, Experiments: []string{c.Experiment}, Rows: []string{c.Row}}
	if err := s.check(parts); err != nil {
		return experiment.Experiment{}, err
	}
	for _, p := range parts {
		for _, e := range p.Experiments {
			if p.Name == c.Part && e.Name == c.Experiment {
				return e, nil
			}
		}
	}
	return experiment.Experiment{}, &UnknownError{What: "experiment", Name: c.Experiment}
}

// defaults are the patience of experiments that say nothing of it.
var defaults = map[experiment.Scale]time.Duration{experiment.Short: time.Minute, experiment.Full: 5 * time.Minute}

func patience(e experiment.Experiment, scale experiment.Scale) time.Duration {
	return cmp.Or(e.Patience[scale], defaults[scale])
}

// PartError reports a part that the runner can't work with.
type PartError struct{ Part, Experiment, Why string }

func (e *PartError) Error() string {
	return fmt.Sprintf("suite: part %q, experiment %q: %s", e.Part, e.Experiment, e.Why)
}

var nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Check returns a PartError for parts that can't be told apart, can't be run or name what they don't have.
func Check(parts []experiment.Part) error {
	seen := map[string]bool{hostMark: true, targetsMark: true, paperMark: true, All: true}
	for _, p := range parts {
		for i, name := range append([]string{p.Name}, experimentNames(p)...) {
			// A part and its only experiment may share a name.
			if why := misnamed(name, seen[name] && (i != 1 || name != p.Name || len(p.Experiments) > 1)); why != "" {
				return &PartError{Part: p.Name, Experiment: name, Why: why}
			}
			seen[name] = true
		}
		for _, e := range p.Experiments {
			if why := broken(e); why != "" {
				return &PartError{Part: p.Name, Experiment: e.Name, Why: why}
			}
		}
	}
	return nil
}

func misnamed(name string, taken bool) string {
	switch {
	case taken:
		return "the name is taken"
	case !nameForm.MatchString(name):
		return fmt.Sprintf("the name %q is not made of lower case, digits and hyphens", name)
	}
	return ""
}

func experimentNames(p experiment.Part) []string {
	var all []string
	for _, e := range p.Experiments {
		all = append(all, e.Name)
	}
	return all
}

// broken returns why an experiment can't be run or shown; "": it can.
func broken(e experiment.Experiment) string {
	var rows, figures []string
	for _, r := range e.Rows {
		rows = append(rows, r.Name)
	}
	for _, f := range e.Figures {
		figures = append(figures, f.Name)
	}
	switch {
	case e.Run == nil:
		return "it has no Run"
	case len(rows) == 0 || len(figures) == 0:
		return "it has no rows or no figures"
	case slices.Max(repeats(rows)) > 1 || slices.Max(repeats(figures)) > 1:
		return "a row or a figure is there twice"
	case slices.ContainsFunc(append(rows, figures...), func(name string) bool { return name == "" || strings.ContainsAny(name, " ,\t\n|") }):
		return "a row's or a figure's name is empty or has a space, a comma or a bar"
	case e.Plot == nil:
		return ""
	}
	drawn := e.Plot.Figures
	if e.Plot.Model != "" {
		drawn = append(slices.Clone(drawn), e.Plot.Model)
	}
	for _, name := range drawn {
		if !slices.Contains(figures, name) {
			return fmt.Sprintf("its plot draws %q, which is no figure", name)
		}
	}
	if slices.ContainsFunc(e.Rows, func(r experiment.Row) bool { return r.X <= 0 }) {
		return "its plot needs X above 0 in every row"
	}
	return ""
}

func repeats(names []string) []int {
	count := map[string]int{}
	all := []int{0}
	for _, n := range names {
		count[n]++
		all = append(all, count[n])
	}
	return all
}

// Measure runs the cell in this process.
func (c Cell) Measure(ctx context.Context, parts []experiment.Part) (experiment.Result, error) {
	if c.Scale != experiment.Short && c.Scale != experiment.Full {
		return experiment.Result{}, &experiment.ScaleError{Scale: c.Scale}
	}
	e, err := c.find(parts)
	if err != nil {
		return experiment.Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience(e, c.Scale))
	defer cancel()
	return e.Run(ctx, c.Row, c.Scale)
}

// obstacle returns why the cell can't be measured with so many bytes of memory; "": it can.
func (c Cell) obstacle(e experiment.Experiment, available uint64) string {
	if e.Missing != nil {
		if why := e.Missing(c.Row); why != "" {
			return why
		}
	}
	if e.Needs == nil {
		return ""
	}
	// Half of what there is: a collector needs room beside what lives.
	if needs := e.Needs(c.Row, c.Scale); needs > available/2 {
		return fmt.Sprintf("about %d MiB needed, %d MiB of memory available", needs>>20, available>>20)
	}
	return ""
}
