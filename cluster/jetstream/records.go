package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// PutRecord implements [objects.Records].
func (m *Membership) PutRecord(ctx context.Context, r roster.Record, expect uint64) (uint64, error) {
	data, err := objects.EncodeRecord(r)
	if err != nil {
		return 0, err
	}
	ctx, cancel, err := m.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer cancel()
	msg := change(membersKeys+r.Incarnation, data, expect)
	msg.Header.Set(jetstream.MsgTTLHeader, m.store.cfg.recordFor().String())
	put := m.renew
	if expect == 0 {
		put = m.born
	}
	seq, err := put(ctx, msg)
	if errors.Is(err, journal.ErrFenced) {
		return 0, refusal(objects.NameRecord(r.Incarnation), func() (roster.Found, error) { return m.record(ctx, r.Incarnation) })
	}
	if err != nil {
		return 0, fmt.Errorf("jetstream: put %s: %w", objects.NameRecord(r.Incarnation), err)
	}
	return seq, nil
}

// renew replaces a record. Where nobody answers for the stream, it is made anew, so that the next one learns that its record is gone.
func (m *Membership) renew(ctx context.Context, msg *nats.Msg) (uint64, error) {
	seq, err := m.write(ctx, msg)
	if gone(err) {
		return m.afresh(ctx)
	}
	return seq, err
}

// born creates a record, in one batch with a message that is refused unless the floor is the one that we know. So the first record
// of a memory always lies above a floor, and with it every later one: whatever else expects a revision is refused while there is
// none. What was surely not stored is tried again until the deadline: several may be born at once.
func (m *Membership) born(ctx context.Context, record *nats.Msg) (uint64, error) {
	for {
		seq, err := m.bear(ctx, record)
		if !errors.Is(err, objects.ErrBusy) || !pause(ctx, retryAfter) {
			return seq, err
		}
	}
}

func (m *Membership) bear(ctx context.Context, record *nats.Msg) (uint64, error) {
	floor := m.floor.Load()
	guard := &nats.Msg{Subject: bornKey, Header: nats.Header{}, Data: []byte(record.Subject)}
	expect(guard, floorKey, floor)
	seq, err := m.write(ctx, guard, record)
	switch {
	case gone(err):
		return m.afresh(ctx)
	case errors.Is(err, journal.ErrFenced):
		if moved, groundErr := m.regrounded(ctx, floor); groundErr != nil || moved {
			return 0, fmt.Errorf("%w: %w", objects.ErrBusy, cmp.Or(groundErr, errMemory))
		}
	}
	return seq, err
}

// afresh finds or lays the floor; the caller tries again.
func (m *Membership) afresh(ctx context.Context) (uint64, error) {
	if _, err := m.ground(ctx); err != nil {
		return 0, err
	}
	return 0, fmt.Errorf("%w: %w", objects.ErrBusy, errMemory)
}

// Record implements [objects.Records].
func (m *Membership) Record(ctx context.Context, incarnation string) (roster.Found, error) {
	ctx, cancel, err := m.begin(ctx)
	if err != nil {
		return roster.Found{}, err
	}
	defer cancel()
	found, err := m.record(ctx, incarnation)
	if err != nil {
		return found, fmt.Errorf("jetstream: read %s: %w", objects.NameRecord(incarnation), err)
	}
	return found, nil
}

func (m *Membership) record(ctx context.Context, incarnation string) (roster.Found, error) {
	msg, err := m.read(ctx, m.members, membersKeys+escape(incarnation))
	if err != nil || msg == nil || removed(msg.Header) {
		return roster.Found{}, err
	}
	r, err := roster.DecodeRecord(msg.Data)
	return roster.Found{Record: r, Revision: msg.Sequence}, err
}

// WatchRecords implements [objects.Records].
func (m *Membership) WatchRecords(ctx context.Context) iter.Seq[objects.Sight[roster.Record]] {
	return watch(ctx, m, feed[roster.Record]{
		stream: members, keys: membersKeys, decode: roster.DecodeRecord,
		mend: func(ctx context.Context) { _, _ = m.ground(ctx) }, // the next attempt says how it is
	})
}

// refusal is what a refused change answers, with what is read after it.
func refusal[T any](what string, read func() (T, error)) error {
	found, err := read()
	return &objects.Refused[T]{What: what, Known: err == nil, Found: found}
}
