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

// Reasons of dead letters, and of a Terminated.
const (
	ReasonFull       = "full"        // the mailbox is at its bound
	ReasonNoProducer = "no_producer" // nobody serves the kind here
	ReasonStopped    = "stopped"     // the cell or the system has stopped
	ReasonKilled     = "killed"      // the system was killed
	ReasonLost       = "lost"        // another owns the grain's shard
	ReasonType       = "type"        // the actor doesn't take messages of this type
	ReasonNoRoute    = "no_route"    // no such address
	ReasonFailed     = "failed"      // its handler panicked, or the actor was stopped after a failure

	ReasonNobody       = "nobody"       // no member carries the kind's role
	ReasonBacklog      = "backlog"      // too much is on its way to the member
	ReasonUnregistered = "unregistered" // another member can't be sent a type without a name
	ReasonUnsure       = "unsure"       // its member was lost: it may have been handled
)

// reasonAway: the grain is not here any more; who sends looks again.
const reasonAway = "away"

// Reasons of a Terminated that are none of a dead letter's.
const (
	ReasonPassivated = "passivated" // a grain has left memory
	ReasonAbsent     = "absent"     // it was not in memory
	ReasonMoved      = "moved"      // another member has the grain now
)

// remedies say what to do where something can be done.
var remedies = map[string]string{
	ReasonFull:       "its mailbox is at its bound: send less at once, or raise KindConfig.Mailbox or WithMailbox",
	ReasonNoProducer: "nobody serves the kind here: call Serve or ServeDurable on this system first",
	ReasonStopped:    "the actor or the system has stopped",
	ReasonKilled:     "the system was killed",
	ReasonLost:       "another process owns the grain's shard: ask there",
	ReasonType:       "the actor takes no message of this type",
	ReasonNoRoute:    "no actor can have this address: an identity has 1 to 1,000 bytes",
	ReasonFailed:     "its handler failed, or the actor was stopped after a failure",

	ReasonNobody:       "no member carries the kind's role: start one whose NODE_TYPE has it",
	ReasonBacklog:      "what that member has not acknowledged has reached its bound: send less at once",
	ReasonUnregistered: "the message's type has no name: codec.Register it on all members",
	ReasonUnsure:       "its member was lost, and it may have been handled",
}

// DeadLetterError is the answer to an Ask that reached nobody.
type DeadLetterError struct{ Kind, ID, Reason string }

func (e *DeadLetterError) Error() string {
	return fmt.Sprintf("engine: message to %s %q was not handled (%s): %s", e.Kind, e.ID, e.Reason, remedies[e.Reason])
}

// Is makes a DeadLetterError ErrStopped or ErrKilled where that is its reason.
func (e *DeadLetterError) Is(target error) bool {
	return e.Reason == ReasonStopped && target == ErrStopped || e.Reason == ReasonKilled && target == ErrKilled
}

// MemberLostError ends a question whose member was lost: it may have been handled.
type MemberLostError struct{ Member string }

func (e *MemberLostError) Error() string {
	return fmt.Sprintf("engine: member %s was lost before it answered: ask again, under the same id where twice would be wrong", e.Member)
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
	return fmt.Sprintf("engine: the answer is of type %s, the Ask expects %s", e.Got, e.Want)
}

// TakenError reports a name that another plain cell or Hollywood process has; below an actor of a private kind it is "private".
type TakenError struct{ Name string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("engine: the name %q is taken: stop its holder or choose another", e.Name)
}

// UnknownDispatcherError names a dispatcher that Config.Dispatchers does not have.
type UnknownDispatcherError struct{ Name string }

func (e *UnknownDispatcherError) Error() string {
	return fmt.Sprintf("engine: no dispatcher is named %q: add it to Config.Dispatchers", e.Name)
}
