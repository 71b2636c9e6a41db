package roster

import (
	"fmt"
	"time"
)

// Timers are the times of the membership. A zero field is its default.
type Timers struct {
	Renew    time.Duration // from one renewal's sending to the next: 500 ms
	Lease    time.Duration // a renewal counts for so long after it was sent: 1.5 s
	TakeOver time.Duration // silence after which a member is evicted: 2 s
	Steady   time.Duration // who judges others has renewed without a gap for so long: 2 s
	Crowd    time.Duration // silence that is waited for while half of the members or more are silent: 10 s
}

// DefaultTimers are those of the design.
var DefaultTimers = Timers{
	Renew: 500 * time.Millisecond, Lease: 1500 * time.Millisecond, TakeOver: 2 * time.Second, Steady: 2 * time.Second, Crowd: 10 * time.Second,
}

// DriftPercent is how much a member's clock may run fast or slow. Linux slews a clock by at most 0.05 %, so this is generous.
const DriftPercent = 5

func (t Timers) filled() Timers {
	d := DefaultTimers
	for _, f := range []struct{ at, or *time.Duration }{
		{&t.Renew, &d.Renew}, {&t.Lease, &d.Lease}, {&t.TakeOver, &d.TakeOver}, {&t.Steady, &d.Steady}, {&t.Crowd, &d.Crowd},
	} {
		if *f.at == 0 {
			*f.at = *f.or
		}
	}
	return t
}

// gap is the time between two renewals from which on something is wrong: one that was lost is none, two are.
func (t Timers) gap() time.Duration { return t.Renew * 5 / 2 }

// Validate tells which times don't fit together. The first rule is the one that safety stands on.
func (t Timers) Validate() error {
	t = t.filled()
	slow, fast := t.Lease*(100+DriftPercent), t.TakeOver*(100-DriftPercent)
	switch {
	case t.Renew <= 0:
		return fmt.Errorf("roster: a renewal every %v: give a positive time", t.Renew)
	case slow > fast:
		return fmt.Errorf("roster: a lease of %v may outlive %v of silence on clocks that differ: raise the take-over to %v",
			t.Lease, t.TakeOver, (slow+99-DriftPercent)/(100-DriftPercent))
	case t.Lease < t.gap():
		return fmt.Errorf("roster: a lease of %v ends when one renewal is lost: renew more often than every %v", t.Lease, t.Renew)
	case t.Crowd < t.TakeOver:
		return fmt.Errorf("roster: half of the members silent waits %v, one waits %v: it should wait longer", t.Crowd, t.TakeOver)
	}
	return nil
}
