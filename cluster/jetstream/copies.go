package jetstream

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// CopiesError refuses a start: a stream keeps another number of copies than this node is set to, and isn't changed to that.
type CopiesError struct {
	Stream string
	Kept   int   // copies that the stream has
	Set    int   // copies that this node's configuration wants
	Err    error // why NATS doesn't keep more; nil where Set is less
}

// Error implements error.
func (e *CopiesError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("jetstream: the store keeps %d copies (stream %s), this node is set to %d: start it with --nats-replicas %d",
			e.Kept, e.Stream, e.Set, e.Kept)
	}
	return fmt.Sprintf("jetstream: the store keeps %d copies (stream %s), this node is set to %d, and NATS doesn't keep that many (%v): run more NATS servers "+
		"as one cluster, or start it with --nats-replicas %d", e.Kept, e.Stream, e.Set, e.Err, e.Kept)
}

// Unwrap gives NATS' refusal.
func (e *CopiesError) Unwrap() error { return e.Err }

// keepsCopies refuses to open a store that keeps more copies than this node would: they are everybody's. It changes nothing.
func (s *Store) keepsCopies(ctx context.Context) error {
	var most *CopiesError
	for _, want := range []jetstream.StreamConfig{s.cfg.events(0), s.cfg.uploads(), s.cfg.members(), s.cfg.cluster()} {
		stream, err := s.patiently(ctx, want, s.look)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if fewer := takesCopies(stream, want); fewer != nil && (most == nil || fewer.Kept > most.Kept) {
			most = fewer
		}
	}
	if most != nil {
		return most
	}
	return nil
}

// takesCopies is the refusal of a configuration with fewer copies than the stream has; nil: it has no more.
func takesCopies(stream jetstream.Stream, want jetstream.StreamConfig) *CopiesError {
	if kept := stream.CachedInfo().Config.Replicas; kept > want.Replicas {
		return &CopiesError{Stream: want.Name, Kept: kept, Set: want.Replicas}
	}
	return nil
}

// answerWithin bounds each of several tries: servers that elect a leader don't answer, and the next try finds it.
const answerWithin = 2 * time.Second

// patiently asks until ctx ends: a cluster without a leader needs a moment. Where the last time had no answer, what was said before is why.
func (s *Store) patiently(ctx context.Context, want jetstream.StreamConfig, ask askStream) (jetstream.Stream, error) {
	var copies *CopiesError
	for {
		once, cancel := context.WithTimeout(ctx, answerWithin)
		stream, err := ask(once, want)
		cancel()
		if err == nil {
			return stream, nil
		}
		said := errors.As(err, &copies)
		if !passing(err) || !pause(ctx, 50*time.Millisecond) {
			if said || copies != nil && ctx.Err() != nil {
				return nil, copies
			}
			return nil, fmt.Errorf("jetstream: stream %s: %w", want.Name, err)
		}
	}
}

// askStream asks the server once for the stream that a configuration names.
type askStream func(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error)

func (s *Store) look(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	return s.js.Stream(ctx, want.Name)
}

// errUnsettled: a stream is there and isn't, because another node is making it just now.
var errUnsettled = errors.New("jetstream: the stream is being made")

// bring makes a stream, or brings its configuration in line without taking copies from it: another node may have made it, or given it
// more, a moment ago. What is in line is left alone, for an update says the number of copies too.
func (s *Store) bring(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	stream, err := s.look(ctx, want)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if stream, err = s.js.CreateStream(ctx, want); !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return stream, err
		}
		stream, err = s.look(ctx, want) // another node was faster
	}
	if err != nil {
		return nil, settled(err)
	}
	if fewer := takesCopies(stream, want); fewer != nil {
		return nil, fewer
	}
	have := stream.CachedInfo().Config
	if inLine(have, want) {
		return stream, nil
	}
	stream, err = s.js.UpdateStream(ctx, want)
	if errors.As(err, new(*jetstream.APIError)) && have.Replicas < want.Replicas {
		return nil, &CopiesError{Stream: want.Name, Kept: have.Replicas, Set: want.Replicas, Err: err}
	}
	return stream, settled(err)
}

func settled(err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return errUnsettled
	}
	return err
}

// inLine tells whether a stream is configured as wanted; what the server fills in where nothing is said doesn't count.
func inLine(have, want jetstream.StreamConfig) bool {
	have.Metadata = nil
	have.MaxConsumers, have.MaxMsgs, have.MaxMsgSize = max(have.MaxConsumers, 0), max(have.MaxMsgs, 0), max(have.MaxMsgSize, 0)
	have.MaxMsgsPerSubject = max(have.MaxMsgsPerSubject, 0)
	return reflect.DeepEqual(have, want)
}
