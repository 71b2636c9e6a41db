package journal_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/engine/journal"
)

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
		b := newBench(t, journal.WriterOptions{})
		for i := range uint64(3) {
			b.add("a", i+1)
			b.flush()
		}
		synctest.Wait()
		all := make([]byte, 1<<20)
		if all = all[:runtime.Stack(all, true)]; bytes.Contains(all, []byte("journal.(*Writer)")) {
			t.Errorf("a goroutine of a writer that has nothing to do:\n%s", all)
		}
	})
}
