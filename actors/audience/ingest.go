package audience

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"maps"
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

	// Rules say what is wrong with a value that isn't empty, by column; empty: nothing. The text never quotes the value. A CSV header has
	// these columns: one that isn't there is misspelt.
	Rules map[string]func(value []byte) (problem string)

	// Bad is told all that is wrong with a row, first what it is refused for, or with the header; reading goes on, and the good rows are
	// stored. rows is 1 for a row, 0 for the header. nil: the file is refused.
	Bad func(rows int, problems []*Error)
	// Stored is told on which line each stored row began; rows are numbered from 0. nil: nobody asks.
	Stored func(row uint32, line int) error
}

// Summary is what was stored.
type Summary struct {
	Rows           int      // of the file, duplicates included, without bad ones
	BadRows        int      // told to Options.Bad
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
	if problems := in.checkHeader(src.Format, r.Columns()); len(problems) > 0 {
		if in.opts.Bad == nil {
			in.bad.List = append(in.bad.List, problems[0])
			return &in.bad
		}
		in.opts.Bad(0, problems)
	}
	if err := in.rows(r); err != nil {
		return in.refuse(err)
	}
	switch {
	case len(in.bad.List) > 0:
		return &in.bad
	case in.sum.Rows+in.sum.BadRows == 0:
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
func (in *ingest) checkHeader(format Format, columns []string) (problems []*Error) {
	if format == NDJSON {
		return nil
	}
	for _, name := range in.opts.Needs {
		if name != UserColumn && !slices.Contains(columns, name) {
			problems = append(problems, lacks(1, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.opts.Rules)) {
		if !slices.Contains(columns, name) && !slices.Contains(in.opts.Needs, name) {
			problems = append(problems, &Error{Line: 1, Column: name, Problem: "is missing: the campaign names it, add it or don't name it"})
		}
	}
	return problems
}

func lacks(line int, name string) *Error {
	return &Error{Line: line, Column: name, Problem: missing, Missing: true}
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
		var (
			end fatal
			bad *Error
		)
		if errors.As(err, &end) || !errors.As(err, &bad) {
			return err
		}
		if in.opts.Bad != nil {
			if err := in.tell(bad, rec); err != nil {
				return err
			}
			continue
		}
		if in.bad.List = append(in.bad.List, bad); len(in.bad.List) >= in.opts.Limits.BadLines {
			in.bad.More = true
			return nil
		}
	}
	return context.Cause(in.ctx)
}

// tell tells what is wrong with a row; rec is nil where it could not be read.
func (in *ingest) tell(first *Error, rec *Record) error {
	problems := []*Error{first}
	for i, name := range in.opts.Needs {
		if rec != nil && rec.Values[i] == nil && (!first.Missing || name != first.Column) {
			problems = append(problems, lacks(rec.Line, name))
		}
	}
	in.opts.Bad(1, problems)
	in.sum.BadRows++
	if in.sum.BadRows%4096 == 0 && in.ctx.Err() != nil {
		return context.Cause(in.ctx)
	}
	return in.bound(first.Line)
}

// bound ends the reading of a file with too many rows.
func (in *ingest) bound(line int) error {
	if in.sum.Rows+in.sum.BadRows <= in.opts.Limits.Rows {
		return nil
	}
	return fatal{&Error{Line: line, Problem: fmt.Sprintf("more than %d rows: split the audience", in.opts.Limits.Rows)}}
}

// row checks a record and stores it while the file is good so far.
func (in *ingest) row(rec *Record) error {
	if err := in.check(rec); err != nil {
		return err
	}
	number := uint32(in.sum.Rows)
	in.sum.Rows++
	if err := in.bound(rec.Line); err != nil {
		return err
	}
	switch {
	case len(in.bad.List) > 0:
		return nil
	case number%4096 == 0 && in.ctx.Err() != nil:
		return context.Cause(in.ctx)
	}
	if err := in.parts.Add(rec.User, rec.Values); err != nil {
		return err
	}
	if in.opts.Stored != nil {
		if err := in.opts.Stored(number, rec.Line); err != nil {
			return err
		}
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
			return lacks(rec.Line, name)
		}
	}
	for name, rule := range in.opts.Rules {
		i := slices.Index(in.sum.Columns, name)
		if i < 0 || len(rec.Values[i]) == 0 {
			continue
		}
		if problem := rule(rec.Values[i]); problem != "" {
			return &Error{Line: rec.Line, Column: name, Problem: problem}
		}
	}
	return nil
}

// fatal is a problem of the file after which reading makes no sense.
type fatal struct{ problem *Error }

// Error is the problem's text.
func (f fatal) Error() string { return f.problem.Error() }

// Unwrap is the problem.
func (f fatal) Unwrap() error { return f.problem }

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
	in.bad.List, in.bad.Cut = append(in.bad.List, bad), true
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
