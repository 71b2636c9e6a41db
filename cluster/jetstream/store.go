package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/engine/journal"
)

// Store is the journal on JetStream. It is safe for concurrent use.
type Store struct {
	cfg     Config
	conn    *nats.Conn
	js      jetstream.JetStream
	ev, up  jetstream.Stream
	cluster uuid.UUID
	slots   journal.Slots // atomic batches in flight: the server refuses more than 50 per stream

	limits sync.Mutex // held while the head-room is open
}

var (
	_ journal.Store   = (*Store)(nil)
	_ journal.Batcher = (*Store)(nil)
	_ journal.Objects = (*Store)(nil)
)

const maxBatches = 32

// Open makes the streams where they are missing, brings their configuration in line, and reads or writes the cluster's id. A store that
// keeps more copies than cfg wants is left as it is: [CopiesError]. The connection stays the caller's.
func Open(ctx context.Context, conn *nats.Conn, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	s := &Store{cfg: cfg, conn: conn, js: js, slots: journal.NewSlots(maxBatches)}
	if err := s.keepsCopies(ctx); err != nil {
		return nil, err
	}
	if s.ev, err = s.stream(ctx, cfg.events(0)); err != nil {
		return nil, err
	}
	if s.up, err = s.stream(ctx, cfg.uploads()); err != nil {
		return nil, err
	}
	if s.cluster, err = s.clusterID(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// stream is there afterwards, and in line.
func (s *Store) stream(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	return s.patiently(ctx, want, s.bring)
}

// passing errors of the cluster go away by waiting.
func passing(err error) bool {
	const notAvailable, noPeers = 10008, 10005
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return api.ErrorCode == notAvailable || api.ErrorCode == noPeers
	}
	return errors.Is(err, errUnsettled) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded)
}

// clusterID reads the cluster's id, or writes one, until ctx ends. Another node may have given the stream more copies since this one
// looked: it is looked up anew.
func (s *Store) clusterID(ctx context.Context) (uuid.UUID, error) {
	for {
		once, cancel := context.WithTimeout(ctx, answerWithin)
		id, err := s.identify(once)
		cancel()
		if err == nil {
			return id, nil
		}
		ev, errStream := s.stream(ctx, s.cfg.events(0))
		if errStream != nil {
			return uuid.Nil, errStream
		}
		s.ev = ev
		again := passing(err) && !errors.Is(err, ErrShutDown) || errors.Is(err, journal.ErrBusy)
		if !again || !pause(ctx, retryAfter) {
			return uuid.Nil, fmt.Errorf("jetstream: cluster id: %w", err)
		}
	}
}

// identify tries once: of several that write an id at once one wins.
func (s *Store) identify(ctx context.Context) (uuid.UUID, error) {
	msg, err := s.ev.GetLastMsgForSubject(ctx, clusterSubject)
	if err == nil {
		return uuid.ParseBytes(msg.Data)
	}
	if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return uuid.Nil, err
	}
	id := uuid.New()
	_, err = s.js.Publish(ctx, clusterSubject, []byte(id.String()), jetstream.WithExpectLastSequencePerSubject(0))
	if err = s.outcome(err); errors.Is(err, journal.ErrFenced) {
		return uuid.Nil, errUnsettled
	}
	return id, err
}

// ClusterID implements [journal.Store].
func (s *Store) ClusterID() uuid.UUID { return s.cluster }

// Skew implements [journal.Store]: the answering server's clock against the middle of the request.
func (s *Store) Skew(ctx context.Context) (time.Duration, error) {
	before := time.Now()
	info, err := s.ev.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("jetstream: skew: %w", err)
	}
	middle := before.Add(time.Since(before) / 2)
	return info.TimeStamp.Sub(middle), nil
}

// Stats implements [journal.Store]. Fences count as records, and bytes are those of the files.
func (s *Store) Stats(ctx context.Context) (journal.Stats, error) {
	ev, err := s.ev.Info(ctx)
	if err != nil {
		return journal.Stats{}, fmt.Errorf("jetstream: stats: %w", err)
	}
	up, err := s.up.Info(ctx)
	if err != nil {
		return journal.Stats{}, fmt.Errorf("jetstream: stats: %w", err)
	}
	return journal.Stats{Records: ev.State.Msgs, Bytes: ev.State.Bytes, Objects: up.State.Msgs, ObjectBytes: up.State.Bytes}, nil
}

// pause waits, and says no when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
