package jetstream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/engine/journal"
)

// Put implements [journal.Objects].
func (s *Store) Put(ctx context.Context, name string, data []byte) error {
	if err := journal.CheckObject(name, data); err != nil {
		return err
	}
	if _, err := s.js.Publish(ctx, objectSubject(name), data, jetstream.WithRetryAttempts(0)); err != nil {
		return fmt.Errorf("jetstream: put %s: %w", name, s.outcome(err))
	}
	return nil
}

// Get implements [journal.Objects].
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	if err := journal.CheckObject(name, nil); err != nil {
		return nil, err
	}
	msg, err := s.up.GetLastMsgForSubject(ctx, objectSubject(name))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, fmt.Errorf("%w: %s", journal.ErrNotFound, name)
	}
	if err != nil {
		return nil, fmt.Errorf("jetstream: get %s: %w", name, err)
	}
	return msg.Data, nil
}

// Drop implements [journal.Objects].
func (s *Store) Drop(ctx context.Context, prefix string) error {
	if err := journal.CheckObject(prefix, nil); err != nil {
		return err
	}
	if err := s.up.Purge(ctx, jetstream.WithPurgeSubject(objectSubject(prefix)+".>")); err != nil {
		return fmt.Errorf("jetstream: drop %s: %w", prefix, err)
	}
	return nil
}
