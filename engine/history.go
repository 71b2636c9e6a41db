package engine

import (
	"context"
	"encoding/binary"
	"iter"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine/journal"
)

// Recorded is a stored event of a durable grain with the time at which it was persisted, to the millisecond.
type Recorded struct {
	At    time.Time
	Event any
}

// History reads a durable grain's stored events in order, without activating it. What a snapshot has replaced is gone, and so is
// not among them. An error is the last thing that it yields.
func History[M any](ctx context.Context, s *System, k *Kind[M], id string) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		g := journal.Grain{Kind: k.cfg.Name, ID: id}
		for r, err := range s.journal.Replay(ctx, k.cfg.Role, k.cfg.Affinity(id), g) {
			if err != nil {
				yield(Recorded{}, err)
				return
			}
			if !r.Snapshot && !yieldEvents(r.Data, s.messages, yield) {
				return
			}
		}
	}
}

// yieldEvents yields a record's events; false when there is no going on.
func yieldEvents(data []byte, r *codec.Registry, yield func(Recorded, error) bool) bool {
	for len(data) > 0 {
		at := eventTime(data)
		e, rest, err := cutEvent(data, r)
		if err != nil {
			yield(Recorded{}, err)
			return false
		}
		if !yield(Recorded{At: at, Event: e}, nil) {
			return false
		}
		data = rest
	}
	return true
}

// eventTime is the time of the event at the start of b, which cutEvent checks.
func eventTime(b []byte) time.Time {
	payload, _, err := codec.CutFrame(b)
	if err != nil || len(payload) == 0 {
		return time.Time{}
	}
	milliseconds, _ := binary.Varint(payload[1:])
	return time.UnixMilli(milliseconds)
}
