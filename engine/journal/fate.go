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

// fate follows the attempts of one batch. since is the time of the first unclear answer: from then on a refusal of a
// repeat doesn't say that the first attempt was refused too.
type fate struct{ since time.Time }

func (f *fate) decide(err error, now time.Time, unclearFor time.Duration) verdict {
	switch {
	case err == nil:
		return settled
	case errors.Is(err, ErrFenced) && f.since.IsZero():
		return settled
	case errors.Is(err, ErrFenced):
		return tooLate
	case f.since.IsZero() && errors.Is(err, ErrBusy):
		return again
	case f.since.IsZero() && refused(err):
		return settled
	case f.since.IsZero():
		f.since = now
	}
	if now.Sub(f.since) >= unclearFor {
		return giveUp
	}
	return again
}
