package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"hayauma.example/engine"
)

// Errors of [Transport.Send] beside those of engine: the packet was not taken.
var (
	// ErrTooLarge: the packet is larger than Config.MaxPacket.
	ErrTooLarge = errors.New("remote: the packet is larger than MaxPacket")
	// ErrClosed: the transport is closed, so nobody is its peer.
	ErrClosed = fmt.Errorf("remote: the transport is closed: %w", engine.ErrNoMember)
)

// Ends of a connection that are nobody's fault.
var (
	errSuperseded = errors.New("remote: a later connection has taken the lane, or its member is none any more")
	errLeft       = errors.New("remote: the receiver took no more of a batch")
	errRemoved    = errors.New("remote: the member is none any more")
	errBroken     = errors.New("remote: the connection broke")
	errHungUp     = errors.New("remote: the other side closed the connection")
	errSilent     = errors.New("remote: the other side was silent for DeadAfter")
)

// plainly gives drpc's words for the common ends their meaning: to it the end of a connection is a cancelled context.
func plainly(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errHungUp
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSilent
	default:
		return err
	}
}

// PlainError is the refusal to listen or dial without TLS where others may hear it.
type PlainError struct{ Address string }

// Error implements error.
func (e *PlainError) Error() string {
	return fmt.Sprintf("remote: %s is not a loopback address and TLS is not configured: set TLS, or Insecure where the network is trusted", e.Address)
}

// MalformedError is input that is not of this protocol. The connection that brought it is closed.
type MalformedError struct{ What string }

// Error implements error.
func (e *MalformedError) Error() string { return "remote: malformed input: " + e.What }

func malformed(format string, args ...any) error {
	return &MalformedError{What: fmt.Sprintf(format, args...)}
}

// RefusedError is a listener's refusal of a connection; the dialler tries again.
type RefusedError struct {
	From, To string // incarnations of the dialler, and of whom it meant
	Listener string // the incarnation that answered
	Verdict  Verdict
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("remote: %s dialled %s and was refused by %s: %s", e.From, e.To, e.Listener, e.Verdict)
}

// PanicError is a panic of the Receiver. The packet that caused it counts as received.
type PanicError struct {
	Value any
	Stack []byte
}

// Error implements error.
func (e *PanicError) Error() string { return fmt.Sprintf("remote: the receiver panicked: %v", e.Value) }
