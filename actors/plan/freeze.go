package plan

import (
	"context"
	"errors"
	"os"
	"time"

	"hayauma.example/actors/audience/spill"
	"hayauma.example/actors/template"
)

// Input is what a run is made of.
type Input struct {
	Parts          int                         // parts of rows, numbers 0 to Parts-1
	DuplicateParts int                         // parts of duplicates, numbered on
	Part           func(n int) ([]byte, error) // called in order, twice for rows; data is read before the next call
	Template       *template.Template
	Templates      []*template.Template        // by variant, instead of Template; only with Lot
	Now            time.Time                   // the due time, in the zone of the run
	Check          func(messages []byte) error // the provider's limits; its error is the recipient's reason; nil: none
	Watch          Watch

	// Lot is the lot of a row. values are those of LotColumns, empty where the row has none, and valid until it returns. nil: the run has no lots.
	Lot        func(user string, values []string) Lot
	LotColumns []string
	// Apart tells who is in no multicast, whatever his body. He doesn't count where groups are formed. nil: nobody.
	Apart func(user string) bool
}

func (in *Input) templates() []*template.Template {
	if len(in.Templates) > 0 {
		return in.Templates
	}
	return []*template.Template{in.Template}
}

// Watch is told what pass 1 finds out; nil functions are not called.
type Watch struct {
	Row    func(Rendered) error  // every row that counts, in order
	Bodies func(distinct uint32) // of a run with lots: of each of them, added up
}

// Rendered is what became of one row.
type Rendered struct {
	Number uint32 // of the row in the audience, from 0
	User   string
	Body   []byte // valid until the function returns
	Hash   Hash   // of Body
	Reason string // why the row fails, as the plan keeps it; empty: it is good
	Lot    Lot
}

// Options of a Freeze. The zero value of each is its default, except Dir.
type Options struct {
	Dir             *os.Root // for temporary files; stays the caller's
	ChunkRecipients int      // default and most 500
	ChunkBytes      int      // default and most 256 KiB; one recipient may exceed it alone
	MulticastLeast  int      // equal bodies that are worth multicasts, default 2; one body for all, but those apart, is always worth them
	Partitions      int      // hash partitions, default 64
	SorterBytes     int      // memory of the sorter, default 4 MiB
	PartitionBytes  int      // each partition's buffer, default 8 KiB
}

// Emit takes chunk n; data is valid until it returns. Numbers run from 0 without gaps.
type Emit func(n int, e Entry, data []byte) error

// Freeze plans a run. See the package documentation.
func Freeze(ctx context.Context, in Input, opts Options, emit Emit) (t Table, err error) {
	opts = opts.withDefaults()
	dir := spill.New(opts.Dir)
	defer func() { err = errors.Join(err, dir.Close()) }()
	w := newChunkWriter(opts, emit)
	freeze := freezeWhole
	if in.Lot != nil {
		freeze = freezeLots
	}
	bodies, err := freeze(&rows{ctx: ctx, in: in}, in, dir, w)
	if err != nil {
		return Table{}, err
	}
	if in.Watch.Bodies != nil {
		in.Watch.Bodies(bodies)
	}
	return w.table, nil
}

// freezeWhole plans a run without lots.
func freezeWhole(rows *rows, in Input, dir *spill.Dir, w *chunkWriter) (bodies uint32, err error) {
	w.columns = in.Template.Inputs()
	rows.inputs, rows.options = w.columns, len(in.Template.Optional())
	s, err := takeSurvey(in, rows, newSurvey(dir, w.opts))
	if err != nil {
		return 0, err
	}
	err = (&delivery{survey: s, opts: w.opts, dir: dir, out: w}).run(rows)
	return s.bodies(), err
}

func (o Options) withDefaults() Options {
	for _, v := range []struct {
		field *int
		value int
	}{
		{&o.ChunkRecipients, 500}, {&o.ChunkBytes, 256 << 10}, {&o.MulticastLeast, 2}, {&o.Partitions, 64},
		{&o.SorterBytes, 4 << 20}, {&o.PartitionBytes, 8 << 10},
	} {
		if *v.field <= 0 {
			*v.field = v.value
		}
	}
	o.ChunkRecipients, o.ChunkBytes = min(o.ChunkRecipients, 500), min(o.ChunkBytes, 256<<10)
	o.MulticastLeast = max(o.MulticastLeast, 2)
	return o
}
