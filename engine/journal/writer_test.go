package journal_test

import (
	"bytes"
	"errors"
	"fmt"
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
		words := []string{fmt.Sprintf("%s%d@%d", r.Grain.ID, r.First, time.Since(b.began).Milliseconds())}
		for _, w := range errorWords {
			if errors.Is(err, w.err) {
				words = append(words, w.word)
			}
		}
		b.reports = append(b.reports, strings.Join(words, " "))
	})
}

var errorWords = []struct {
	err  error
	word string
}{
	{journal.ErrFenced, "fenced"}, {journal.ErrFull, "full"}, {journal.ErrTooLarge, "large"},
	{journal.ErrLost, "lost"}, {journal.ErrClosed, "closed"}, {journal.ErrName, "name"}, {journal.ErrBusy, "busy"},
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
