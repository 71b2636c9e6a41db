package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/actors/audience/spill"
	"hayauma.example/actors/recipient"
)

// Bounds of an import's memory and of what it asks at once.
const (
	spoolBuffer   = 256 << 10 // bytes of checked rows that need no file
	importBytes   = 4 << 20   // what rows take that wait for others of their book
	importBatch   = 128 << 10 // what those of one question to a book take, about
	importWorkers = 16        // books that are asked at once
)

// spool holds checked rows, on disk where they are many.
type spool[R any] struct {
	dir  *spill.Dir
	file *spill.File
	enc  *msgpack.Encoder
}

func newSpool[R any](root *os.Root) *spool[R] {
	dir := spill.New(root)
	p := &spool[R]{dir: dir, file: dir.File(spoolBuffer)}
	p.enc = msgpack.NewEncoder(p.file)
	p.enc.UseArrayEncodedStructs(true)
	return p
}

func (p *spool[R]) keep(row R) error { return p.enc.Encode(row) }

// each tells of the rows in their order.
func (p *spool[R]) each(tell func(R) error) error {
	dec := msgpack.NewDecoder(p.file.Reader(spoolBuffer))
	for {
		var row R
		switch err := dec.Decode(&row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("checked rows: %w", err)
		}
		if err := tell(row); err != nil {
			return err
		}
	}
}

// spread brings the rows of an import to their books, many at once. Those of one book stay in their order.
type spread[R any] struct {
	most int                                                 // rows that a book takes at once
	size func(R) int                                         // bytes that a row takes
	book func(R) int                                         // number of the row's book
	take func(ctx context.Context, book int, rows []R) error // asks the book; several at once call it

	batches [recipient.BookCount]batch[R] // owned by run
	bytes   int                           // that they take

	queues [importWorkers]chan batch[R] // a book's batches all go to one worker
}

// batch is rows of one book.
type batch[R any] struct {
	book  int
	bytes int
	rows  []R
}

// run ends when all rows that each tells are taken, or at the first failure.
func (s *spread[R]) run(ctx context.Context, each func(tell func(R) error) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for i := range s.queues {
		queue := make(chan batch[R])
		s.queues[i] = queue
		workers.Go(func() {
			for b := range queue {
				if ctx.Err() != nil {
					continue
				}
				if err := s.take(ctx, b.book, b.rows); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := each(func(row R) error { return s.add(ctx, row) })
	for n := range s.batches {
		if err == nil {
			err = s.flush(ctx, n)
		}
	}
	for _, queue := range s.queues {
		close(queue)
	}
	workers.Wait()
	if failed := context.Cause(ctx); failed != nil {
		return failed
	}
	return err
}

func (s *spread[R]) add(ctx context.Context, row R) error {
	n, size := s.book(row), s.size(row)
	b := &s.batches[n]
	b.rows = append(b.rows, row)
	b.bytes += size
	s.bytes += size
	switch {
	case len(b.rows) == s.most || b.bytes >= importBatch:
		return s.flush(ctx, n)
	case s.bytes >= importBytes:
		return s.flush(ctx, s.fullest())
	}
	return nil
}

func (s *spread[R]) fullest() int {
	most := 0
	for n := range s.batches {
		if s.batches[n].bytes > s.batches[most].bytes {
			most = n
		}
	}
	return most
}

func (s *spread[R]) flush(ctx context.Context, n int) error {
	b := s.batches[n]
	if len(b.rows) == 0 {
		return nil
	}
	b.book = n
	s.batches[n] = batch[R]{}
	s.bytes -= b.bytes
	select {
	case s.queues[n%importWorkers] <- b:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
