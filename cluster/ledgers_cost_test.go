package cluster_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/engine/journal"
)

// all is every shard of three roles.
func all() []journal.Shard { return shardsOf("checker", "composer", "poster") }

func TestComingAndGoingLeavesNothing(t *testing.T) {
	store := journal.NewMemory(uuid.New())
	a := newSeat(t, store)
	round := func(i int) {
		a.take(all()...)
		for id := range 64 {
			a.queue(fmt.Sprint("g", i, "-", id), 1, mark("m", time.Now().Add(time.Hour)))
		}
		switch i % 3 {
		case 0:
			a.must(a.Close(t.Context(), all()))
		case 1:
			a.Drop(all())
		}
	}
	look := func() (goroutines int, heap uint64) {
		a.must(a.Close(t.Context(), all()))
		time.Sleep(50 * time.Millisecond) // dropped ones report their last
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	for i := range 3 {
		round(i)
	}
	goroutines, heap := look()
	records, _ := store.Stats(t.Context())
	const rounds = 60
	for i := range rounds {
		round(i)
	}
	after, heapAfter := look()
	recordsAfter, _ := store.Stats(t.Context())
	grown, stored := int64(heapAfter)-int64(heap), int64(recordsAfter.Records-records.Records)
	t.Logf("%d rounds of 192 shards: %d goroutines before, %d after; heap grew by %d KiB, with %d records", rounds, goroutines, after, grown>>10, stored)
	if after > goroutines || grown-stored*1000 > 1<<20 {
		t.Error("something stayed")
	}
	a.must(a.Stop(t.Context()))
}

// TestOpenIsFast: 192 shards with 10,000 overdue reminders, from Open to the last firing.
func TestOpenIsFast(t *testing.T) {
	const n = 10_000
	store := journal.NewMemory(uuid.New())
	a := newSeat(t, store)
	a.take(all()...)
	var stored sync.WaitGroup
	for i := range n {
		stored.Add(1)
		u := unit(fmt.Sprint("g", i), 1, 1, mark("m", time.Now()))
		u.Role = []string{"checker", "composer", "poster"}[i%3]
		a.Append(u, func(err error) {
			if err != nil {
				t.Error(err)
			}
			stored.Done()
		})
	}
	stored.Wait()
	a.must(a.Stop(t.Context()))

	fired, done := atomic.Int64{}, make(chan struct{})
	b := cluster.NewLedgers(t.Context(), store, cluster.Config{})
	b.OnReminder(func(string, string, string, time.Time, []byte) {
		if fired.Add(1) == n {
			close(done)
		}
	})
	claims := a.claim(all()...)
	start := time.Now()
	a.must(b.Open(t.Context(), claims))
	opened := time.Since(start)
	a.must(b.Fire(t.Context(), all()))
	read := time.Since(start)
	<-done
	took := time.Since(start)
	t.Logf("192 shards, %d reminders: open after %v, read after %v, the last was told after %v", n, opened, read, took)
	if took > 100*time.Millisecond && !testing.Short() {
		t.Error("not within 100 ms")
	}
	before := time.Now()
	a.must(b.Close(t.Context(), all()))
	t.Logf("closed in %v", time.Since(before))
	b.Kill()
}
