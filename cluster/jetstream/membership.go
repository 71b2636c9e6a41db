package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/objects"
	"hayauma.example/engine/journal"
)

// ErrBuffered: the connection keeps what it can't send, and would send an old compare-and-set after a reconnect.
var ErrBuffered = errors.New("jetstream: the connection has a reconnect buffer: connect with nats.ReconnectBufSize(-1)")

// Membership is what the members share: the records in memory, the view on disk, the fences in the journal. It is safe for
// concurrent use, and starts no goroutine.
type Membership struct {
	store   *Store
	members jetstream.Stream
	views   jetstream.Stream
	floor   atomic.Uint64 // the newest one known
	wedges  wedges
}

var _ objects.Store = (*Membership)(nil)

// Membership makes the buckets where they are missing, and refuses as [Open] does. The context bounds this only.
func (s *Store) Membership(ctx context.Context) (*Membership, error) {
	if s.conn.Opts.ReconnectBufSize >= 0 {
		return nil, ErrBuffered
	}
	m := &Membership{store: s}
	var err error
	if m.members, err = s.stream(ctx, s.cfg.members()); err != nil {
		return nil, err
	}
	if m.views, err = s.stream(ctx, s.cfg.cluster()); err != nil {
		return nil, err
	}
	if err := m.firstGround(ctx); err != nil {
		return nil, err
	}
	if err := s.keepsCopies(ctx); err != nil { // another node that started meanwhile is set to more
		return nil, err
	}
	return m, nil
}

// begin gives a request its deadline; a context that has ended sends nothing.
func (m *Membership) begin(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", objects.ErrBusy, err)
	}
	ctx, cancel := context.WithTimeout(ctx, m.store.cfg.request())
	return ctx, cancel, nil
}

// write publishes one change. Its refusal is journal.ErrFenced.
func (m *Membership) write(ctx context.Context, msgs ...*nats.Msg) (uint64, error) {
	seq, err := m.store.publish(ctx, msgs)
	if subject := msgs[len(msgs)-1].Subject; m.wedges.stuck(subject, errors.Is(err, errUnderWay), time.Now()) {
		m.unwedge(ctx, subject)
	}
	return seq, changed(err)
}

// changed turns the journal's words for a failed publish into those of the seam; a refusal stays what it is.
func changed(err error) error {
	switch {
	case err == nil, errors.Is(err, journal.ErrFenced):
		return err
	case errors.Is(err, journal.ErrBusy), errors.Is(err, journal.ErrFull), errors.Is(err, ErrShutDown), closed(err):
		return fmt.Errorf("%w: %w", objects.ErrBusy, err)
	default:
		return fmt.Errorf("%w: %w", objects.ErrUnclear, err)
	}
}

// closed connections send nothing.
func closed(err error) bool {
	return errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrConnectionDraining)
}

// read gives the newest message of a subject, from the leader; nil where there is none.
func (m *Membership) read(ctx context.Context, s jetstream.Stream, subject string) (*jetstream.RawStreamMsg, error) {
	msg, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, unread(err)
	}
	return msg, nil
}

func unread(err error) error { return fmt.Errorf("%w: %w", objects.ErrBusy, err) }

// change is a compare-and-set on the subject's newest sequence.
func change(subject string, data []byte, seq uint64) *nats.Msg {
	m := &nats.Msg{Subject: subject, Header: nats.Header{}, Data: data}
	expect(m, subject, seq)
	return m
}
