package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine/journal"
)

// Recorded is a stored event of a durable grain with its number, from 1, and the time at which it was persisted, to the millisecond.
type Recorded struct {
	Number uint64
	At     time.Time
	Event  any
}

// Event is a stored event of a durable grain, as its kind publishes it.
type Event[E any] struct {
	ID     string // the grain's
	Number uint64 // from 1 in each grain, without a gap
	At     time.Time
	Event  E
}

// numbered is an Event of any kind.
type numbered struct {
	number uint64
	at     time.Time
	event  any
}

// Events is the topic of a durable kind's events. Each is published in its grain's turn after it is stored and applied, at least once: a
// grain that comes back publishes those of its newest record again, because it can't know whether it has. Who must miss none follows
// the topic, keeps the number that it has of each grain, and reads History where one is missing. An E that isn't the kind's panics.
func Events[E, M any](k *Kind[M]) *Topic[Event[E]] {
	k.events.CompareAndSwap(nil, NewTopic[Event[E]](k.cfg.Name+".events"))
	return k.events.Load().(*Topic[Event[E]])
}

// History reads a durable grain's stored events in order, without activating it. What a snapshot has replaced is gone, and so is
// not among them. An error is the last thing that it yields.
func History[M any](ctx context.Context, s *System, k *Kind[M], id string) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		if s.journal == nil {
			yield(Recorded{}, fmt.Errorf("engine: History of kind %q needs Config.Journal", k.cfg.Name))
			return
		}
		g := journal.Grain{Kind: k.cfg.Name, ID: id}
		var last uint64
		for r, err := range s.journal.Replay(ctx, k.cfg.Role, k.cfg.Affinity(id), g) {
			if err != nil {
				yield(Recorded{}, err)
				return
			}
			if r.Snapshot {
				continue
			}
			if last, err = yieldEvents(r, last, s.messages, yield); err != nil {
				return
			}
		}
	}
}

// Stored yields the events of one record as a store has it, for who reads or follows a store itself; a snapshot has none. registry
// is the one that Config.Messages was. An error is the last thing that it yields.
func Stored(rec journal.Record, registry *codec.Registry) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		if !rec.Snapshot {
			_, _ = yieldEvents(rec, 0, registry, yield) // an error has been yielded
		}
	}
}

// errEnough: who iterates has seen enough, or an error.
var errEnough = errors.New("engine: enough")

// yieldEvents yields a record's events beyond number last, and returns the number of its last one.
func yieldEvents(rec journal.Record, last uint64, r *codec.Registry, yield func(Recorded, error) bool) (uint64, error) {
	number := rec.First
	for data := rec.Data; len(data) > 0; number++ {
		e, at, rest, err := cutEvent(data, r)
		if err != nil {
			yield(Recorded{}, err)
			return 0, errEnough
		}
		data = rest
		if number <= last {
			continue // a copy
		}
		if !yield(Recorded{number, at, e}, nil) {
			return 0, errEnough
		}
	}
	return max(last, number-1), nil
}
