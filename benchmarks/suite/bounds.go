package suite

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"hayauma.example/benchmarks/experiment"
)

// Bound is a line of the file of bounds: the median of a figure is at most, or at least, a value.
type Bound struct {
	Scale       experiment.Scale
	Experiment  string
	Row, Figure string
	Least       bool // the value is the smallest that is allowed; else the largest
	Value       float64
}

// String is the bound as it stands in the file.
func (b Bound) String() string {
	limit := "max"
	if b.Least {
		limit = "min"
	}
	return fmt.Sprintf("%s %s %s %s %s %s", b.Scale, b.Experiment, b.Row, b.Figure, limit, strconv.FormatFloat(b.Value, 'f', -1, 64))
}

// same reports whether the bounds speak of the same figure.
func (b Bound) same(c Bound) bool {
	return b.Scale == c.Scale && b.Experiment == c.Experiment && b.Row == c.Row && b.Figure == c.Figure
}

// FormError reports a line of the file of bounds that can't be read.
type FormError struct {
	Line int
	Text string
}

func (e *FormError) Error() string {
	return fmt.Sprintf("suite: line %d of the bounds is %q: write scale, experiment, row, figure, max or min, and a number, separated by blanks", e.Line, e.Text)
}

// ParseBounds reads bounds, one a line; empty lines and lines that begin with # are none.
func ParseBounds(text []byte) ([]Bound, error) {
	var all []Bound
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 6 || (f[4] != "max" && f[4] != "min") {
			return nil, &FormError{Line: n, Text: line}
		}
		v, err := strconv.ParseFloat(f[5], 64)
		if err != nil || math.IsNaN(v) {
			return nil, &FormError{Line: n, Text: line}
		}
		all = append(all, Bound{Scale: experiment.Scale(f[0]), Experiment: f[1], Row: f[2], Figure: f[3], Least: f[4] == "min", Value: v})
	}
	return all, lines.Err()
}

// BrokenError lists what is wrong with the figures, one line each.
type BrokenError struct{ Lines []string }

func (e *BrokenError) Error() string {
	return fmt.Sprintf("suite: %d figures are not within their bounds:\n%s", len(e.Lines), strings.Join(e.Lines, "\n"))
}

// HoldBounds compares the files' lines with the bounds in a file, as far as the selection takes them: a BrokenError lists the medians
// that are beyond, and the bounds whose figure was not measured without any reason given.
func HoldBounds(file string, parts []experiment.Part, s Selection, files ...[]Line) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	bounds, err := ParseBounds(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	cells, err := Plan(parts, s)
	if err != nil {
		return err
	}
	if broken := beyond(bounds, parts, cells, gather(parts, files)); len(broken) > 0 {
		return &BrokenError{Lines: broken}
	}
	return nil
}

// beyond returns a line for each bound that the tables break.
func beyond(bounds []Bound, parts []experiment.Part, planned []Cell, t tables) []string {
	var broken []string
	for _, b := range bounds {
		why := ""
		switch {
		case !b.exists(parts):
			why = "there is no such figure: correct the bound or remove it"
		case slices.ContainsFunc(planned, func(c Cell) bool { return c.Scale == b.Scale && c.Experiment == b.Experiment && c.Row == b.Row }):
			why = b.broken(t)
		}
		if why != "" {
			broken = append(broken, fmt.Sprintf("- %s: %s", b, why))
		}
	}
	return broken
}

func (b Bound) exists(parts []experiment.Part) bool {
	for _, p := range parts {
		for _, e := range p.Experiments {
			if e.Name == b.Experiment {
				return slices.ContainsFunc(e.Rows, func(r experiment.Row) bool { return r.Name == b.Row }) &&
					slices.ContainsFunc(e.Figures, func(f experiment.Figure) bool { return f.Name == b.Figure && f.Exact })
			}
		}
	}
	return false
}

// broken returns why the tables break the bound; "": they don't, or the row was not measured for a reason.
func (b Bound) broken(t tables) string {
	r, ok := t.find(b.Experiment, b.Row, b.Scale)
	s := r.figures[b.Figure]
	switch {
	case ok && s.Rounds == 0 && r.skipped != "":
		return ""
	case s.Rounds == 0 && len(r.failed) > 0:
		first, _, _ := strings.Cut(r.failed[0], "\n")
		return "nothing was measured: " + first
	case s.Rounds == 0:
		return "nothing was measured"
	case b.Least && s.Median < b.Value:
		return fmt.Sprintf("measured %v, at least %v is allowed", s.Median, b.Value)
	case !b.Least && s.Median > b.Value:
		return fmt.Sprintf("measured %v, at most %v is allowed", s.Median, b.Value)
	}
	return ""
}

// find returns a row with its rounds.
func (t tables) find(name, row string, scale experiment.Scale) (entry, bool) {
	for _, m := range t.tables {
		if m.experiment.Name != name || m.scale != scale {
			continue
		}
		for _, r := range entries(m.experiment, m.lines) {
			if r.Name == row {
				return r, true
			}
		}
	}
	return entry{}, false
}

// Headroom of a new bound over the median: what another run may differ by without anything being worse.
const (
	headroom = 0.10
	leeway   = 0.1 // for figures near 0
)

const boundsHead = `# What may not get worse: medians of figures that are the same on every machine, with headroom. "bench -bounds" holds a run against
# them, "bench -bounds FILE -rewrite-bounds" writes them anew from a run.
# scale experiment row figure max|min value
`

// RewriteBounds writes the file of bounds anew from the exact figures of the files' lines, of all rows but the peers', which are pinned.
// A bound stays as it is when its figure has no lines; a median below 0 has none.
func RewriteBounds(file string, parts []experiment.Part, files ...[]Line) error {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	old, err := ParseBounds(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var b strings.Builder
	b.WriteString(boundsHead)
	for _, bound := range renew(old, parts, gather(parts, files)) {
		fmt.Fprintln(&b, bound)
	}
	return replaceFile(file, []byte(b.String()))
}

// renew returns the new bounds in the order of the parts; an old one stays where nothing new was measured.
func renew(old []Bound, parts []experiment.Part, t tables) []Bound {
	var all []Bound
	for _, p := range parts {
		for _, e := range p.Experiments {
			for _, scale := range []experiment.Scale{experiment.Short, experiment.Full} {
				for _, b := range candidates(e, scale) {
					r, _ := t.find(b.Experiment, b.Row, b.Scale)
					i := slices.IndexFunc(old, b.same)
					switch s := r.figures[b.Figure]; {
					case s.Rounds > 0 && s.Median < 0: // a difference of two measurements that is nothing but their noise
					case s.Rounds > 0:
						b.Value = b.around(s.Median)
						all = append(all, b)
					case i >= 0:
						all = append(all, old[i])
					}
				}
			}
		}
	}
	return all
}

// candidates are the figures of an experiment that bounds can hold, without their values.
func candidates(e experiment.Experiment, scale experiment.Scale) []Bound {
	var all []Bound
	for _, r := range e.Rows {
		for _, f := range e.Figures {
			if f.Exact && !r.Peer {
				all = append(all, Bound{Scale: scale, Experiment: e.Name, Row: r.Name, Figure: f.Name, Least: f.Better == experiment.More})
			}
		}
	}
	return all
}

// around returns the bound's value for a median, rounded to three places towards more room.
func (b Bound) around(median float64) float64 {
	room := math.Abs(median)*headroom + leeway
	if b.Least {
		return math.Floor((median-room)*1000) / 1000
	}
	return math.Ceil((median+room)*1000) / 1000
}
