package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/engine/journal"
)

// Follow implements [journal.Store]. It reads by an ordered consumer, which the client makes anew from the last message that it had
// wherever a message or a heartbeat is missing, also on another server.
func (s *Store) Follow(ctx context.Context, role, kind string, after uint64) iter.Seq2[journal.Sight, error] {
	return func(yield func(journal.Sight, error) bool) {
		err := journal.CheckFollow(role, kind)
		if err == nil {
			err = s.follow(ctx, kindSubjects(role, kind), after, yield)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(journal.Sight{}, fmt.Errorf("jetstream: follow %s: %w", kind, err))
		}
	}
}

// What waits in memory for who follows and doesn't take it: what one request asks for, and that again where less than half of it waits. The client
// makes room for as many records as one may be told, which is why both are given: by bytes alone it would be for a million.
const (
	followAhead   = 2 << 20 // bytes, of which a record takes less than a megabyte
	followRecords = 4096
)

func (s *Store) follow(ctx context.Context, subjects string, after uint64, yield func(journal.Sight, error) bool) error {
	end, err := s.end(ctx)
	if err != nil {
		return err
	}
	cons, err := s.js.OrderedConsumer(ctx, events, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{subjects}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1,
	})
	if err != nil {
		return err
	}
	info, err := cons.Info(ctx)
	if err != nil {
		return err
	}
	messages, err := cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(followRecords, followAhead))
	if err != nil {
		return err
	}
	defer messages.Stop()
	f := following{end: end, yield: yield}
	if info.NumPending == 0 {
		if err := f.catchUp(); err != nil {
			return err
		}
	}
	for {
		msg, err := f.next(ctx, cons, messages)
		if err != nil {
			return err
		}
		if err := f.see(msg); err != nil {
			return err
		}
	}
}

// lookEvery is how long a follower that has not caught up waits for a record before it asks whether there is one: what there was may have
// been purged.
const lookEvery = 100 * time.Millisecond

// next is the next message.
func (f *following) next(ctx context.Context, cons jetstream.Consumer, messages jetstream.MessagesContext) (jetstream.Msg, error) {
	for ctx.Err() == nil {
		if f.caught {
			return messages.Next(jetstream.NextContext(ctx))
		}
		soon, cancel := context.WithTimeout(ctx, lookEvery)
		msg, err := messages.Next(jetstream.NextContext(soon))
		cancel()
		if err == nil || !errors.Is(err, context.DeadlineExceeded) {
			return msg, err
		}
		info, err := cons.Info(ctx) // fails while the consumer is made anew
		if err == nil && info.NumPending == 0 && info.Delivered.Consumer <= f.delivered {
			if err := f.catchUp(); err != nil {
				return nil, err
			}
		}
	}
	return nil, ctx.Err()
}

// end is the position of the newest record of any kind.
func (s *Store) end(ctx context.Context) (uint64, error) {
	info, err := s.ev.Info(ctx)
	if err != nil {
		return 0, err
	}
	return info.State.LastSeq, nil
}

// following tells one follower.
type following struct {
	end       uint64 // everything up to here was stored before it began
	caught    bool
	delivered uint64 // the newest message's number among those of its consumer
	yield     func(journal.Sight, error) bool
}

func (f *following) catchUp() error {
	if f.caught {
		return nil
	}
	f.caught = true
	if !f.yield(journal.Sight{Caught: true}, nil) {
		return errStopped
	}
	return nil
}

func (f *following) see(msg jetstream.Msg) error {
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	if meta.Sequence.Stream > f.end {
		if err := f.catchUp(); err != nil {
			return err
		}
	}
	f.delivered = meta.Sequence.Consumer
	g, err := grainOf(msg.Subject())
	if err != nil {
		return err
	}
	rec, err := decode(g, stored{header: msg.Headers(), data: msg.Data(), seq: meta.Sequence.Stream, time: meta.Timestamp})
	switch {
	case errors.Is(err, errTombstone): // seen by chance, before it was purged itself
	case err != nil:
		return err
	case !f.yield(journal.Sight{Record: rec}, nil):
		return errStopped
	}
	if meta.NumPending == 0 {
		return f.catchUp()
	}
	return nil
}

// grainOf is the inverse of grainSubject.
func grainOf(subject string) (journal.Grain, error) {
	tokens := strings.Split(subject, ".")
	if len(tokens) != 5 {
		return journal.Grain{}, fmt.Errorf("jetstream: %q is no grain's subject", subject)
	}
	kind, err := unescape(tokens[3])
	if err != nil {
		return journal.Grain{}, err
	}
	id, err := unescape(tokens[4])
	return journal.Grain{Kind: kind, ID: id}, err
}
