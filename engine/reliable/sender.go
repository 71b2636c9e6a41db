package reliable

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// ErrFull: as many items as may be kept wait for their receiver.
var ErrFull = errors.New("reliable: the sender keeps as many items as it may")

// Parcel carries one item to the receiver.
type Parcel[T any] struct {
	Session string
	Number  uint64 // of the item, from 1 in each session
	Base    uint64 // all below are handled, as the sender knows
	Item    T
}

// Receipt tells the sender where the receiver is.
type Receipt struct {
	Session string
	Handled uint64 // all below this number are handled
	Until   uint64 // numbers below this one may be sent
}

// Options of a Sender. Session is needed.
type Options struct {
	Session string        // greater than those of all lives before, as text: a ULID
	Keep    int           // items kept at most; 0: 1024
	First   time.Duration // pause before something is sent again; 0: 1 s
	Max     time.Duration // it doubles up to this; 0: 1 min
}

// Sender keeps items until their receiver has handled them. Times are any clock's that only goes on.
type Sender[T any] struct {
	o     Options
	items []T // numbered from base
	base  uint64
	sent  uint64 // numbers below have left at least once
	until uint64
	pause time.Duration
	due   time.Duration // when to send again; 0: nothing waits for an answer
}

// NewSender begins a session; base and items are what State gave for it, 0 and nil for a new one.
func NewSender[T any](o Options, base uint64, items []T) *Sender[T] {
	o.Keep, o.First, o.Max = cmp.Or(o.Keep, 1024), cmp.Or(o.First, time.Second), cmp.Or(o.Max, time.Minute)
	base = max(1, base)
	return &Sender[T]{o: o, items: slices.Clone(items), base: base, sent: base, until: base + 1, pause: o.First}
}

// State is what a sender has to keep to go on in the same session after a restart.
func (s *Sender[T]) State() (base uint64, items []T) { return s.base, slices.Clone(s.items) }

// Waiting returns how many items are not handled yet, as the sender knows.
func (s *Sender[T]) Waiting() int { return len(s.items) }

// Offer takes an item, which Due sends; at the bound it is ErrFull and takes nothing.
func (s *Sender[T]) Offer(item T) error {
	if len(s.items) >= s.o.Keep {
		return ErrFull
	}
	s.items = append(s.items, item)
	return nil
}

// Due returns what is to be sent now: what there is demand for and has not left, and once a pause is over what nobody has confirmed.
func (s *Sender[T]) Due(now time.Duration) []Parcel[T] {
	if len(s.items) == 0 {
		s.due = 0
		return nil
	}
	from := s.sent
	s.sent = max(s.sent, min(s.until, s.base+uint64(len(s.items))))
	switch {
	case s.due == 0:
		s.due = now + s.pause
	case now >= s.due:
		from = s.base
		s.sent = max(s.sent, s.base+1) // without demand one asks for it
		s.pause = min(2*s.pause, s.o.Max)
		s.due = now + s.pause
	}
	var out []Parcel[T]
	for n := from; n < s.sent; n++ {
		out = append(out, Parcel[T]{s.o.Session, n, s.base, s.items[n-s.base]})
	}
	return out
}

// Wake returns when Due is to be asked again, if nothing is offered or received before; false: not then.
func (s *Sender[T]) Wake() (at time.Duration, ok bool) { return s.due, s.due > 0 }

// Heed takes a receipt; Due may have something to send afterwards. Old ones, and those of another session, tell nothing.
func (s *Sender[T]) Heed(r Receipt) {
	if r.Session != s.o.Session || r.Handled < s.base || r.Handled > s.base+uint64(len(s.items)) {
		return
	}
	s.items = slices.Delete(s.items, 0, int(r.Handled-s.base))
	if r.Handled > s.base {
		s.pause, s.due = s.o.First, 0
	}
	s.base = r.Handled
	s.sent = max(s.sent, s.base) // an earlier life has sent them
	s.until = max(s.until, r.Until)
}
