package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"hayauma.example/engine/journal"
)

// Append implements [journal.Store].
func (s *Store) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	if err := journal.CheckBatch(records); err != nil {
		return err
	}
	if len(records) == 0 {
		return nil
	}
	msgs := make([]*nats.Msg, len(records))
	for i, r := range records {
		msgs[i] = encode(c.Shard, r)
	}
	expect(msgs[0], fenceSubject(c.Shard), uint64(c.Fence))
	if id != "" {
		msgs[0].Header[jetstream.MsgIDHeader] = []string{id}
	}
	_, err := s.publish(ctx, msgs)
	if errors.Is(err, errRepeated) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("jetstream: append to shard %s %d: %w", c.Shard.Role, c.Shard.Number, err)
	}
	return nil
}

// BatchFrom implements [journal.Batcher]. A server without replicas stages each batch in a directory of its own, which costs six
// syncs in a row (3 ms where one takes 0.2 ms) while nothing else is stored; with replicas it stages them in memory.
func (s *Store) BatchFrom() int {
	if s.cfg.direct() {
		return 16
	}
	return 2
}

// expect makes the server refuse the message unless the subject's newest sequence is seq.
func expect(m *nats.Msg, subject string, seq uint64) {
	m.Header[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(seq, 10)}
	if subject != m.Subject {
		m.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{subject}
	}
}

// publish stores all messages or none and returns the sequence of the last.
func (s *Store) publish(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	if len(msgs) == 1 {
		ack, err := s.js.PublishMsg(ctx, msgs[0], jetstream.WithRetryAttempts(0))
		if err != nil {
			return 0, s.outcome(err)
		}
		return ack.Sequence, nil
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: %w", journal.ErrBusy, ctx.Err())
	}
	ack, err := s.batch(ctx, msgs)
	if err != nil {
		return 0, s.outcome(err)
	}
	return ack.Sequence, nil
}

// batch waits for no acknowledgement but the last: a batch that was not let in shows there as incomplete.
func (s *Store) batch(ctx context.Context, msgs []*nats.Msg) (*jetstreamext.BatchAck, error) {
	b, err := jetstreamext.NewBatchPublisher(s.js, jetstreamext.BatchFlowControl{})
	if err != nil {
		return nil, err
	}
	last := len(msgs) - 1
	for _, m := range msgs[:last] {
		if err := b.AddMsg(m); err != nil {
			return nil, err
		}
	}
	return b.CommitMsg(ctx, msgs[last])
}
