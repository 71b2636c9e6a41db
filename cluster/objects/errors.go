package objects

import (
	"errors"
	"fmt"
)

// How a change can fail; see the package.
var (
	ErrRefused = errors.New("objects: refused, nothing was stored: another revision stands there: look at it and decide anew")
	ErrBusy    = errors.New("objects: busy, nothing was stored: try again")
	ErrUnclear = errors.New("objects: no answer: it may be stored, or still be stored later: read before deciding")
	// ErrInvalid: the change can't be stored at all; nothing was sent.
	ErrInvalid = errors.New("objects: this can't be stored")
)

// Refused is a change that the compare-and-set refused. errors.Is finds ErrRefused.
type Refused[T any] struct {
	What  string // the object
	Known bool   // Found was read from the leader after the refusal
	Found T
}

// Error implements error.
func (r *Refused[T]) Error() string {
	if !r.Known {
		return fmt.Sprintf("%v: %s", ErrRefused, r.What)
	}
	return fmt.Sprintf("%v: %s: found %+v", ErrRefused, r.What, r.Found)
}

// Unwrap implements errors.Is.
func (r *Refused[T]) Unwrap() error { return ErrRefused }

// hider is a refusal that can lose what was found.
type hider interface {
	error
	hidden() error
}

func (r *Refused[T]) hidden() error { return &Refused[T]{What: r.What} }
