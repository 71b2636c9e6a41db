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
	Now            time.Time                   // the due time, in the zone of the run
	Check          func(messages []byte) error // the provider's limits; its error is the recipient's reason; nil: none
}

// Options of a Freeze. The zero value of each is its default, except Dir.
type Options struct {
	Dir             *os.Root // for temporary files; stays the caller's
	ChunkRecipients int      // default and most 500
	ChunkBytes      int      // default and most 256 KiB; one recipient may exceed it alone
	MulticastLeast  int      // equal bodies that are worth multicasts, default 2; one body for all is always worth them
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
	rows := &rows{ctx: ctx, in: in, inputs: in.Template.Inputs()}
	s, err := takeSurvey(in, rows, dir, opts)
	if err != nil {
		return Table{}, err
	}
	w := newChunkWriter(opts, in.Template.Inputs(), emit)
	d := &delivery{survey: s, opts: opts, dir: dir, out: w}
	if err := d.run(rows); err != nil {
		return Table{}, err
	}
	return w.table, nil
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
