package cluster

import (
	"container/heap"
	"time"
)

// again is how long after a firing a reminder fires once more, unless it was forgotten or replaced.
const again = 30 * time.Second

// bucketKey names the reminders of one shard that are due in one hour since the epoch.
type bucketKey struct {
	shard int
	hour  int64
}

// reminderKey names a reminder within its bucket.
type reminderKey struct{ kind, id, name string }

// entry is one reminder. Its due time is in nanoseconds since the epoch.
type entry struct {
	reminderKey
	due     int64
	payload []byte

	at int // its place in the heap, -1 outside
}

// change is one line of a bucket's records: an entry that is set, or one that is forgotten.
type change struct {
	entry  entry
	forget bool
}

// Buckets go from far to near, once: a far one is only known to exist; the changes that come while it is read are kept and
// applied after it.
type bucketState int

const (
	far bucketState = iota
	loading
	near
)

type bucket struct {
	state   bucketState
	reading uint64                 // loading: which reading of it; an older one says nothing
	entries map[reminderKey]*entry // near
	later   []change               // loading
}

// timetable is the state of one role's reminders: near buckets in a heap, the far ones by name. It knows no clock and does no I/O.
type timetable struct {
	buckets map[bucketKey]*bucket
	heap    entryHeap
	far     int   // buckets that are
	swept   int64 // the hour of the last look for spent buckets
	reads   uint64
}

// reading is one reading of a far bucket.
type reading struct {
	bucketKey
	number uint64
}

func newTimetable() *timetable { return &timetable{buckets: map[bucketKey]*bucket{}} }

func hourOf(nanos int64) int64 {
	hour := nanos / int64(time.Hour)
	if nanos%int64(time.Hour) < 0 {
		hour--
	}
	return hour
}

// isNear: overdue hours, the current one and the next are kept in memory.
func isNear(hour int64, now int64) bool { return hour <= hourOf(now)+1 }

// know tells of a bucket that is stored. It is far until it was loaded, whatever its hour.
func (t *timetable) know(k bucketKey) {
	if t.buckets[k] == nil {
		t.buckets[k] = &bucket{state: far}
		t.far++
	}
}

// approach returns the far buckets that are near now; they are loading from here on.
func (t *timetable) approach(now int64) []reading {
	if t.far == 0 {
		return nil
	}
	var readings []reading
	for k, b := range t.buckets {
		if b.state == far && isNear(k.hour, now) {
			t.reads++
			b.state, b.reading = loading, t.reads
			t.far--
			readings = append(readings, reading{k, t.reads})
		}
	}
	return readings
}

// loaded brings what a bucket's records say.
func (t *timetable) loaded(r reading, changes []change) {
	b := t.read(r)
	if b == nil {
		return
	}
	later := b.later
	*b = bucket{state: near, entries: map[reminderKey]*entry{}}
	for _, c := range changes {
		t.change(b, c)
	}
	for _, c := range later {
		t.change(b, c)
	}
}

// failed makes a bucket far again, because its records couldn't be read. What came meanwhile is in them.
func (t *timetable) failed(r reading) {
	if b := t.read(r); b != nil {
		*b = bucket{state: far}
		t.far++
	}
}

// read finds the bucket that waits for this reading. Where the shard was lost and claimed again meanwhile, there is none.
func (t *timetable) read(r reading) *bucket {
	if b := t.buckets[r.bucketKey]; b != nil && b.state == loading && b.reading == r.number {
		return b
	}
	return nil
}

// apply takes a change that is stored.
func (t *timetable) apply(shard int, c change, now int64) {
	k := bucketKey{shard, hourOf(c.entry.due)}
	b := t.buckets[k]
	switch {
	case b == nil && isNear(k.hour, now):
		b = &bucket{state: near, entries: map[reminderKey]*entry{}}
		t.buckets[k] = b
		t.change(b, c)
	case b == nil:
		t.know(k)
	case b.state == loading:
		b.later = append(b.later, c)
	case b.state == near:
		t.change(b, c)
	}
}

func (t *timetable) change(b *bucket, c change) {
	old := b.entries[c.entry.reminderKey]
	if old != nil && c.forget && old.due != c.entry.due {
		return // it was replaced within the hour since
	}
	if old != nil {
		heap.Remove(&t.heap, old.at)
		delete(b.entries, old.reminderKey)
	}
	if c.forget {
		return
	}
	e := &c.entry
	b.entries[e.reminderKey] = e
	heap.Push(&t.heap, e)
}

// take appends up to limit entries that fire at now to into; each of them fires again later. What it returns is a copy: entries may be
// forgotten while they are told.
func (t *timetable) take(now int64, limit int, into []entry) []entry {
	for len(into) < limit && len(t.heap) > 0 && t.heap[0].next <= now {
		into = append(into, *t.heap[0].entry)
		t.heap[0].next = now + int64(again)
		heap.Fix(&t.heap, 0)
	}
	return into
}

// wake is when there is something to do: an entry fires, or the hour ends, so that buckets come near or may be purged.
func (t *timetable) wake(now int64) (at int64, ok bool) {
	if len(t.heap) > 0 {
		at, ok = t.heap[0].next, true
	}
	if len(t.buckets) > 0 {
		if hour := (hourOf(now) + 1) * int64(time.Hour); !ok || hour < at {
			at, ok = hour, true
		}
	}
	return at, ok
}

// spent: the bucket is in memory and holds nothing, so its records may go.
func (t *timetable) spent(k bucketKey) bool {
	b := t.buckets[k]
	return b != nil && b.state == near && len(b.entries) == 0
}

// drop forgets a spent bucket.
func (t *timetable) drop(k bucketKey) { delete(t.buckets, k) }

// overAndSpent finds the buckets of past hours that hold nothing. It looks once in an hour.
func (t *timetable) overAndSpent(now int64) []bucketKey {
	if t.swept == hourOf(now) {
		return nil
	}
	t.swept = hourOf(now)
	var keys []bucketKey
	for k := range t.buckets {
		if k.hour < t.swept && t.spent(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// leave forgets the buckets of a shard.
func (t *timetable) leave(shard int) {
	for k, b := range t.buckets {
		if k.shard != shard {
			continue
		}
		for _, e := range b.entries {
			heap.Remove(&t.heap, e.at)
		}
		if b.state == far {
			t.far--
		}
		delete(t.buckets, k)
	}
}

// firing is an entry and when it fires. The time stands in the heap itself, so that sifting through a million reads no entry.
type firing struct {
	next  int64
	entry *entry
}

// entryHeap is ordered by the time of firing; equal times fire in any order.
type entryHeap []firing

// Len implements heap.Interface.
func (h entryHeap) Len() int { return len(h) }

// Less implements heap.Interface.
func (h entryHeap) Less(i, j int) bool { return h[i].next < h[j].next }

// Swap implements heap.Interface.
func (h entryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].entry.at, h[j].entry.at = i, j
}

// Push implements heap.Interface: an entry fires first when it is due.
func (h *entryHeap) Push(x any) {
	e := x.(*entry)
	e.at = len(*h)
	*h = append(*h, firing{e.due, e})
}

// Pop implements heap.Interface.
func (h *entryHeap) Pop() any {
	old := *h
	e := old[len(old)-1].entry
	old[len(old)-1] = firing{}
	e.at = -1
	*h = old[:len(old)-1]
	return e
}
