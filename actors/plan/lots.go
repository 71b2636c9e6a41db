package plan

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/audience/spill"
	"hayauma.example/actors/template"
)

// lotBuffer is what a lot's rows take in memory while they are divided.
const lotBuffer = 4 << 10

// division is a run that has lots. It renders every row once, in the order of the audience, and writes it down with its hash among the rows of its
// lot; then it plans one lot after the other from what was written down.
type division struct {
	in        Input
	opts      Options
	dir       *spill.Dir
	templates []*template.Template
	sources   [][]int // by template: where its inputs are among the values of a row
	key       []int   // where those are that tell the lot
	lots      map[Lot]*lotRows
	body      []byte // of the row in hand
	values    []string
	record    []byte
}

// lotRows are the rows of one lot.
type lotRows struct {
	ctx    context.Context
	lot    Lot
	inputs int // values of a row
	render *renderer
	file   *spill.File // {length, {number and whether it failed, user, hash and values, or reason}}…
	last   uint32      // number of the newest row
}

// freezeLots plans lot after lot.
func freezeLots(rows *rows, in Input, dir *spill.Dir, w *chunkWriter) (bodies uint32, err error) {
	d := &division{in: in, opts: w.opts, dir: dir, templates: in.templates(), lots: map[Lot]*lotRows{}}
	rows.inputs, rows.options = inputsOf(d.templates, in.LotColumns)
	place := func(names []string) (at []int) {
		for _, name := range names {
			at = append(at, slices.Index(rows.inputs, name))
		}
		return at
	}
	for _, t := range d.templates {
		d.sources = append(d.sources, place(t.Inputs()))
	}
	d.key = place(in.LotColumns)
	if err := rows.each(func(number uint32, user string, values []string) error { return d.add(rows.ctx, number, user, values) }); err != nil {
		return 0, err
	}
	all := make([]*lotRows, 0, len(d.lots))
	for _, l := range d.lots {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *lotRows) int { return a.lot.compare(b.lot) })
	for _, l := range all {
		n, err := d.plan(l, w)
		if err != nil {
			return 0, err
		}
		bodies += n
	}
	return bodies, nil
}

// inputsOf are the inputs of all templates and the columns that tell the lot, as Template.Inputs has them of one: as many of the last as said may be
// missing.
func inputsOf(templates []*template.Template, columns []string) (inputs []string, optional int) {
	add := func(names []string) {
		for _, name := range names {
			if !slices.Contains(inputs, name) {
				inputs = append(inputs, name)
			}
		}
	}
	for _, t := range templates {
		add(t.Variables())
	}
	needed := len(inputs)
	for _, t := range templates {
		add(t.Optional())
	}
	add(columns)
	return inputs, len(inputs) - needed
}

// pick writes the values at some places into d.values.
func (d *division) pick(values []string, at []int) []string {
	d.values = d.values[:0]
	for _, i := range at {
		d.values = append(d.values, values[i])
	}
	return d.values
}

// add renders a row and writes it down.
func (d *division) add(ctx context.Context, number uint32, user string, values []string) error {
	lot := d.in.Lot(user, d.pick(values, d.key))
	l := d.lots[lot]
	if l == nil {
		var err error
		if l, err = d.open(ctx, lot); err != nil {
			return err
		}
	}
	values = d.pick(values, d.sources[lot.Variant])
	r := l.render.rendered(number, user, values)
	r.Lot = lot
	if d.in.Watch.Row != nil {
		if err := d.in.Watch.Row(r); err != nil {
			return err
		}
	}
	failed := uint64(0)
	if r.Reason != "" {
		failed = 1
	}
	d.record = binary.AppendUvarint(d.record[:0], uint64(number-l.last)<<1|failed)
	d.record = audience.AppendUser(d.record, user)
	if failed == 1 {
		d.record = audience.AppendText(d.record, r.Reason)
	} else {
		d.record = appendTexts(append(d.record, r.Hash[:]...), values)
	}
	l.last = number
	var size [binary.MaxVarintLen64]byte
	if _, err := l.file.Write(size[:binary.PutUvarint(size[:], uint64(len(d.record)))]); err != nil {
		return err
	}
	_, err := l.file.Write(d.record)
	return err
}

func (d *division) open(ctx context.Context, lot Lot) (*lotRows, error) {
	if err := lot.check(len(d.templates)); err != nil {
		return nil, err
	}
	if len(d.lots) == MaxLots {
		return nil, fmt.Errorf("%w: there are more than %d", ErrLots, MaxLots)
	}
	t := d.templates[lot.Variant]
	render, err := newRenderer(t, lot.Now(d.in.Now), d.in.Check)
	if err != nil {
		return nil, err
	}
	render.static, render.body = false, &d.body // one buffer for all
	l := &lotRows{ctx: ctx, lot: lot, inputs: len(t.Inputs()), render: render, file: d.dir.File(lotBuffer)}
	d.lots[lot] = l
	return l, nil
}

// plan surveys and delivers one lot, and forgets it.
func (d *division) plan(l *lotRows, w *chunkWriter) (bodies uint32, err error) {
	dir := spill.New(d.opts.Dir)
	defer func() { err = errors.Join(err, dir.Close(), l.file.Drop()) }()
	l.render = nil
	s := newSurvey(dir, d.opts)
	if err := l.records(func(r Rendered, _ []string) error { return s.take(r, d.in.Apart) }); err != nil {
		return 0, err
	}
	w.next(l.lot, d.templates[l.lot.Variant].Inputs())
	err = (&delivery{survey: s, opts: d.opts, dir: dir, out: w}).run(l)
	return s.bodies(), err
}

// each implements source.
func (l *lotRows) each(do func(number uint32, user string, values []string) error) error {
	return l.records(func(r Rendered, values []string) error { return do(r.Number, r.User, values) })
}

// records reads what was written down: each row but for its body, and the values of its template's inputs.
func (l *lotRows) records(do func(r Rendered, values []string) error) error {
	from, number := l.file.Reader(spillBuffer), uint32(0)
	var record, user []byte
	for i := 0; ; i++ {
		if i%4096 == 0 && l.ctx.Err() != nil {
			return context.Cause(l.ctx)
		}
		var err error
		switch record, err = readRecord(from, record); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("plan: read spilled rows: %w", err)
		}
		c := &decoder{audience.NewCursor(record)}
		head := c.Number(1<<33 - 1)
		number += uint32(head >> 1)
		user = c.AppendUserText(user[:0])
		r := Rendered{Number: number, User: string(user)}
		var values []string
		if head&1 == 1 {
			r.Reason = string(c.Text())
		} else {
			r.Hash, values = c.hash(), c.texts(l.inputs)
		}
		if err := c.Done(); err != nil {
			return err
		}
		if err := do(r, values); err != nil {
			return err
		}
	}
}

func readRecord(from *bufio.Reader, buf []byte) ([]byte, error) {
	n, err := binary.ReadUvarint(from)
	if err != nil {
		return buf, err
	}
	buf = slices.Grow(buf[:0], int(n))[:n]
	if _, err = io.ReadFull(from, buf); err != nil {
		err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return buf, err
}
