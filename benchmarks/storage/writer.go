package storage

import (
	"context"
	"errors"
	"slices"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/engine/journal"
)

// queued is a journal's store behind the writer that an owner of a shard runs: all appenders share one shard, and what comes while an
// append is in flight goes into the next one.
type queued struct {
	*journaled
	writer *journal.Writer
}

// openQueued opens a row's store that has a journal.
func openQueued(ctx context.Context, row, dir string) (store, error) {
	s, err := open(ctx, row, dir, 1)
	if err != nil {
		return nil, err
	}
	j, ok := s.(*journaled)
	if !ok {
		return nil, errors.Join(&experiment.UnknownRowError{Row: row, Have: []string{onJetstream, inMemory}}, s.close(ctx))
	}
	return &queued{journaled: j, writer: journal.NewWriter(j.Store, j.shards[0].claim, journal.WriterOptions{})}, nil
}

func (q *queued) append(ctx context.Context, _ int, records []journal.Record) error {
	done := make(chan error, 1)
	q.writer.Append(records[0], records[1:], func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (q *queued) read(ctx context.Context, _ int, grains []journal.Grain) (uint64, error) {
	return q.journaled.read(ctx, 0, grains)
}

func (q *queued) close(ctx context.Context) error {
	q.writer.Stop() // appenders have waited for all they appended
	return q.journaled.close(ctx)
}

const writerText = "64 grains of one shard append one record each, wait, and append again, through the writer that the owner of a shard runs: one append " +
	"is in flight, and what comes meanwhile is packed into the next. On JetStream that is an atomic batch from 16 records on. This is " +
	"how this program's own events are stored. " + diskText

// writing is the experiment through the writer; the file has none.
func writing() experiment.Experiment {
	w := appends{appenders: 64, records: 1, size: 200, limit: 300_000}
	e := define("append-writer", "Appends of 64 grains through one shard's writer", writerText, func(experiment.Scale) workload { return w }, openQueued)
	e.Rows = slices.DeleteFunc(e.Rows, func(r experiment.Row) bool { return r.Name == onFile })
	e.Figures = slices.DeleteFunc(e.Figures, func(f experiment.Figure) bool { return f.Name == "fdatasync_us" })
	return e
}
