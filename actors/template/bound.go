package template

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/osteele/liquid"
	"github.com/osteele/liquid/expressions"
)

// Bound is a template with its columns and its time resolved.
type Bound struct {
	steps   []step
	columns int
	max     int
	now     time.Time
}

// step is a piece whose names are indexes of columns.
type step struct {
	literal string
	column  int // of a plain variable, -1 for a literal or a Liquid leaf
	path    string
	liquid  *liquid.Template
	reads   []input
}

// input is a column that a Liquid leaf reads, -1 where the audience has none.
type input struct {
	name   string
	column int
}

// Bind resolves the template's names in a header, for rows of that header and a run whose due time is now.
// It fails with [*MissingError] when a needed column is not there. Other columns are not read.
func (t *Template) Bind(columns []string, now time.Time) (b *Bound, err error) {
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, &Error{Path: Root, Problem: "the template cannot be prepared"}
		}
	}()
	if err := t.missing(columns); err != nil {
		return nil, err
	}
	b = &Bound{columns: len(columns), max: t.opts.MaxOutput, now: now}
	var engine *liquid.Engine
	for _, p := range t.pieces {
		s := step{literal: p.literal, column: -1, path: p.path}
		switch {
		case p.leaf != nil:
			if engine == nil {
				engine = newEngine(t.opts, frozen{now})
			}
			if s.liquid, err = bindLeaf(engine, p); err != nil {
				return nil, err
			}
			for _, name := range p.leaf.reads {
				s.reads = append(s.reads, input{name, slices.Index(columns, name)})
			}
		case p.variable != "":
			s.column = slices.Index(columns, p.variable)
		}
		b.steps = append(b.steps, s)
	}
	return b, nil
}

func bindLeaf(engine *liquid.Engine, p piece) (*liquid.Template, error) {
	t, err := engine.ParseTemplateLocation([]byte(p.leaf.source), "", 1)
	if err != nil { // not err's own type: a nil one would not be nil as an error
		return nil, &Error{Path: p.path, Line: err.LineNumber(), Problem: liquidProblem(err)}
	}
	return t, nil
}

func (t *Template) missing(columns []string) error {
	var names []string
	for _, n := range t.needs {
		if !slices.Contains(columns, n) {
			names = append(names, n)
		}
	}
	if len(names) > 0 {
		return &MissingError{Names: names}
	}
	return nil
}

// Render appends the messages array for one row to dst. On failure dst is returned with what it held before.
func (b *Bound) Render(dst []byte, values []string) (out []byte, err error) {
	if len(values) != b.columns {
		return dst, &Error{Path: Root, Problem: fmt.Sprintf("the row has %d values for %d columns", len(values), b.columns)}
	}
	start := len(dst)
	for i := range b.steps {
		s := &b.steps[i]
		switch {
		case s.column >= 0:
			dst = appendEscaped(dst, values[s.column])
		case s.liquid != nil:
			if dst, err = b.renderLeaf(dst, s, values); err != nil {
				return dst[:start], err
			}
		default:
			dst = append(dst, s.literal...)
		}
		if len(dst)-start > b.max {
			return dst[:start], &Error{Path: Root, Problem: fmt.Sprintf("the rendered messages are larger than %d bytes", b.max)}
		}
	}
	return dst, nil
}

func (b *Bound) renderLeaf(dst []byte, s *step, values []string) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = dst, &Error{Path: s.path, Problem: "a filter failed on this row's values"}
		}
	}()
	vars := make(map[string]any, len(s.reads)+len(builtin))
	vars["now"], vars["today"], vars["empty"], vars["blank"] = b.now, b.now, "", ""
	for _, in := range s.reads {
		if in.column >= 0 {
			vars[in.name] = values[in.column]
		}
	}
	w := &boundedText{max: b.max}
	if e := s.liquid.FRender(w, vars); e != nil {
		return dst, &Error{Path: s.path, Line: e.LineNumber(), Problem: renderProblem(e)}
	}
	return appendEscaped(dst, string(w.text)), nil
}

// renderProblem keeps values out of the text: only our own words and filter names pass.
func renderProblem(err liquid.SourceError) string {
	var (
		own     expressions.InterpreterError
		applied expressions.FilterError
	)
	switch {
	case errors.As(err, &own):
		return string(own)
	case errors.As(err, &applied):
		return "filter " + applied.FilterName + " failed on this row's values"
	}
	return "the text could not be filled with this row's values"
}

// boundedText is a writer that refuses more than max bytes.
type boundedText struct {
	text []byte
	max  int
}

func (w *boundedText) Write(p []byte) (int, error) {
	if len(w.text)+len(p) > w.max {
		return 0, errTooLong
	}
	w.text = append(w.text, p...)
	return len(p), nil
}

var errTooLong = expressions.InterpreterError("the text grows too long")
