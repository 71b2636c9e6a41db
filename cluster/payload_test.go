package cluster_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// bulk is a payload of a size, which n tells from others.
func bulk(n, size int) []byte {
	return bytes.Repeat([]byte{byte(n), byte(n >> 8), 'x'}, size/3+1)[:size]
}

func (r *rig) payload(id, name string, due time.Time) ([]byte, error) {
	return r.Payload(r.t.Context(), "checker", id, journal.Grain{Kind: "k", ID: id}, name, due)
}

func (r *rig) wantPayload(id, name string, due time.Time, want []byte) {
	r.t.Helper()
	got, err := r.payload(id, name, due)
	if err != nil || !bytes.Equal(got, want) {
		r.t.Errorf("%s of %s carries %d bytes, want %d (%v)", name, id, len(got), len(want), err)
	}
}

func (r *rig) wantNone(id, name string, due time.Time) {
	r.t.Helper()
	if got, err := r.payload(id, name, due); !errors.Is(err, engine.ErrNoReminder) {
		r.t.Errorf("%s of %s carries %d bytes (%v), want none", name, id, len(got), err)
	}
}

// A long payload is not given when its reminder fires, and is read whenever it is wanted: as it was stored, after a crash, and until it is forgotten.
func TestLongPayloadsAreRead(t *testing.T) {
	bubble(t, func(r *rig) {
		r.open()
		due := r.in(10 * time.Minute)
		sizes := []int{0, 1, engine.InlinePayload, engine.InlinePayload + 1, 20_000, 300_000}
		name := func(i int) string { return fmt.Sprint("m", i) }
		var marks []engine.Mark
		for i, size := range sizes {
			marks = append(marks, engine.Mark{Name: name(i), Due: due, Payload: bulk(i, size)})
		}
		r.must(r.append("a", 1, marks...))
		long := func(n int) engine.Mark { return engine.Mark{Name: "m", Due: due, Payload: bulk(n, 1000)} }
		r.must(r.append("b", 1, long(1), unmark("m", due), long(2)))
		r.must(r.append("c", 1, long(3)))
		r.must(r.append("c", 2, long(4)))
		check := func() {
			r.t.Helper()
			for i, size := range sizes {
				r.wantPayload("a", name(i), due, bulk(i, size))
			}
			r.wantPayload("b", "m", due, bulk(2, 1000))
			r.wantPayload("c", "m", due, bulk(4, 1000))
			r.wantNone("a", name(4), due.Add(1))
			r.wantNone("b", name(4), due)
		}
		check()
		r.Kill()
		r.open()
		check()
		r.must(r.append("a", 2, engine.Mark{Name: name(4), Due: due, Payload: bulk(9, 30_000)}, unmark(name(5), due)))
		r.wantPayload("a", name(4), due, bulk(9, 30_000))
		r.wantNone("a", name(5), due)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		slices.Sort(r.fired)
		r.wantFired("k/a/m0=@600000", fmt.Sprintf("k/a/m1=%s@600000", bulk(1, 1)), fmt.Sprintf("k/a/m2=%s@600000", bulk(2, sizes[2])), "k/a/m3=@600000",
			"k/a/m4=@600000", "k/b/m=@600000", "k/c/m=@600000")
		r.wantPayload("a", name(4), due, bulk(9, 30_000))
		r.Kill()
		if _, err := r.payload("a", name(4), due); !errors.Is(err, journal.ErrClosed) {
			r.t.Errorf("after the end: %v", err)
		}
	})
}

// What is stored while others are looked for is found later, though its record was looked through before its reminder was known.
func TestLongPayloadThatWasPassedIsFound(t *testing.T) {
	bubble(t, func(r *rig) {
		r.open()
		due := r.in(10 * time.Minute)
		r.must(r.append("a", 1, engine.Mark{Name: "first", Due: due, Payload: bulk(1, 1000)}))
		r.store.Fault = func(c journal.Call) error {
			if c.Op == "append" && c.Done {
				r.wantPayload("a", "first", due, bulk(1, 1000))
			}
			return nil
		}
		r.must(r.append("a", 2, engine.Mark{Name: "second", Due: due, Payload: bulk(2, 1000)}))
		r.store.Fault = nil
		r.wantPayload("a", "second", due, bulk(2, 1000))
		r.close()
	})
}

// pages counts what is read of a store by the page.
func (r *rig) pages() (n func() int) {
	count := 0
	r.store.Fault = func(c journal.Call) error {
		if c.Op == "page" && !c.Done {
			count++
		}
		return nil
	}
	return func() int { was := count; count = 0; return was }
}

// Where the payloads of an hour are is found out once, and each is in a record that is read for few others.
func TestLongPayloadsAreReadOneByOne(t *testing.T) {
	bubble(t, func(r *rig) {
		r.open()
		due := r.in(10 * time.Minute)
		const units, each, size = 15, 60, 2000
		done := make(chan error, units)
		for u := range units { // together, so that they are stored in one batch
			unit := unit("a", uint64(u+1), 1)
			unit.Data = []byte("e")
			for i := range each {
				unit.Marks = append(unit.Marks, mark(fmt.Sprint("short", u, i), due), engine.Mark{Name: fmt.Sprint(u, i), Due: due, Payload: bulk(i, size)})
			}
			r.Append(unit, func(err error) { done <- err })
		}
		for range units {
			r.must(<-done)
		}
		for s, err := range r.store.Follow(t.Context(), "checker", "timetable", 0) {
			r.must(err)
			if s.Caught {
				break
			}
			if n := len(s.Record.Data); n > 20<<10 {
				t.Errorf("a record of %d bytes, for payloads of %d", n, size)
			}
		}
		read := r.pages()
		for u := range units {
			for i := range each {
				r.wantPayload("a", fmt.Sprint(u, i), due, bulk(i, size))
			}
		}
		if n := read(); n > units*each+3 {
			t.Errorf("%d pages were read for %d payloads", n, units*each)
		}
		for i := range 4 {
			if i == 2 {
				r.Kill()
				r.open()
			}
			r.must(r.append("a", uint64(units+i+1), engine.Mark{Name: fmt.Sprint("late", i), Due: due, Payload: bulk(i, size)}))
			r.wantPayload("a", fmt.Sprint("late", i), due, bulk(i, size))
			if n := read(); n > 3 { // its record's, the end's, and its record again
				t.Errorf("%d pages were read for one payload more", n)
			}
		}
		r.close()
	})
}

// oldChange is a line of the timetable as it has been stored from the beginning.
func oldChange(dst []byte, due time.Time, name string, payload []byte) []byte {
	dst = binary.AppendVarint(append(dst, 0), due.UnixNano())
	for _, text := range [][]byte{[]byte("k"), []byte("a"), []byte(name), payload} {
		dst = append(binary.AppendUvarint(dst, uint64(len(text))), text...)
	}
	return dst
}

// Records of the timetable as they were written when payloads were kept in memory: many in one record, whatever their size.
func TestPayloadsOfOldRecordsAreRead(t *testing.T) {
	bubble(t, func(r *rig) {
		shard, due := cluster.ShardOf("checker", "a"), r.in(10*time.Minute)
		claims, err := r.store.Claim(t.Context(), "before", []journal.Shard{shard})
		r.must(err)
		rec := journal.Record{First: 1, Grain: journal.Grain{Kind: "timetable", ID: fmt.Sprintf("%d-%s", shard.Number, due.UTC().Format("2006010215"))}}
		for i := range 30 {
			rec.Data, rec.Count = oldChange(rec.Data, due, fmt.Sprint("m", i), bulk(i, 1000*(i%20))), rec.Count+1
		}
		r.must(r.store.Append(t.Context(), claims[0], "batch", []journal.Record{rec}))
		r.open()
		for i := range 30 {
			r.wantPayload("a", fmt.Sprint("m", i), due, bulk(i, 1000*(i%20)))
		}
		r.close()
	})
}

// hollow keeps nothing of what is appended, and has one hour of reminders to replay, which it makes as they are read.
type hollow struct {
	*journal.Memory
	replays journal.Grain
	count   int                // of records in that hour
	one     func(i int) []byte // of them
}

// Append implements journal.Store.
func (h *hollow) Append(context.Context, journal.Claim, string, []journal.Record) error { return nil }

// Grains implements journal.Store.
func (h *hollow) Grains(_ context.Context, role, _ string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if h.count > 0 && role == "checker" {
			yield(h.replays.ID, nil)
		}
	}
}

// Replay implements journal.Store.
func (h *hollow) Replay(_ context.Context, _ journal.Claim, g journal.Grain) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		for i := range h.count {
			if rec := (journal.Record{Grain: g, First: uint64(i + 1), Count: 1, Position: uint64(i + 1), Data: h.one(i)}); !yield(rec, nil) {
				return
			}
		}
	}
}

// What a reminder of 20 kB takes in memory while it waits: no more than one that carries nothing, whether it was set here or read, with another of 100 B
// beside it, when its hour came.
func TestWaitingTakesNoMemoryForPayloads(t *testing.T) {
	const count, size, bound, boundReading = 5000, 20_000, 500, 1500
	shard, due := cluster.ShardOf("checker", "a"), time.Now().Add(40*time.Minute)
	for name, stored := range map[string]int{"set": 0, "read": count} {
		t.Run(name, func(t *testing.T) {
			h := &hollow{Memory: journal.NewMemory(uuid.New()), count: stored}
			h.replays = journal.Grain{Kind: "timetable", ID: fmt.Sprintf("%d-%s", shard.Number, due.UTC().Format("2006010215"))}
			reading := int64(0)
			h.one = func(i int) []byte {
				if i == count-1 {
					reading = heap()
				}
				return oldChange(oldChange(nil, due, fmt.Sprint("m", i), bulk(i, size)), due, fmt.Sprint("short", i), bulk(i, 100))
			}
			l := cluster.NewLedgers(t.Context(), h, cluster.Config{})
			defer l.Kill()
			claims, err := h.Claim(t.Context(), "owner", []journal.Shard{shard})
			if err != nil {
				t.Fatal(err)
			}
			before := heap()
			if err := errors.Join(l.Open(t.Context(), claims), l.Fire(t.Context(), []journal.Shard{shard})); err != nil {
				t.Fatal(err)
			}
			for i := range count - stored {
				done := make(chan error, 1)
				l.Append(unit("a", 0, 0, engine.Mark{Name: fmt.Sprint("m", i), Due: due, Payload: bulk(i, size)}), func(err error) { done <- err })
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
			each := (heap() - before) / count
			t.Logf("figure: %d B for each, %d B while they are read", each, max(0, reading-before)/count)
			if each > bound || reading-before > count*boundReading {
				t.Errorf("%d bytes for each reminder of %d, %d while they are read, want %d and %d at most", each, size, (reading-before)/count, bound, boundReading)
			}
			runtime.KeepAlive(l)
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
