package cluster

import (
	"time"

	"hayauma.example/engine"
)

// again is how long after a firing a reminder fires once more, unless it was forgotten or replaced.
const again = 30 * time.Second

// reminderKey names a reminder within its bucket.
type reminderKey struct{ kind, id, name string }

// entry is one reminder. Its due time is in nanoseconds since the epoch.
type entry struct {
	reminderKey
	due     int64
	payload []byte
	away    bool   // the payload is longer than engine.InlinePayload, and in the store only
	record  uint64 // position of the record in which it is; 0: not known yet
}

// change is one line of a bucket's records: an entry that is set, or one that is forgotten.
type change struct {
	entry  entry
	forget bool
}

// slim leaves a long payload to the store.
func (e *entry) slim(record uint64) {
	if len(e.payload) > engine.InlinePayload {
		e.payload, e.away, e.record = nil, true, record
	}
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
	state bucketState
	count int      // of reminders; near
	later []change // loading
	known uint64   // near: up to this position entries know the records that hold their payloads
}

// timetable is the state of one shard's reminders: what near buckets hold, and the buckets by their hour since the epoch. It knows no
// clock and does no I/O.
type timetable struct {
	buckets map[int64]*bucket
	pending *pending
	far     int   // buckets that are
	swept   int64 // the hour of the last look for spent buckets
}

// newTimetable begins with the hours that are stored. Each is far until it was loaded, whatever its time.
func newTimetable(hours []int64) *timetable {
	t := &timetable{buckets: map[int64]*bucket{}, pending: newPending()}
	for _, h := range hours {
		t.know(h)
	}
	return t
}

func hourOf(nanos int64) int64 {
	hour := nanos / int64(time.Hour)
	if nanos%int64(time.Hour) < 0 {
		hour--
	}
	return hour
}

// isNear: overdue hours, the current one and the next are kept in memory.
func isNear(hour int64, now int64) bool { return hour <= hourOf(now)+1 }

func (t *timetable) know(hour int64) {
	if t.buckets[hour] == nil {
		t.buckets[hour] = &bucket{state: far}
		t.far++
	}
}

// approach returns the far buckets that are near now; they are loading from here on.
func (t *timetable) approach(now int64) (hours []int64) {
	if t.far == 0 {
		return nil
	}
	for hour, b := range t.buckets {
		if b.state == far && isNear(hour, now) {
			b.state = loading
			t.far--
			hours = append(hours, hour)
		}
	}
	return hours
}

// loaded brings what a bucket's records say, up to a position.
func (t *timetable) loaded(hour int64, changes []change, last uint64) {
	b := t.buckets[hour]
	if b == nil || b.state != loading {
		return // nobody has asked
	}
	later := b.later
	*b = bucket{state: near, known: last}
	for _, c := range changes {
		t.change(b, c)
	}
	for _, c := range later {
		t.change(b, c)
	}
}

// failed makes a bucket far again, because its records couldn't be read. What came meanwhile is in them.
func (t *timetable) failed(hour int64) {
	if b := t.buckets[hour]; b != nil && b.state == loading {
		*b = bucket{state: far}
		t.far++
	}
}

// apply takes a change that is stored.
func (t *timetable) apply(c change, now int64) {
	hour := hourOf(c.entry.due)
	b := t.buckets[hour]
	switch {
	case b == nil && isNear(hour, now):
		b = &bucket{state: near}
		t.buckets[hour] = b
		t.change(b, c)
	case b == nil:
		t.know(hour)
	case b.state == loading:
		b.later = append(b.later, c)
	case b.state == near:
		t.change(b, c)
	}
}

func (t *timetable) change(b *bucket, c change) {
	hour := hourOf(c.entry.due)
	due, known := t.pending.due(c.entry.reminderKey, hour)
	if known && c.forget && due != c.entry.due {
		return // it was replaced within the hour since
	}
	if known {
		t.pending.remove(c.entry.reminderKey, hour)
		b.count--
	}
	if !c.forget {
		t.pending.put(c.entry)
		b.count++
	}
}

// find returns a near entry.
func (t *timetable) find(key reminderKey, due int64) (entry, bool) {
	e, ok := t.pending.get(key, hourOf(due))
	return e, ok && e.due == due
}

// known is the position up to which entries of an hour know where their payloads are.
func (t *timetable) known(hour int64) uint64 {
	if b := t.buckets[hour]; b != nil {
		return b.known
	}
	return 0
}

// located brings where payloads are, from records of an hour in order, up to a position.
func (t *timetable) located(hour int64, changes []change, last uint64) {
	b := t.buckets[hour]
	if b == nil || b.state != near {
		return
	}
	for _, c := range changes {
		if e, ok := t.find(c.entry.reminderKey, c.entry.due); ok && e.away && c.entry.away && e.record < c.entry.record {
			t.pending.locate(c.entry.reminderKey, hour, c.entry.record)
		}
	}
	b.known = max(b.known, last)
}

// take returns an entry that fires at now; it fires again later.
func (t *timetable) take(now int64) (entry, bool) {
	if at, ok := t.pending.first(); !ok || at > now {
		return entry{}, false
	}
	return t.pending.take(now + int64(again)), true
}

// wake is when there is something to do: an entry fires, or the hour ends, so that buckets come near or may be purged.
func (t *timetable) wake(now int64) (at int64, ok bool) {
	at, ok = t.pending.first()
	if len(t.buckets) > 0 {
		if hour := (hourOf(now) + 1) * int64(time.Hour); !ok || hour < at {
			at, ok = hour, true
		}
	}
	return at, ok
}

// spent: the bucket is in memory and holds nothing, so its records may go.
func (t *timetable) spent(hour int64) bool {
	b := t.buckets[hour]
	return b != nil && b.state == near && b.count == 0
}

// drop forgets a spent bucket.
func (t *timetable) drop(hour int64) { delete(t.buckets, hour) }

// overAndSpent finds the buckets of past hours that hold nothing. It looks once in an hour.
func (t *timetable) overAndSpent(now int64) (hours []int64) {
	if t.swept == hourOf(now) {
		return nil
	}
	t.swept = hourOf(now)
	for hour := range t.buckets {
		if hour < t.swept && t.spent(hour) {
			hours = append(hours, hour)
		}
	}
	return hours
}
