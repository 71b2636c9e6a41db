package journal

import (
	"errors"
	"time"
)

// verdict is what to do after an attempt.
type verdict int

const (
	settled verdict = iota // the answer is final
	again                  // the same batch under the same id
	tooLate                // another owner has claimed, and an earlier attempt may have been stored before that
	giveUp                 // it may be stored, and there was time enough to find out
)

// fate follows the attempts of one batch. unclear is the time of the first unclear answer: from then on a refusal of a repeat
// doesn't say that the first attempt was refused too. busy is the time of the first busy answer.
type fate struct{ unclear, busy time.Time }

func (f *fate) decide(err error, now time.Time, opts WriterOptions) verdict {
	switch {
	case err == nil:
		return settled
	case !f.unclear.IsZero():
		return f.decideUnclear(err, now, opts)
	case errors.Is(err, ErrBusy):
		if f.busy.IsZero() {
			f.busy = now
		}
		if now.Sub(f.busy) >= opts.BusyFor {
			return settled
		}
		return again
	case errors.Is(err, ErrFenced), refused(err):
		return settled
	}
	f.unclear = now
	return again
}

func (f *fate) decideUnclear(err error, now time.Time, opts WriterOptions) verdict {
	switch {
	case errors.Is(err, ErrFenced):
		return tooLate
	case now.Sub(f.unclear) >= opts.UnclearFor:
		return giveUp
	}
	return again
}
