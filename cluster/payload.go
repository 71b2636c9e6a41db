package cluster

import (
	"bytes"
	"context"
	"slices"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// pageRecords bounds the records that are looked through at once.
const pageRecords = 100

// payload reads what a near reminder carries.
func (r *reminders) payload(ctx context.Context, key reminderKey, due int64) ([]byte, error) {
	e, err := r.find(key, due)
	if err != nil || !e.away {
		return e.payload, err
	}
	if e.record == 0 {
		if e, err = r.locate(ctx, key, due); err != nil {
			return nil, err
		}
	}
	records, err := r.page(ctx, hourOf(due), e.record, 1)
	if err != nil || len(records) == 0 || records[0].Position != e.record {
		return nil, orMissing(err)
	}
	list, err := decodeChanges(nil, records[0].Data)
	for _, c := range slices.Backward(list) {
		if c.entry.reminderKey == key && c.entry.due == due && !c.forget {
			return bytes.Clone(c.entry.payload), nil
		}
	}
	return nil, orMissing(err)
}

// orMissing is err, or that the reminder was forgotten, and its record purged, since it was found.
func orMissing(err error) error {
	if err == nil {
		return engine.ErrNoReminder
	}
	return err
}

func (r *reminders) find(key reminderKey, due int64) (entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.table.find(key, due); ok && !r.stopped {
		return e, nil
	}
	return entry{}, engine.ErrNoReminder
}

// locate finds the record of a payload, and of those that were stored near it: an append doesn't say where its records are. Each record is looked
// through once; but one that was, between its append and the time at which its reminder was known here, once more.
func (r *reminders) locate(ctx context.Context, key reminderKey, due int64) (entry, error) {
	select {
	case r.locating <- struct{}{}:
		defer func() { <-r.locating }()
	case <-ctx.Done():
		return entry{}, context.Cause(ctx)
	}
	for _, from := range []func() uint64{func() uint64 { return r.known(hourOf(due)) }, func() uint64 { return 0 }} {
		e, err := r.find(key, due)
		if err != nil || e.record > 0 {
			return e, err
		}
		if err := r.lookThrough(ctx, hourOf(due), from()); err != nil {
			return entry{}, err
		}
	}
	e, err := r.find(key, due)
	if err == nil && e.record == 0 {
		err = engine.ErrNoReminder
	}
	return e, err
}

func (r *reminders) known(hour int64) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.known(hour)
}

// lookThrough reads the records of an hour beyond a position.
func (r *reminders) lookThrough(ctx context.Context, hour int64, after uint64) error {
	for {
		records, err := r.page(ctx, hour, after+1, pageRecords)
		if err != nil || len(records) == 0 {
			return err
		}
		var list []change
		for _, rec := range records {
			if list, err = slimChanges(list, rec); err != nil {
				return err
			}
			after = rec.Position
		}
		r.mu.Lock()
		r.table.located(hour, list, after)
		r.mu.Unlock()
	}
}

// page reads records of an hour when there is a place for it.
func (r *reminders) page(ctx context.Context, hour int64, from uint64, most int) ([]journal.Record, error) {
	l := r.ledger
	if err := l.of.place(ctx); err != nil {
		return nil, err
	}
	defer l.of.leave()
	records, err := l.of.store.Page(ctx, l.claim, r.bucket(hour), from, most)
	l.found(err)
	return records, err
}
