package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Directive is what a supervisor decides about an actor that failed.
type Directive uint8

const (
	// Stop ends the actor; what is queued becomes dead letters.
	Stop Directive = iota
	// Restart ends the activation and begins another, after the pause of the Backoff; what is queued is kept.
	Restart
	// Resume goes on with the same state. Where there is none to go on with (the failure was in Started, or the actor is durable, so
	// that its state may be half applied) it is a Restart.
	Resume
	// Escalate ends the actor and makes it its parent's own failure, an *EscalatedError. Above an actor without a parent stands the
	// system, which logs it and goes on without the actor.
	Escalate
)

// String returns the directive's name.
func (d Directive) String() string {
	switch d {
	case Stop:
		return "stop"
	case Restart:
		return "restart"
	case Resume:
		return "resume"
	case Escalate:
		return "escalate"
	}
	return fmt.Sprintf("Directive(%d)", uint8(d))
}

// Failure is what a supervisor knows when it decides.
type Failure struct {
	Kind, ID string // of the actor; the identity of a private kind is "private"
	Err      error  // a *PanicError, or an *EscalatedError
	Count    int    // failures within the Window, this one included; with AllForOne those of all children of the parent
}

// Supervision says what becomes of an actor that fails. The zero value restarts it: at once after a first failure, later after repeated
// ones. Failures of the store are none of these: a durable grain is activated again after a pause, whatever stands here.
type Supervision struct {
	Decide    func(Failure) Directive // pure, and called on a worker; nil: Restart
	AllForOne bool                    // what is decided befalls all children of the parent, which counts them together; nothing without a parent
	Limit     int                     // failures within the Window; one more is Exceeded. 0: no limit
	Window    time.Duration           // 0: 10 s
	Exceeded  Directive               // what happens beyond the Limit: Stop unless set
	Backoff   Backoff
}

// Backoff is how long a restarted actor pauses: not at all after a first failure within the Supervision's window, then First, and twice
// as long each time, up to Max, less a random part of up to Jitter. No worker waits meanwhile.
type Backoff struct {
	First  time.Duration // 0: 100 ms
	Max    time.Duration // 0: 5 s
	Jitter float64       // 0: a quarter; < 0: none
}

const (
	failureWindow = 10 * time.Second
	firstBackoff  = 100 * time.Millisecond
	maxBackoff    = 5 * time.Second
	backoffJitter = 0.25
)

// withDefaults fills in what is not set.
func (s Supervision) withDefaults() Supervision {
	if s.Window <= 0 {
		s.Window = failureWindow
	}
	s.Backoff = s.Backoff.withDefaults()
	return s
}

func (b Backoff) withDefaults() Backoff {
	if b.First <= 0 {
		b.First = firstBackoff
	}
	if b.Max <= 0 {
		b.Max = max(maxBackoff, b.First)
	}
	switch {
	case b.Jitter == 0:
		b.Jitter = backoffJitter
	default:
		b.Jitter = min(max(0, b.Jitter), 1)
	}
	return b
}

// decide is the directive for a failure.
func (s *Supervision) decide(f Failure) Directive {
	switch {
	case s.Limit > 0 && f.Count > s.Limit:
		return s.Exceeded
	case s.Decide == nil:
		return Restart
	}
	return s.Decide(f)
}

// pause is how long the actor pauses after n failures in a row; it has its defaults.
func (b Backoff) pause(n int) time.Duration {
	if n <= 1 {
		return 0
	}
	d := b.Max
	if shift := n - 2; shift < 62 && b.First <= b.Max>>shift {
		d = b.First << shift
	}
	return d - time.Duration(rand.Float64()*b.Jitter*float64(d))
}

// failures are those of one actor, or of all children of one. Times are the system's clock's.
type failures struct {
	at     []time.Duration // the newest within the window
	row    int             // in a row: less than a window after the pause before
	paused time.Duration   // when the last pause ends
}

// maxFailures bounds what is remembered of a window where no larger Limit needs more: an actor that resumes can fail at each message.
const maxFailures = 1 << 10

// add counts a failure, and returns how many there were within the window and how long the actor pauses if it restarts.
func (f *failures) add(s *Supervision, now time.Duration) (count int, pause time.Duration) {
	gone := max(0, len(f.at)+1-max(maxFailures, s.Limit+1))
	for gone < len(f.at) && now-f.at[gone] > s.Window {
		gone++
	}
	f.at = append(slices.Delete(f.at, 0, gone), now)
	if now-f.paused > s.Window {
		f.row = 0
	}
	f.row++
	pause = s.Backoff.pause(f.row)
	f.paused = now + pause
	return len(f.at), pause
}
