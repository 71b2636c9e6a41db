package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// ledger is one shard under one claim, from Open until it is closed, dropped or lost. It never comes back: a new claim has a new one.
type ledger struct {
	of        *Ledgers
	claim     journal.Claim
	ctx       context.Context // of what is read for it; ends with it
	cancel    context.CancelCauseFunc
	reminders *reminders

	mu     sync.Mutex      // guards what follows
	writer *journal.Writer // nil until the first append
	next   uint64          // number of the next change in the timetable
	bucket bucketName      // of the newest change
	err    error           // why nothing is appended any more; nil: open
	told   bool            // OnLost was called, or is not to be
}

func newLedger(s *Ledgers, c journal.Claim, hours []int64) *ledger {
	l := &ledger{of: s, claim: c, next: uint64(c.Fence) * numbersPerFence}
	l.ctx, l.cancel = context.WithCancelCause(s.ctx)
	l.reminders = newReminders(l, hours)
	return l
}

// numbersPerFence leaves room for the changes under one fence. Fences are positions in the store, so each record that is stored
// moves the next fence up by as much: the room can't be used up by records, only by 16 million refused changes in a row.
const numbersPerFence = 1 << 24

// bucketName keeps a bucket's id, because most changes follow one of the same hour.
type bucketName struct {
	hour int64
	id   string // "": none yet
}

// bucketOf names the bucket of an hour; l.mu is held.
func (l *ledger) bucketOf(hour int64) journal.Grain {
	if l.bucket.id == "" || l.bucket.hour != hour {
		l.bucket = bucketName{hour, bucketID(l.claim.Shard.Number, hour)}
	}
	return journal.Grain{Kind: timetableKind, ID: l.bucket.id}
}

// recordBytes is where a record with payloads ends that are read one by one: with each the whole record is read.
const recordBytes = 16 << 10

// records numbers the changes and packs those of one bucket that stand together; l.mu is held. A gap in the numbers keeps a record with long
// payloads from being joined with others.
func (l *ledger) records(changes []change) []journal.Record {
	var out []journal.Record
	last, apart := int64(-1), false
	for _, c := range changes {
		hour, long := hourOf(c.entry.due), len(c.entry.payload) > engine.InlinePayload
		if hour != last || long && (!apart || len(out[len(out)-1].Data) >= recordBytes) {
			if apart || long {
				l.next++
			}
			out = append(out, journal.Record{Grain: l.bucketOf(hour), First: l.next, Data: make([]byte, 0, c.size())})
			last, apart = hour, long
		}
		r := &out[len(out)-1]
		r.Data = appendChange(r.Data, c)
		r.Count++
		l.next++
	}
	if apart {
		l.next++
	}
	return out
}

// append queues a unit. done runs once, here where the shard takes none.
func (l *ledger) append(r journal.Record, changes []change, done func(error)) {
	if err := l.enqueue(r, changes, func(err error) { done(l.outcome(err)) }); err != nil {
		done(err)
	}
}

func (l *ledger) enqueue(r journal.Record, changes []change, done func(error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	l.write().Append(r, l.records(changes), done)
	return nil
}

// outcome says ErrNotOpen where the writer was closed with the shard, and the batch surely not stored.
func (l *ledger) outcome(err error) error {
	if errors.Is(err, journal.ErrClosed) && !errors.Is(err, journal.ErrLost) {
		return l.failure()
	}
	return err
}

// do runs f in order with the shard's appends, unless it is given up before.
func (l *ledger) do(f func(ctx context.Context)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.write().Do(func(ctx context.Context, failed error) {
		if failed == nil {
			f(ctx)
		}
	})
}

// write returns the writer, made at its first use; l.mu is held.
func (l *ledger) write() *journal.Writer {
	if l.writer == nil {
		opts := l.of.cfg.Writer
		opts.OnLost = l.lost
		l.writer = journal.NewWriter(l.of.store, l.claim, opts)
	}
	return l.writer
}

// failure is why nothing is appended any more, nil where the shard is open.
func (l *ledger) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// found looks at a store's answer: being fenced is the end, whoever finds it.
func (l *ledger) found(err error) {
	if errors.Is(err, journal.ErrFenced) {
		l.lost(journal.ErrFenced)
	}
}

// lost ends the ledger by what the store said, and tells the owner, once.
func (l *ledger) lost(err error) {
	l.mu.Lock()
	told := l.told
	l.told = true
	if l.err == nil {
		l.err = err
	}
	l.mu.Unlock()
	if told {
		return
	}
	l.reminders.stop()
	l.cancel(err)
	shard := l.claim.Shard
	l.of.cfg.Log.Error("shard lost", "role", shard.Role, "shard", shard.Number, "error", err)
	l.of.cfg.OnLost(l.claim, err)
}

// refuse takes no more appends, and fires no more.
func (l *ledger) refuse(as error) *journal.Writer {
	l.mu.Lock()
	l.err = as
	w := l.writer
	l.mu.Unlock()
	l.reminders.stop()
	return w
}

// closePatience bounds the wait for a store that doesn't heed the end of a context.
const closePatience = time.Second

// close stores what is queued, and returns when nothing is in flight.
func (l *ledger) close(ctx context.Context, as error) (err error) {
	if w := l.refuse(as); w != nil {
		if err = w.Close(ctx); err != nil {
			err = fmt.Errorf("cluster: shard %s %d not flushed: %w", l.claim.Shard.Role, l.claim.Shard.Number, err)
			err = errors.Join(err, quiet(ctx, w))
		}
	}
	l.cancel(as)
	l.reminders.wait()
	l.hush()
	return err
}

// hush has nobody told any more that the shard is lost.
func (l *ledger) hush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = true
}

// quiet waits until a writer that was stopped has reported everything.
func quiet(ctx context.Context, w *journal.Writer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closePatience)
	defer cancel()
	return w.Flush(ctx)
}

// drop ends the ledger at once.
func (l *ledger) drop(as error) {
	l.hush()
	w := l.refuse(as)
	l.cancel(as)
	if w != nil {
		w.Stop()
	}
}
