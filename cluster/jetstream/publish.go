package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/engine/journal"
)

// Published is the name of the stream that keeps published events.
const Published = "PUB"

// Headers of a published event, beside Nats-Msg-Id, which is its id.
const (
	HeaderType     = "Hayauma-Type"
	HeaderNumber   = "Hayauma-Number"   // of the event in its grain
	HeaderPosition = "Hayauma-Position" // of its record in the store
)

const (
	publishedFor     = 7 * 24 * time.Hour
	publishedRepeats = 2 * time.Minute // a copy that comes sooner is not kept
	publishTimeout   = 5 * time.Second
)

// PublishConfig says how published events are kept.
type PublishConfig struct {
	Prefix   string // of their subjects: PREFIX.KIND.ID
	MaxBytes uint64 // the oldest go beyond it
}

// Publisher keeps events for others, on a stream of their own.
type Publisher struct {
	js     jetstream.JetStream
	prefix string
}

var _ journal.Publisher = (*Publisher)(nil)

// Publisher makes the stream where it is missing, and brings its configuration in line.
func (s *Store) Publisher(ctx context.Context, cfg PublishConfig) (*Publisher, error) {
	if cfg.MaxBytes < minBytes {
		return nil, errors.New("jetstream: less than 1 MiB of published events can't hold one: raise --publish-max-bytes")
	}
	want := s.cfg.stream(Published, cfg.Prefix+".>", cfg.MaxBytes)
	want.Discard, want.MaxAge, want.Duplicates = jetstream.DiscardOld, publishedFor, publishedRepeats
	if _, err := s.stream(ctx, want); err != nil {
		return nil, fmt.Errorf("jetstream: published events: %w", err)
	}
	return &Publisher{js: s.js, prefix: cfg.Prefix}, nil
}

// Publish implements [journal.Publisher]: it returns when an fsync covers the event, or one with its id is there.
func (p *Publisher) Publish(ctx context.Context, e journal.Publication) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	msg := &nats.Msg{Subject: p.subject(e.Grain), Data: e.Body, Header: nats.Header{
		jetstream.MsgIDHeader: {e.ID}, HeaderType: {e.Type},
		HeaderNumber: {strconv.FormatUint(e.Number, 10)}, HeaderPosition: {strconv.FormatUint(e.Position, 10)},
	}}
	if _, err := p.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(Published)); err != nil {
		return fmt.Errorf("jetstream: publish %s %d of %s: %w", e.Type, e.Number, e.Grain.ID, err)
	}
	return nil
}

func (p *Publisher) subject(g journal.Grain) string {
	return p.prefix + "." + escape(g.Kind) + "." + escape(g.ID)
}
