package roster

import (
	"maps"
	"time"
)

// Standing is what a member may do by its own lease.
type Standing uint8

// Standings; a greater one includes the smaller, except Ended.
const (
	Suspended Standing = iota // takes no command, starts no provider call, claims and evicts nothing
	Leased                    // acts
	Steady                    // judges the silence of others too
	Ended                     // for good: go on as a new incarnation
)

// Renewal is a compare-and-set on the member's record: store Number if the record's revision is still Expect (0: there is none).
type Renewal struct{ Number, Expect uint64 }

// Found is a record that stands in the store, at its revision.
type Found struct {
	Record   Record
	Revision uint64
}

// Lease is a member's right to act, as it sees it itself. Times are those of the process's monotonic clock, as a duration since
// any fixed instant.
//
//	               a renewal sent at s was acknowledged, and s+Lease lies ahead
//	SUSPENDED ────────────────────────────────────────────────────────────────────▶ LEASED ──Steady without a gap──▶ STEADY
//	    ▲ ▲                                                                          │                                │
//	    │ └──────────── at s+Lease of the newest acknowledged renewal ───────────────┘◀───── two renewals missing ────┘
//	    └ the record was missing: create it, then affirm
//	any ── the view names it no more, or its record is barred ──▶ ENDED
//
// Boundaries: at s+Lease exactly it is suspended; Steady after it began exactly it is steady; a gap is more than 2.5 renewals
// between the sending of one acknowledged renewal and the next, or since the last.
//
// A record that this member created, at the start or because the memory store lost it, gives no right to act until the member has
// changed the view itself (joined, replaced, affirmed) after the creation was acknowledged: that voids every eviction decided
// before, whose bar went with the old record; and it tells the others which records are from before the loss. After Missing the
// caller begins its watch of the records again. See the package's argument.
type Lease struct {
	timers Timers
	me     string

	number   uint64                   // of the newest renewal
	sends    map[uint64]time.Duration // of renewals without an answer, no older than Lease
	due      time.Duration            // of the next renewal
	revision uint64                   // of our record; 0: none

	acked  bool
	newest time.Duration // sending time of the newest acknowledged renewal
	since  time.Duration // renewed without a gap since

	created uint64 // number of the renewal that created our record, or that was the first to renew it; 0: none yet
	floor   uint64 // renewals up to this number were sent before the record was missing: their answers say nothing any more
	proven  uint64 // what the view was changed for; equal to created: all is well
	epoch   uint64 // of the newest view seen
	named   bool   // a view has named us
	ended   bool
	losses  uint64 // times that the store was found without our record
}

// NewLease starts suspended; its first renewal is due at once.
func NewLease(me string, timers Timers, now time.Duration) *Lease {
	return &Lease{timers: timers.filled(), me: me, due: now, sends: map[uint64]time.Duration{}}
}

// Due is when the next renewal is to be sent.
func (l *Lease) Due() time.Duration { return l.due }

// Renew says what to send now; false where nothing is due, or nothing ever again. An answer may be outstanding: the next renewal
// then expects the same revision, and its refusal tells what became of the one before.
func (l *Lease) Renew(now time.Duration) (Renewal, bool) {
	if l.ended || now < l.due {
		return Renewal{}, false
	}
	maps.DeleteFunc(l.sends, func(_ uint64, sent time.Duration) bool { return now-sent >= l.timers.Lease })
	l.number++
	l.sends[l.number] = now
	l.due = now + l.timers.Renew
	return Renewal{Number: l.number, Expect: l.revision}, true
}

// Acknowledged says that the renewal was stored as revision. However late the answer is, it counts from the sending.
func (l *Lease) Acknowledged(r Renewal, revision uint64, now time.Duration) {
	if l.ended || r.Number <= l.floor || revision <= l.revision {
		return
	}
	l.stored(r.Number, revision, now)
}

func (l *Lease) stored(number, revision uint64, now time.Duration) {
	l.revision = revision
	if l.created == 0 {
		l.created = number
	}
	l.count(number, now)
}

// count takes the sending time of an acknowledged renewal.
func (l *Lease) count(number uint64, now time.Duration) {
	sent, ok := l.sends[number]
	if !ok {
		return // sent so long ago that it gives no right any more
	}
	delete(l.sends, number)
	if l.acked && sent <= l.newest {
		return
	}
	if !l.acked || now >= l.newest+l.timers.Lease || sent-l.newest > l.timers.gap() {
		l.since = now
	}
	l.acked, l.newest = true, sent
}

// Refused says that the renewal was not stored, and what stands in the record's place (revision 0: nothing). One of our own that was
// stored without an answer counts as acknowledged, and the next renewal is due at once. An answer says nothing where another came
// before it that changed the revision to expect.
func (l *Lease) Refused(r Renewal, found Found, now time.Duration) {
	delete(l.sends, r.Number)
	switch {
	case l.ended || r.Number <= l.floor || r.Expect != l.revision:
	case found.Revision == 0:
		l.Missing(now)
	case found.Record.State != Live || found.Record.Incarnation != l.me:
		l.ended = true
	default:
		l.adopt(found, now)
	}
}

// adopt goes on from a record of ours that we didn't know of. Revisions that fall show that the store lost the one that we knew;
// what stands there then is an old renewal that was late, and only the next one proves anything.
func (l *Lease) adopt(found Found, now time.Duration) {
	if found.Revision < l.revision {
		l.Missing(now)
	}
	if found.Record.Number > l.floor {
		l.stored(found.Record.Number, found.Revision, now)
	}
	l.revision, l.due = found.Revision, now
}

// Missing says that the store holds no record of ours. It is created again at once, unless the view has ceased to name us, which
// has ended everything.
func (l *Lease) Missing(now time.Duration) {
	if l.ended || l.revision == 0 {
		return
	}
	l.revision, l.created, l.floor, l.due = 0, 0, l.number, now
	l.losses++
	clear(l.sends)
}

// Losses counts how often the store was found without our record: after each the caller begins its watch of the records again.
func (l *Lease) Losses() uint64 { return l.losses }

// Number is that of the newest renewal.
func (l *Lease) Number() uint64 { return l.number }

// Unproven asks for a change of the view by our own compare-and-set: Join, Replace or Affirm with this number as Member.Proven.
func (l *Lease) Unproven() (number uint64, needed bool) {
	return l.created, !l.ended && l.created != 0 && l.proven != l.created
}

// Proven says that our own change of the view was stored, with the number that Unproven gave.
func (l *Lease) Proven(number uint64, now time.Duration) {
	if number != 0 && number == l.created && l.proven != number {
		l.proven, l.since = number, max(l.since, now)
	}
}

// See takes a view. The first one that names us no more, after one that did, ends the lease for good; older views than the newest
// seen say nothing.
func (l *Lease) See(v View) {
	if v.Epoch < l.epoch {
		return
	}
	l.epoch = v.Epoch
	names := v.Names(l.me)
	l.ended = l.ended || l.named && !names
	l.named = l.named || names
}

// End ends the lease by our own will, before the record is released.
func (l *Lease) End() { l.ended = true }

// Until is when the lease runs out if no more renewal is acknowledged; false where it has none.
func (l *Lease) Until() (time.Duration, bool) {
	return l.newest + l.timers.Lease, l.acked && l.valid()
}

func (l *Lease) valid() bool { return !l.ended && l.created != 0 && l.proven == l.created }

// Standing says what the member may do at now.
func (l *Lease) Standing(now time.Duration) Standing {
	switch {
	case l.ended:
		return Ended
	case !l.acked || !l.valid() || now >= l.newest+l.timers.Lease:
		return Suspended
	case now-l.since >= l.timers.Steady && now-l.newest <= l.timers.gap():
		return Steady
	default:
		return Leased
	}
}

// Record is what a renewal stores.
func (l *Lease) Record(r Renewal) Record { return Record{Incarnation: l.me, Number: r.Number} }
