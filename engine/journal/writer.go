package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Errors of a Writer, beside those of its Store.
var (
	// ErrLost: the store gave no clear answer in time, so the shard is given up. The batch may be stored; only the next claim
	// can tell.
	ErrLost = errors.New("journal: no clear answer from the store in time: the shard is given up")
	// ErrClosed: the writer was closed before the append.
	ErrClosed = errors.New("journal: the shard's writer is closed")
)

// WriterOptions tunes a [Writer]. The zero value is useful.
type WriterOptions struct {
	Slots      Slots           // shared by the writers of a process; nil is no bound
	BatchBytes int             // Data in one batch; 0 is 4 MiB
	AttemptFor time.Duration   // one Append of the store; 0 is 2 s
	UnclearFor time.Duration   // how long a batch without a clear answer is repeated before the shard is given up; 0 is 10 s
	BusyFor    time.Duration   // how long a batch that the store calls busy is repeated before its units fail with ErrBusy; 0 is 30 s
	OnLost     func(err error) // runs once, on the writer's goroutine, before the units that fail by it are reported
}

// Slots bounds the batches that the writers of one process have in flight.
type Slots chan struct{}

// NewSlots makes room for n batches; a cluster's store takes 32.
func NewSlots(n int) Slots { return make(Slots, n) }

func (o WriterOptions) withDefaults() WriterOptions {
	if o.BatchBytes == 0 {
		o.BatchBytes = 4 << 20
	}
	if o.AttemptFor == 0 {
		o.AttemptFor = 2 * time.Second
	}
	if o.UnclearFor == 0 {
		o.UnclearFor = 10 * time.Second
	}
	if o.BusyFor == 0 {
		o.BusyFor = 30 * time.Second
	}
	return o
}

const (
	firstBackoff = time.Millisecond
	maxBackoff   = 50 * time.Millisecond
)

// Writer appends to one shard under one claim. It is safe for concurrent use.
type Writer struct {
	store Store
	claim Claim
	opts  WriterOptions
	ctx   context.Context
	stop  context.CancelCauseFunc

	mu      sync.Mutex // guards what follows
	queue   []unit
	running bool
	closed  bool

	packer packer // owned by run
	failed error  // owned by run: why every unit fails
	batch  uint64 // owned by run: the newest batch's number
}

// NewWriter makes the writer of a claimed shard. It starts nothing yet.
func NewWriter(store Store, claim Claim, opts WriterOptions) *Writer {
	opts = opts.withDefaults()
	ctx, stop := context.WithCancelCause(context.Background())
	return &Writer{
		store: store, claim: claim, opts: opts, ctx: ctx, stop: stop,
		packer: packer{maxBytes: opts.BatchBytes, batchFrom: batchFrom(store), broken: map[Grain]gapGuard{}},
	}
}

func batchFrom(store Store) int {
	if b, ok := store.(Batcher); ok {
		return b.BatchFrom()
	}
	return 0
}

// Append queues one unit: r and extra are stored together or not at all, whatever they are packed with. r is some events or the
// snapshot of one grain, or no event (Count 0) where only extra is stored; extra are records of other grains of
// the shard. Data belongs to the writer until done, which runs exactly once, on the writer's goroutine: it must be short and must
// not wait for this writer.
func (w *Writer) Append(r Record, extra []Record, done func(error)) {
	w.enqueue(unit{record: r, extra: extra, done: done})
}

func (w *Writer) enqueue(u unit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u.late = w.closed
	w.queue = append(w.queue, u)
	if !w.running {
		w.running = true
		go w.run()
	}
}

// Do runs f on the writer's goroutine, after what was queued before it was reported and before what is queued later is appended:
// a purge can't overtake an append, nor an append a purge. failed says why the writer takes no more, and is nil otherwise.
func (w *Writer) Do(f func(ctx context.Context, failed error)) {
	w.enqueue(unit{alone: true, done: func(err error) { f(w.ctx, err) }})
}

// Flush waits until everything queued before it was reported.
func (w *Writer) Flush(ctx context.Context) error {
	flushed := make(chan struct{})
	w.enqueue(unit{barrier: true, done: func(error) { close(flushed) }})
	select {
	case <-flushed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close flushes. Units that come later fail with ErrClosed, and so does what is still queued when ctx ends first; the batch that
// is then in flight fails with ErrLost, because it may be stored.
func (w *Writer) Close(ctx context.Context) error {
	w.refuse()
	err := w.Flush(ctx)
	w.stop(ErrClosed)
	return err
}

// Stop ends the writer without waiting: it is Close with no time at all.
func (w *Writer) Stop() {
	w.refuse()
	w.stop(ErrClosed)
}

func (w *Writer) refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// run works until the queue is empty.
func (w *Writer) run() {
	for {
		release, held := w.slot()
		b, ok := w.next(held)
		if ok && len(b.records) > 0 {
			b.err = w.deliver(b)
		}
		release()
		if !ok {
			return
		}
		w.report(b)
	}
}

// slot waits for room in the process, and says no when the writer was stopped.
func (w *Writer) slot() (release func(), held bool) {
	if w.opts.Slots == nil {
		return func() {}, w.ctx.Err() == nil
	}
	select {
	case w.opts.Slots <- struct{}{}:
		return func() { <-w.opts.Slots }, w.ctx.Err() == nil
	case <-w.ctx.Done():
		return func() {}, false
	}
}

// next takes a batch off the queue; it is packed after the slot was got, so that it is as full as can be.
func (w *Writer) next(held bool) (batch, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.queue, w.running = nil, false
		return batch{}, false
	}
	switch {
	case w.failed == nil && !held:
		w.failed = context.Cause(w.ctx)
		fallthrough
	case w.failed != nil:
		b := batch{units: w.queue, err: w.failed}
		w.queue = nil
		return b, true
	}
	b := w.packer.pack(w.queue)
	clear(w.queue[:len(b.units)])
	w.queue = w.queue[len(b.units):]
	return b, true
}

// deliver repeats a batch under one id until its fate is known.
func (w *Writer) deliver(b batch) error {
	w.batch++
	id := strconv.FormatUint(uint64(w.claim.Fence), 36) + "-" + strconv.FormatUint(w.batch, 36)
	var fate fate
	for backoff := firstBackoff; ; backoff = min(2*backoff, maxBackoff) {
		err := w.attempt(id, b.records)
		switch fate.decide(err, time.Now(), w.opts) {
		case settled:
			return err
		case tooLate:
			w.lose(ErrFenced)
			return fmt.Errorf("%w: an attempt had no answer, then another owner claimed the shard", ErrLost)
		case giveUp:
			return fmt.Errorf("%w: shard %s %d: %w", ErrLost, w.claim.Shard.Role, w.claim.Shard.Number, err)
		case again:
		}
		if !w.pause(backoff) {
			return w.stopped(fate)
		}
	}
}

func (w *Writer) stopped(f fate) error {
	if f.unclear.IsZero() {
		return context.Cause(w.ctx)
	}
	return fmt.Errorf("%w: %w", ErrLost, context.Cause(w.ctx))
}

func (w *Writer) attempt(id string, records []Record) error {
	ctx, cancel := context.WithTimeout(w.ctx, w.opts.AttemptFor)
	defer cancel()
	return w.store.Append(ctx, w.claim, id, records)
}

func (w *Writer) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.ctx.Done():
		return false
	}
}

// report tells each unit of a batch its outcome, in order.
func (w *Writer) report(b batch) {
	if b.err != nil && !refused(b.err) {
		w.lose(b.err)
	}
	for i := range b.units {
		u := &b.units[i]
		err := b.err
		switch {
		case u.barrier:
			err = nil
		case u.late && err == nil:
			err = ErrClosed
		case u.alone:
		case u.err != nil:
			err = u.err
		case err != nil && refused(err):
			w.packer.refuse(*u, err)
		}
		u.done(err)
	}
}

// lose ends the writer, once: every later unit fails by err.
func (w *Writer) lose(err error) {
	if w.failed != nil {
		return
	}
	w.failed = err
	if w.opts.OnLost != nil && !errors.Is(err, ErrClosed) {
		w.opts.OnLost(err)
	}
}

// refused: the batch is surely not stored, and the writer goes on. A refusal of the last attempt says nothing of an earlier one
// without an answer.
func refused(err error) bool {
	return !errors.Is(err, ErrLost) && (errors.Is(err, ErrFull) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrName) || errors.Is(err, ErrBusy))
}
