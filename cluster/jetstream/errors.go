package jetstream

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/engine/journal"
)

// Error codes of the server that decide what became of an append.
const (
	codeResources      = 10023 // the server's storage is used up
	codeStorage        = 10047 // the account's storage is used up
	codeWrongLast      = 10071 // the fence is not what the append expects
	codeStoreFailed    = 10077 // with "maximum bytes exceeded": the stream is at its limit
	codeDuplicateBusy  = 10158 // the same message id is in flight
	codeLastInFlight   = 10164 // another message with that expectation is in flight
	codeIncomplete     = 10176 // the batch lost a message, or was never let in
	codeRepeated       = 10201 // the batch holds a message id that is stored
	codeTooManyBatches = 10210
)

// ErrShutDown: the single server has closed the stream and takes nothing until it is started again.
var ErrShutDown = errors.New("jetstream: the server has closed its stream, because its disk is full or failing: free space, look at the disk, and start again")

// errUnderWay: the stream's leader waits for what became of another message to the subject.
var errUnderWay = fmt.Errorf("%w: another message is under way", journal.ErrBusy)

// errRepeated: the batch is stored already. It never leaves the package.
var errRepeated = errors.New("jetstream: batch is stored already")

// outcome turns a failed publish into the journal's words. What is not listed leaves it open whether it was stored.
func (s *Store) outcome(err error) error {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return s.unanswered(err)
	}
	switch api.ErrorCode {
	case codeWrongLast:
		return fmt.Errorf("%w (%s)", journal.ErrFenced, api.Description)
	case codeLastInFlight:
		return fmt.Errorf("%w (%s)", errUnderWay, api.Description)
	case codeTooManyBatches, codeIncomplete, codeDuplicateBusy:
		return fmt.Errorf("%w (%s)", journal.ErrBusy, api.Description)
	case codeRepeated:
		return errRepeated
	case codeResources, codeStorage:
		return fmt.Errorf("%w (%s)", journal.ErrFull, api.Description)
	case codeStoreFailed:
		if api.Description == "maximum bytes exceeded" || api.Description == "maximum messages exceeded" {
			return fmt.Errorf("%w (%s)", journal.ErrFull, api.Description)
		}
	}
	return err
}

// unanswered: a replicated stream without a leader elects one, and a lost connection comes back. A single server whose stream is
// gone has shut it down, because its disk is full or broken: that is not busy.
func (s *Store) unanswered(err error) error {
	switch {
	case errors.Is(err, nats.ErrReconnectBufExceeded):
		return fmt.Errorf("%w: no connection to NATS", journal.ErrBusy)
	case !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, jetstream.ErrNoStreamResponse):
		return err
	case s.cfg.direct():
		return fmt.Errorf("%w: %w", ErrShutDown, err)
	}
	return fmt.Errorf("%w: the stream has no leader", journal.ErrBusy)
}
