package plan

import (
	"context"
	"fmt"
	"slices"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/template"
)

// rows reads the audience without its duplicates, as often as needed.
type rows struct {
	ctx     context.Context
	in      Input
	inputs  []string // what is read of a row; the last ones may be missing
	options int      // … that many
	part    audience.Part
	columns []string // of the part for which source holds
	source  []int    // column of each input, -1 where the part has none; nil when the columns are the inputs
	values  []string // of one row, when source is not nil
}

// each calls do for every row that counts, with the values of the template's inputs. values is valid until do returns.
func (r *rows) each(do func(number uint32, user string, values []string) error) error {
	later := &duplicateReader{in: r.in}
	if err := later.advance(); err != nil {
		return err
	}
	next := uint32(0)
	for n := range r.in.Parts {
		if err := r.open(n, next); err != nil {
			return err
		}
		for i := range r.part.Rows {
			row := &r.part.Rows[i]
			number := next
			next++
			if later.open && number == later.row {
				if err := later.advance(); err != nil {
					return err
				}
				continue
			}
			if err := do(number, row.User, r.project(row.Values)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rows) open(n int, next uint32) error {
	if err := context.Cause(r.ctx); err != nil {
		return err
	}
	data, err := r.in.Part(n)
	if err != nil {
		return fmt.Errorf("plan: read part %d of the audience: %w", n, err)
	}
	if err := r.part.Decode(data); err != nil {
		return fmt.Errorf("plan: part %d of the audience: %w", n, err)
	}
	if r.part.First != next {
		return fmt.Errorf("plan: part %d of the audience begins at row %d, not %d: %w", n, r.part.First, next, audience.ErrDamaged)
	}
	return r.match()
}

// match finds the template's inputs among the part's columns; parts of one audience usually have the same.
func (r *rows) match() error {
	if slices.Equal(r.columns, r.part.Columns) && r.columns != nil {
		return nil
	}
	r.columns = append(make([]string, 0, len(r.part.Columns)), r.part.Columns...)
	r.source = nil
	if slices.Equal(r.columns, r.inputs) {
		return nil
	}
	var missing []string
	r.source = make([]int, len(r.inputs))
	for i, name := range r.inputs {
		r.source[i] = slices.Index(r.columns, name)
		if r.source[i] < 0 && i < len(r.inputs)-r.options {
			missing = append(missing, name)
		}
	}
	r.values = make([]string, len(r.inputs))
	if len(missing) > 0 {
		return fmt.Errorf("plan: %w", &template.MissingError{Names: missing})
	}
	return nil
}

func (r *rows) project(values []string) []string {
	if r.source == nil {
		return values
	}
	for i, column := range r.source {
		r.values[i] = ""
		if column >= 0 {
			r.values[i] = values[column]
		}
	}
	return r.values
}

// duplicateReader walks through the row numbers of duplicates, one part in memory.
type duplicateReader struct {
	in   Input
	part int
	list []uint32
	row  uint32 // the next duplicate, while open
	open bool
}

func (d *duplicateReader) advance() error {
	for len(d.list) == 0 {
		if d.part == d.in.DuplicateParts {
			d.open = false
			return nil
		}
		n := d.in.Parts + d.part
		data, err := d.in.Part(n)
		if err != nil {
			return fmt.Errorf("plan: read part %d of the audience: %w", n, err)
		}
		if d.list, err = audience.DecodeDuplicates(data); err != nil {
			return fmt.Errorf("plan: part %d of the audience: %w", n, err)
		}
		d.part++
	}
	if d.open && d.list[0] <= d.row {
		return fmt.Errorf("plan: duplicates are out of order: %w", audience.ErrDamaged)
	}
	d.row, d.list, d.open = d.list[0], d.list[1:], true
	return nil
}
