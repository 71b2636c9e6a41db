package systems

import (
	"context"
	"fmt"
	"sync/atomic"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Op is what an actor does with a message besides counting it.
type Op uint8

// The operations of all actors.
const (
	Count    Op = iota // nothing else
	Mark               // report to Tally what was handled since the last report
	Pass               // send it to the other side of Rally
	Question           // add one to Seq and answer with the same message
)

// Message is what all actors take, by pointer. Whoever sends it leaves it alone until it was handled; a Count may be sent any number
// of times at once.
type Message struct {
	Op    Op
	From  int    // the sender, for Watch
	Seq   uint64 // the sender's number of the message; a Question's answer is one more
	Tally *Tally
	Rally *Rally
	Watch func(m *Message) // called by the actor before anything else; nil: none

	reply chan *Message // of goroutine-per-actor; kept for the caller's next Question
}

// ProtoReflect makes the message one that GoAkt takes, which wants protobuf messages. Inside one process GoAkt encodes only what it
// has lost, for its log; that is an empty message.
func (*Message) ProtoReflect() protoreflect.Message { return (*emptypb.Empty)(nil).ProtoReflect() }

// LateError reports marks that did not come back in time.
type LateError struct {
	Missing int64
	Cause   error
}

func (e *LateError) Error() string {
	return fmt.Sprintf("systems: %d actors have not reported: %v", e.Missing, e.Cause)
}

// Unwrap returns why the wait ended.
func (e *LateError) Unwrap() error { return e.Cause }

// Tally gathers the reports of actors.
type Tally struct {
	handled atomic.Uint64
	missing atomic.Int64
	done    chan struct{} // closed by the last report
}

// NewTally awaits n reports, n > 0.
func NewTally(n int) *Tally {
	t := &Tally{done: make(chan struct{})}
	t.missing.Store(int64(n))
	return t
}

func (t *Tally) report(handled uint64) {
	t.handled.Add(handled)
	if t.missing.Add(-1) == 0 {
		close(t.done)
	}
}

// Wait returns when all have reported, or with a LateError when ctx ends first.
func (t *Tally) Wait(ctx context.Context) error {
	select {
	case <-t.done:
		return nil
	default:
	}
	select {
	case <-t.done:
		return nil
	case <-ctx.Done():
		return &LateError{Missing: t.missing.Load(), Cause: context.Cause(ctx)}
	}
}

// Handled returns how many messages were reported, marks included.
func (t *Tally) Handled() uint64 { return t.handled.Load() }

// Rally is one message's way to and fro between actors 0 and 1.
type Rally struct {
	left int // passes to come; owned by the actor that has the message
	side int // who gets the next pass
	done chan struct{}
}

// NewRally is over after n passes, n > 0; the first message of it goes to actor 0.
func NewRally(n int) *Rally { return &Rally{left: n, side: 1, done: make(chan struct{})} }

// Done is closed when the rally is over.
func (r *Rally) Done() <-chan struct{} { return r.done }

// next says who gets the message now; false: the rally is over.
func (r *Rally) next() (to int, ok bool) {
	r.left--
	if r.left < 0 {
		close(r.done)
		return 0, false
	}
	to = r.side
	r.side ^= 1
	return to, true
}

// account is the state and behaviour of every actor.
type account struct {
	handled uint64 // since the last report; owned by the actor
}

// act is what the adapter has to do after a message, in its system's words.
type act uint8

const (
	nothing act = iota
	answer      // respond with the message
	pass        // send the message to the returned actor
)

func (a *account) take(m *Message) (do act, to int) {
	if m.Watch != nil {
		m.Watch(m)
	}
	a.handled++
	switch m.Op {
	case Count:
	case Mark:
		m.Tally.report(a.handled)
		a.handled = 0
	case Question:
		m.Seq++
		return answer, 0
	case Pass:
		if to, ok := m.Rally.next(); ok {
			return pass, to
		}
	}
	return nothing, 0
}
