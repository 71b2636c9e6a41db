package audience

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"os"
	"slices"

	"hayauma.example/actors/audience/spill"
)

// Sink stores parts. data is valid until Part returns; numbers run from 0 without gaps.
type Sink interface {
	Part(n int, data []byte) error
}

// Options of an Ingest.
type Options struct {
	Dir      *os.Root // for temporary files; stays the caller's
	Limits   Limits
	Needs    []string          // variables that every row must have
	Optional []string          // variables that are kept where a row has them, else empty
	ID       func([]byte) bool // what an id looks like, default LineID
	IDRule   string            // that rule in words, for the error of a bad id
}

// Summary is what was stored.
type Summary struct {
	Rows           int      // of the file, duplicates included
	Duplicates     int      // rows whose id an earlier row has
	Parts          int      // of rows: numbers 0 to Parts-1
	DuplicateParts int      // numbers Parts to Parts+DuplicateParts-1
	PartsSHA256    [32]byte // over all parts in the order of their numbers
	ContentSHA256  [32]byte // over the decompressed upload
	Columns        []string // of the stored rows: Needs, then Optional
	Seen           []string // columns of the file besides user_id
}

// Ingest reads a whole audience and stores it. A bad file is [*Errors]; see the package documentation.
func Ingest(ctx context.Context, src Source, sink Sink, opts Options) (s Summary, err error) {
	dir := spill.New(opts.Dir)
	defer func() { err = errors.Join(err, dir.Close()) }()
	in := &ingest{ctx: ctx, sink: sink, opts: opts, digest: sha256.New(), later: newDuplicates(dir)}
	in.opts.Limits = opts.Limits.withDefaults()
	if in.opts.ID == nil {
		in.opts.ID, in.opts.IDRule = LineID, "U and 32 hex digits in lower case"
	}
	in.sum.Columns = slices.Concat(opts.Needs, opts.Optional)
	if in.parts, err = NewPartWriter(in.sum.Columns, in.store); err != nil {
		return Summary{}, err
	}
	if err := in.run(src); err != nil {
		return Summary{}, err
	}
	return in.sum, nil
}

type ingest struct {
	ctx    context.Context
	sink   Sink
	opts   Options
	parts  *PartWriter
	later  *duplicates
	digest hash.Hash
	bad    Errors
	sum    Summary
}

// store gives one part to the sink.
func (in *ingest) store(n int, data []byte) error {
	if err := context.Cause(in.ctx); err != nil {
		return err
	}
	in.digest.Write(data)
	if err := in.sink.Part(n, data); err != nil {
		return fmt.Errorf("audience: store part %d: %w", n, err)
	}
	return nil
}

func (in *ingest) run(src Source) error {
	r, err := Open(src, in.opts.Limits, in.sum.Columns)
	if err != nil {
		return in.refuse(err)
	}
	if err := in.checkHeader(src.Format, r.Columns()); err != nil {
		return in.refuse(err)
	}
	if err := in.rows(r); err != nil {
		return in.refuse(err)
	}
	switch {
	case len(in.bad.List) > 0:
		return &in.bad
	case in.sum.Rows == 0:
		return in.refuse(&Error{Problem: "the audience is empty: it has no rows"})
	}
	if err := in.finish(); err != nil {
		return err
	}
	in.sum.ContentSHA256, in.sum.Seen = r.digest(), r.Columns()
	copy(in.sum.PartsSHA256[:], in.digest.Sum(nil))
	return nil
}

// checkHeader finds in a CSV header at once what would fail in every row.
func (in *ingest) checkHeader(format Format, columns []string) error {
	if format == NDJSON {
		return nil
	}
	for _, name := range in.opts.Needs {
		if name != UserColumn && !slices.Contains(columns, name) {
			return &Error{Line: 1, Column: name, Problem: missing}
		}
	}
	return nil
}

const missing = "is missing: the template needs it, add it or give a default in the template"

func (in *ingest) rows(r *Reader) error {
	for rec, err := range r.Records() {
		if err == nil {
			err = in.row(rec)
		}
		if err == nil {
			continue
		}
		var bad *Error
		if !errors.As(err, &bad) {
			return err
		}
		if in.bad.List = append(in.bad.List, bad); len(in.bad.List) >= in.opts.Limits.BadLines {
			in.bad.More = true
			return nil
		}
	}
	return context.Cause(in.ctx)
}

// row checks a record and stores it while the file is good so far.
func (in *ingest) row(rec *Record) error {
	if err := in.check(rec); err != nil {
		return err
	}
	number := uint32(in.sum.Rows)
	in.sum.Rows++
	switch {
	case in.sum.Rows > in.opts.Limits.Rows:
		return fatal{&Error{Line: rec.Line, Problem: fmt.Sprintf("more than %d rows: split the audience", in.opts.Limits.Rows)}}
	case len(in.bad.List) > 0:
		return nil
	case number%4096 == 0 && in.ctx.Err() != nil:
		return context.Cause(in.ctx)
	}
	if err := in.parts.Add(rec.User, rec.Values); err != nil {
		return err
	}
	return in.later.add(rec.User, number)
}

func (in *ingest) check(rec *Record) error {
	switch {
	case len(rec.User) == 0:
		return &Error{Line: rec.Line, Column: UserColumn, Problem: "is missing in this row"}
	case len(rec.User) > maxID || !in.opts.ID(rec.User):
		return &Error{Line: rec.Line, Column: UserColumn, Problem: "is not a valid id: expected " + in.opts.IDRule}
	}
	for i, name := range in.opts.Needs {
		if rec.Values[i] == nil {
			return &Error{Line: rec.Line, Column: name, Problem: missing}
		}
	}
	return nil
}

// fatal is a problem of the file after which reading makes no sense.
type fatal struct{ problem *Error }

// Error is the problem's text.
func (f fatal) Error() string { return f.problem.Error() }

// refuse turns what ended the reading into Errors when the file is to blame.
func (in *ingest) refuse(err error) error {
	var (
		end fatal
		bad *Error
	)
	switch {
	case errors.As(err, &end):
		bad = end.problem
	case !errors.As(err, &bad):
		return err
	}
	in.bad.List = append(in.bad.List, bad)
	return &in.bad
}

// finish writes what is left in memory, then the duplicates.
func (in *ingest) finish() error {
	if err := in.parts.Flush(); err != nil {
		return err
	}
	in.sum.Parts = in.parts.Parts()
	w := &duplicateWriter{write: func(data []byte) error {
		in.sum.DuplicateParts++
		return in.store(in.sum.Parts+in.sum.DuplicateParts-1, data)
	}}
	err := in.later.resolve(func(row uint32) error {
		in.sum.Duplicates++
		return w.add(row)
	})
	if err != nil {
		return err
	}
	return w.flush()
}
