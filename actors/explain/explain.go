package explain

import (
	"context"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/plan"
)

// planBytes is what planning spills to disk for each row, at most.
const planBytes = 40

// Report is what a campaign would become.
type Report struct {
	Rows       int // of the file, bad ones and duplicates included
	BadRows    int // for which a submission would be refused
	Duplicates int // good rows whose user an earlier good row has
	Recipients int // the others: whom the figures below are about

	Bad     []*audience.Error // the first bad lines, as a submission tells them
	BadMore bool              // there are others
	Missing []Missing         // variables that rows lack, in the order of the template

	Sends    plan.Sends
	Bodies   uint32 // distinct ones
	Failures Failures
	Spared   Spared
	Shapes   Shapes
	Sample   []Message
	LeftOut  int   // messages of the sample that would have taken too much memory
	Lots     []Lot // empty: the run has none
}

// Lot is what of the plan is one lot.
type Lot struct {
	plan.Lot
	Recipients uint32
	Sends      plan.Sends
}

// Explain plans what was read. It may be called once.
func (r *Rehearsal) Explain(ctx context.Context) (Report, error) {
	out := Report{
		Rows: r.sum.Rows + r.sum.BadRows, BadRows: r.sum.BadRows, Duplicates: r.sum.Duplicates, Recipients: r.sum.Rows - r.sum.Duplicates,
		Bad: r.bad.told, BadMore: r.bad.more, Missing: r.bad.lacking(),
	}
	if out.Recipients == 0 {
		return out, context.Cause(ctx)
	}
	room := uint64(r.sum.Rows) * planBytes
	if r.in.Fill != nil {
		room += uint64(r.parts.file.Size()) // the rows are written down again, lot by lot
	}
	if err := r.opts.Room(room); err != nil {
		return out, err
	}
	lines, err := r.lines.reader()
	if err != nil {
		return out, err
	}
	spared := newSparing(r.in)
	w := &watcher{spared: spared, lines: lines, failures: newFailures(), shapes: newShapes(), sample: newSample(r.in.Sample, out.Recipients)}
	in := plan.Input{
		Parts: r.sum.Parts, DuplicateParts: r.sum.DuplicateParts, Part: r.parts.get, Template: r.in.Template, Now: r.in.Now, Check: r.in.Check,
		Watch: plan.Watch{Row: w.row, Bodies: func(distinct uint32) { out.Bodies = distinct }}, Apart: spared.apart(),
	}
	if r.in.Fill != nil {
		if err := r.in.Fill(&in); err != nil {
			return out, err
		}
	}
	options := plan.Options{Dir: r.opts.Dir, MulticastLeast: r.opts.MulticastLeast}
	table, err := plan.Freeze(ctx, in, options, func(int, plan.Entry, []byte) error { return context.Cause(ctx) })
	if err != nil {
		return out, err
	}
	out.Sends, out.Failures, out.Shapes, out.Spared = table.Sends(), w.failures.done(), w.shapes.done(), spared.done()
	out.Sample, out.LeftOut = w.sample.taken, w.sample.leftOut
	out.Lots = lotsOf(table)
	return out, nil
}

func lotsOf(t plan.Table) (lots []Lot) {
	for i, entry := range t.Lots {
		end := t.Recipients
		if i+1 < len(t.Lots) {
			end = t.Lots[i+1].First
		}
		var chunks plan.Table
		for n, _, ok := plan.Find(t, entry.First); ok && n < len(t.Chunks) && t.Chunks[n].First < end; n++ {
			chunks.Chunks = append(chunks.Chunks, t.Chunks[n])
		}
		lots = append(lots, Lot{Lot: entry.Lot, Recipients: end - entry.First, Sends: chunks.Sends()})
	}
	return lots
}

// watcher looks at every recipient as planning renders it.
type watcher struct {
	lines    *lineReader
	failures *failures
	spared   *sparing
	shapes   *shapes
	sample   *sample
}

func (w *watcher) row(r plan.Rendered) error {
	place := func() (Place, error) {
		line, err := w.lines.of(r.Number)
		return Place{Line: line, User: r.User}, err
	}
	if r.Reason != "" {
		w.sample.pass()
		return w.failures.add(r.Reason, place)
	}
	w.spared.look(r.User, r.Lot)
	if err := w.shapes.add(r, place); err != nil {
		return err
	}
	return w.sample.offer(r, place)
}

// Place is where a recipient stands.
type Place struct {
	Line int // of the audience file, from 1
	User string
}

// placer finds a recipient's place; it is asked where it is needed only.
type placer func() (Place, error)
