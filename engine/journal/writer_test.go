package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/engine/journal"
)

var (
	errLostAnswer = errors.New("the answer was lost")
	shard         = journal.Shard{Role: "r", Number: 3}
)

// bench is a writer on a slow store that remembers the batches it saw.
type bench struct {
	t       *testing.T
	store   *journal.Memory
	writer  *journal.Writer
	began   time.Time
	batches []string
	ids     []string
	reports []string
	lost    []error
	fault   func(n int, c journal.Call) error // n counts calls of Append from 1
}

func newBench(t *testing.T, opts journal.WriterOptions) *bench {
	b := &bench{t: t, store: journal.NewMemory(uuid.New()), began: time.Now()}
	b.store.Latency = 10 * time.Millisecond
	b.store.Fault = func(c journal.Call) error {
		if c.Op != "append" {
			return nil
		}
		if !c.Done {
			b.batches = append(b.batches, batchText(c.Records))
			b.ids = append(b.ids, c.ID)
		}
		if b.fault != nil {
			return b.fault(len(b.batches), c)
		}
		return nil
	}
	claims, err := b.store.Claim(t.Context(), "me", []journal.Shard{shard})
	if err != nil {
		t.Fatal(err)
	}
	b.began = time.Now()
	opts.OnLost = func(err error) { b.lost = append(b.lost, err) }
	b.writer = journal.NewWriter(b.store, claims[0], opts)
	return b
}

func batchText(records []journal.Record) string {
	var out []string
	for _, r := range records {
		mark := ""
		if r.Snapshot {
			mark = "*"
		}
		out = append(out, fmt.Sprintf("%s%d+%d%s", r.Grain.ID, r.First, r.Count, mark))
	}
	return strings.Join(out, " ")
}

func record(id string, first uint64, size int) journal.Record {
	return journal.Record{Grain: journal.Grain{Kind: "k", ID: id}, First: first, Count: 1, Data: bytes.Repeat([]byte(id[:1]), size)}
}

// add appends one event of ten bytes and notes its report as "id+first@milliseconds error".
func (b *bench) add(id string, first uint64) { b.put(record(id, first, 10)) }

func (b *bench) put(r journal.Record, extra ...journal.Record) {
	b.writer.Append(r, extra, func(err error) {
		text := fmt.Sprintf("%s%d@%d", r.Grain.ID, r.First, time.Since(b.began).Milliseconds())
		for _, known := range []error{journal.ErrFenced, journal.ErrFull, journal.ErrTooLarge, journal.ErrLost, journal.ErrClosed, journal.ErrName} {
			if errors.Is(err, known) {
				text += " " + map[error]string{
					journal.ErrFenced: "fenced", journal.ErrFull: "full", journal.ErrTooLarge: "large",
					journal.ErrLost: "lost", journal.ErrClosed: "closed", journal.ErrName: "name",
				}[known]
			}
		}
		b.reports = append(b.reports, text)
	})
}

func (b *bench) want(what string, got []string, want ...string) {
	b.t.Helper()
	if !slices.Equal(got, want) {
		b.t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func (b *bench) flush() {
	b.t.Helper()
	if err := b.writer.Flush(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) replay(id string) string {
	b.t.Helper()
	claims, err := b.store.Claim(b.t.Context(), "reader", []journal.Shard{shard})
	if err != nil {
		b.t.Fatal(err)
	}
	var out []journal.Record
	for r, err := range b.store.Replay(b.t.Context(), claims[0], journal.Grain{Kind: "k", ID: id}) {
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, r)
	}
	return batchText(out)
}

func TestWriterPacksWhatQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.add("a", 1)
		synctest.Wait() // the first batch is in flight
		b.add("a", 2)
		b.add("b", 1)
		b.add("a", 3)
		b.put(record("c", 7, 1), record("t", 1, 1))
		b.put(record("c", 8, 1), record("t", 2, 1))
		b.put(journal.Record{Grain: journal.Grain{Kind: "k", ID: "a"}, First: 3, Snapshot: true})
		b.add("a", 4)
		b.flush()
		b.want("batches", b.batches, "a1+1", "a2+2 b1+1 c7+2 t1+2 a3+0* a4+1")
		b.want("reports", b.reports, "a1@10", "a2@20", "b1@20", "a3@20", "c7@20", "c8@20", "a3@20", "a4@20")
		if got := b.replay("a"); got != "a3+0* a4+1" {
			t.Errorf("replay of a: %s", got)
		}
	})
}

// dear is a store whose batches pay from five records on.
type dear struct{ *journal.Memory }

func (dear) BatchFrom() int { return 5 }

func TestWriterAvoidsSmallBatchesWhereTheyAreDear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.writer = journal.NewWriter(dear{b.store}, b.writer.Claim(), journal.WriterOptions{})
		b.add("z", 1)
		synctest.Wait()
		b.add("a", 1)
		b.add("a", 2)
		b.add("b", 1)
		b.put(record("c", 1, 1), record("t", 1, 1)) // belongs together, whatever the price
		b.flush()
		b.want("small ones", b.batches, "z1+1", "a1+2", "b1+1", "c1+1 t1+1")
		b.batches = nil
		b.add("z", 2)
		synctest.Wait()
		for _, id := range []string{"d", "e", "f", "g", "h"} {
			b.add(id, 1)
		}
		b.flush()
		b.want("large ones", b.batches, "z2+1", "d1+1 e1+1 f1+1 g1+1 h1+1")
		b.want("reports", b.reports, "z1@10", "a1@20", "a2@20", "b1@30", "c1@40", "z2@50", "d1@60", "e1@60", "f1@60", "g1@60", "h1@60")
	})
}

func TestWriterKeepsLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{BatchBytes: 2 << 20})
		b.add("z", 1)
		synctest.Wait()
		b.put(record("a", 1, 500<<10))
		b.put(record("a", 2, 200<<10))
		b.put(record("a", 3, 200<<10), record("t", 1, 700<<10)) // whole or not at all: it would fit but for t
		b.put(record("b", 1, 700<<10))
		b.flush()
		b.want("batches", b.batches, "z1+1", "a1+2 a3+1 t1+1", "b1+1")

		b.add("z", 2)
		synctest.Wait()
		for i := range journal.MaxBatch + 1 {
			b.add(fmt.Sprint("g", i), 1)
		}
		b.flush()
		if n := strings.Count(b.batches[4], " ") + 1; len(b.batches) != 6 || n != journal.MaxBatch {
			t.Errorf("%d batches, the fifth of %d records", len(b.batches), n)
		}
	})
}

func TestWriterFailsOnlyWhatIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.add("z", 1)
		synctest.Wait()
		b.add("a", 1)
		b.put(record("a", 2, journal.MaxRecord+1))
		b.add("a", 3) // stored, it would leave a gap
		b.put(journal.Record{First: 1, Count: 1})
		b.add("b", 1)
		b.flush()
		b.add("a", 3) // its owner doesn't know yet
		b.flush()
		b.add("a", 2) // now it does
		b.add("a", 3)
		b.flush()
		b.want("batches", b.batches, "z1+1", "a1+1 b1+1", "a2+2")
		b.want("reports", b.reports, "z1@10", "a1@20", "a2@20 large", "a3@20 large", "1@20 name", "b1@20", "a3@20 large", "a2@30", "a3@30")
	})
}

func TestWriterFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.fault = func(n int, c journal.Call) error {
			if n == 2 {
				return journal.ErrFull
			}
			return nil
		}
		b.add("z", 1)
		synctest.Wait()
		b.add("a", 1)
		b.add("b", 1)
		time.Sleep(15 * time.Millisecond) // the second batch is in flight
		b.add("a", 2)
		b.add("c", 1)
		b.flush()
		b.add("b", 1)
		b.flush()
		b.want("batches", b.batches, "z1+1", "a1+1 b1+1", "c1+1", "b1+1")
		b.want("reports", b.reports, "z1@10", "a1@20 full", "b1@20 full", "a2@30 full", "c1@30", "b1@40")
		if len(b.lost) != 0 {
			t.Errorf("lost: %v", b.lost)
		}
	})
}

func TestWriterTriesAgainWhenBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.fault = func(n int, c journal.Call) error {
			if n < 3 {
				return journal.ErrBusy
			}
			return nil
		}
		b.add("a", 1)
		b.flush()
		b.want("batches", b.batches, "a1+1", "a1+1", "a1+1")
		b.want("reports", b.reports, "a1@33") // three attempts of 10 ms, pauses of 1 and 2 ms
		if b.ids[0] != b.ids[2] {
			t.Errorf("ids %q", b.ids)
		}
	})
}

func TestWriterRepeatsAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.fault = func(n int, c journal.Call) error {
			if n == 1 && c.Done {
				return errLostAnswer
			}
			if n == 2 && !c.Done {
				return journal.ErrFull // says nothing of the first attempt
			}
			return nil
		}
		b.add("a", 1)
		synctest.Wait()
		b.add("a", 2)
		b.flush()
		b.want("batches", b.batches, "a1+1", "a1+1", "a1+1", "a2+1")
		b.want("reports", b.reports, "a1@33", "a2@43")
		if b.ids[0] != b.ids[2] || b.ids[2] == b.ids[3] {
			t.Errorf("ids %q", b.ids)
		}
		if got := b.replay("a"); got != "a1+1 a2+1" {
			t.Errorf("replay of a: %s", got)
		}
	})
}

func TestWriterGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{UnclearFor: time.Second})
		b.fault = func(n int, c journal.Call) error {
			if c.Done {
				return nil
			}
			return errLostAnswer
		}
		b.add("a", 1)
		synctest.Wait()
		b.add("b", 1)
		b.flush()
		b.add("c", 1)
		b.flush()
		if len(b.lost) != 1 || !errors.Is(b.lost[0], journal.ErrLost) || !errors.Is(b.lost[0], errLostAnswer) {
			t.Errorf("lost: %v", b.lost)
		}
		b.want("reports", b.reports, "a1@1033 lost", "b1@1033 lost", "c1@1033 lost")
		for _, text := range b.batches {
			if text != "a1+1" {
				t.Errorf("after an unclear answer came the batch %s", text)
			}
		}
	})
}

func TestWriterHangingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{AttemptFor: time.Second, UnclearFor: 5 * time.Second})
		b.store.Latency = time.Hour
		b.add("a", 1)
		b.flush()
		b.want("reports", b.reports, "a1@6031 lost") // six attempts; the first ended at 1 s, and 5 s later it was enough
	})
}

func TestWriterFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.add("a", 1)
		b.flush()
		if _, err := b.store.Claim(t.Context(), "other", []journal.Shard{shard}); err != nil {
			t.Fatal(err)
		}
		b.add("a", 2)
		synctest.Wait()
		b.add("b", 1)
		b.flush()
		b.add("c", 1)
		b.flush()
		b.want("reports", b.reports, "a1@10", "a2@30 fenced", "b1@30 fenced", "c1@30 fenced")
		if len(b.lost) != 1 || !errors.Is(b.lost[0], journal.ErrFenced) {
			t.Errorf("lost: %v", b.lost)
		}
	})
}

func TestWriterDoIsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		g := journal.Grain{Kind: "k", ID: "a"}
		b.add("a", 1)
		synctest.Wait()
		b.add("a", 2)
		b.writer.Do(func(ctx context.Context, failed error) {
			if failed != nil {
				t.Error(failed)
			}
			if err := b.store.Purge(ctx, b.writer.Claim(), g, 0); err != nil {
				t.Error(err)
			}
		})
		b.add("a", 1)
		b.flush()
		b.want("batches", b.batches, "a1+1", "a2+1", "a1+1")
		if got := b.replay("a"); got != "a1+1" {
			t.Errorf("replay of a: %s", got)
		}
	})
}

func TestWriterStoresExtraAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.put(journal.Record{Grain: journal.Grain{Kind: "k", ID: "a"}, First: 5}, record("t", 1, 1))
		b.flush()
		b.want("batches", b.batches, "t1+1")
		b.want("reports", b.reports, "a5@10")
	})
}

func TestWriterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.add("a", 1)
		if err := b.writer.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.add("b", 1)
		synctest.Wait()
		b.want("reports", b.reports, "a1@10", "b1@10 closed")
	})
}

func TestWriterCloseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.store.Latency = time.Hour
		b.add("a", 1)
		synctest.Wait()
		b.add("b", 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.writer.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		synctest.Wait()
		b.want("reports", b.reports, "a1@1000 lost closed", "b1@1000 lost closed")
	})
}

func TestWritersShareSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := journal.NewMemory(uuid.New())
		store.Latency = 10 * time.Millisecond
		var shards []journal.Shard
		for n := range 10 {
			shards = append(shards, journal.Shard{Role: "r", Number: n})
		}
		claims, err := store.Claim(t.Context(), "me", shards)
		if err != nil {
			t.Fatal(err)
		}
		began, slots := time.Now(), journal.NewSlots(4)
		last := make(chan time.Duration, len(claims))
		for _, c := range claims {
			w := journal.NewWriter(store, c, journal.WriterOptions{Slots: slots})
			w.Append(record("a", 1, 1), nil, func(err error) {
				if err != nil {
					t.Error(err)
				}
				last <- time.Since(began)
			})
		}
		var latest time.Duration
		for range claims {
			latest = max(latest, <-last)
		}
		if latest != 30*time.Millisecond { // ten batches, four at a time, 10 ms each
			t.Errorf("the last was stored after %v", latest)
		}
	})
}

func TestIdleWriterHasNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := runtime.NumGoroutine()
		b := newBench(t, journal.WriterOptions{})
		for i := range uint64(3) {
			b.add("a", i+1)
			b.flush()
		}
		synctest.Wait()
		if n := runtime.NumGoroutine(); n != before {
			t.Errorf("%d goroutines, %d before", n, before)
		}
	})
}
