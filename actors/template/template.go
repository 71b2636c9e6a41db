package template

import (
	"encoding/json"
	"slices"
	"time"
)

// Root is how error paths name the array.
const Root = "messages"

// Options bound a template. The zero value is the default.
type Options struct {
	// Delimiters are object left, object right, tag left, tag right; default {{ }} {% %}.
	Delimiters [4]string
	// MaxSource is the largest messages array in bytes, default 256 KiB.
	MaxSource int
	// MaxOutput is the largest rendered array in bytes, default 256 KiB.
	MaxOutput int
	// MaxDepth is the deepest nesting of the JSON, default 64.
	MaxDepth int
	// MaxFilters is the most filters and tags of one leaf, default 200.
	MaxFilters int
}

// Template is a parsed messages array. It is immutable.
type Template struct {
	opts     Options
	pieces   []piece
	needs    []string
	optional []string
}

// piece is one step of the output: literal JSON, one plain variable, or one leaf for Liquid.
type piece struct {
	literal  string
	variable string
	leaf     *leaf
	path     string // of the leaf, for errors
}

// Parse reads a JSON array of message objects with placeholders in its string leaves. Problems are of type [*Error].
func Parse(messages json.RawMessage, opts Options) (t *Template, err error) {
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, &Error{Path: Root, Problem: "the template cannot be read: simplify its placeholders"}
		}
	}()
	if opts, err = opts.withDefaults(); err != nil {
		return nil, err
	}
	p := &reader{opts: opts}
	if err := p.read(messages); err != nil {
		return nil, err
	}
	return &Template{opts: opts, pieces: p.pieces, needs: p.vars.needs(), optional: p.vars.optional()}, nil
}

// Variables are the names that every row must have, in order of appearance.
func (t *Template) Variables() []string { return slices.Clone(t.needs) }

// Optional are the names that are read with a default only, in order of appearance.
func (t *Template) Optional() []string { return slices.Clone(t.optional) }

// Inputs are Variables followed by Optional: all columns that can change the output.
func (t *Template) Inputs() []string { return slices.Concat(t.needs, t.optional) }

// Static reports whether no column changes the output, so that one rendering serves a whole run.
func (t *Template) Static() bool { return len(t.needs)+len(t.optional) == 0 }

// Vars is one row: Values[i] belongs to Columns[i].
type Vars struct {
	Columns []string
	Values  []string
}

// Render binds and renders once; for many rows of one header, Bind once instead.
func (t *Template) Render(dst []byte, vars Vars, now time.Time) ([]byte, error) {
	b, err := t.Bind(vars.Columns, now)
	if err != nil {
		return dst, err
	}
	return b.Render(dst, vars.Values)
}

func (o Options) withDefaults() (Options, error) {
	for i, d := range [4]string{"{{", "}}", "{%", "%}"} {
		if o.Delimiters[i] == "" {
			o.Delimiters[i] = d
		}
	}
	for _, v := range []struct {
		field *int
		value int
	}{{&o.MaxSource, 256 << 10}, {&o.MaxOutput, 256 << 10}, {&o.MaxDepth, 64}, {&o.MaxFilters, 200}} {
		if *v.field <= 0 {
			*v.field = v.value
		}
	}
	return o, checkDelimiters(o.Delimiters)
}

// checkDelimiters keeps to characters that mean nothing inside an expression or the scanner's pattern.
func checkDelimiters(all [4]string) error {
	for i, d := range all {
		bad := len(d) < 2 || len(d) > 4
		for _, c := range d {
			bad = bad || !slices.Contains([]rune("{}<>%$#@!~=*&"), c)
		}
		if bad || slices.Index(all[:], d) != i {
			return &Error{Path: "delimiters", Problem: "each delimiter is 2 to 4 of {}<>%$#@!~=*& and differs from the others"}
		}
	}
	return nil
}
