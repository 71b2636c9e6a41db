package engine

import (
	"errors"
	"fmt"
)

// Errors that an Ask ends with.
var (
	// ErrNoAnswer: the handler returned without answering and without keeping the reply.
	ErrNoAnswer = errors.New("engine: the actor handled the question without an answer")
	// ErrStopped: the actor or the system stopped before it answered.
	ErrStopped = errors.New("engine: stopped before an answer")
	// ErrKilled: the system was killed.
	ErrKilled = errors.New("engine: the system was killed")
)

// Reasons of dead letters.
const (
	reasonFull       = "full"        // the mailbox is at its bound
	reasonNoProducer = "no_producer" // nobody serves the kind here
	reasonStopped    = "stopped"     // the cell or the system has stopped
	reasonKilled     = "killed"      // the system was killed
	reasonLost       = "lost"        // another owns the grain's shard
	reasonType       = "type"        // the actor doesn't take messages of this type
	reasonNoRoute    = "no_route"    // no such address
	reasonFailed     = "failed"      // its handler panicked, or the actor was stopped after a failure
)

// Reasons of a Terminated that are none of a dead letter's.
const (
	reasonPassivated = "passivated"
	reasonAbsent     = "absent"
)

// DeadLetterError is the answer to an Ask that reached nobody.
type DeadLetterError struct{ Kind, ID, Reason string }

func (e *DeadLetterError) Error() string {
	return fmt.Sprintf("engine: message to %s %q was not delivered: %s", e.Kind, e.ID, e.Reason)
}

// PanicError is the answer to an Ask whose handler panicked.
type PanicError struct {
	Kind, ID string
	Value    any
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("engine: %s %q panicked: %v", e.Kind, e.ID, e.Value)
}

// PersistError is the answer to an Ask whose append failed.
type PersistError struct {
	Kind, ID string
	Err      error
}

func (e *PersistError) Error() string {
	return fmt.Sprintf("engine: events of %s %q were not stored: %v", e.Kind, e.ID, e.Err)
}

func (e *PersistError) Unwrap() error { return e.Err }

// AnswerTypeError reports an answer of another type than the Ask expects.
type AnswerTypeError struct{ Want, Got string }

func (e *AnswerTypeError) Error() string {
	return fmt.Sprintf("engine: the answer is a %s, the Ask expects a %s", e.Got, e.Want)
}

// TakenError reports a name that another plain cell or Hollywood process has.
type TakenError struct{ Name string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("engine: the name %q is taken: stop its holder or choose another", e.Name)
}

// UnknownDispatcherError names a dispatcher that Config.Dispatchers does not have.
type UnknownDispatcherError struct{ Name string }

func (e *UnknownDispatcherError) Error() string {
	return fmt.Sprintf("engine: no dispatcher is named %q: add it to Config.Dispatchers", e.Name)
}
