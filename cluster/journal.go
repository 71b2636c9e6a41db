package cluster

import (
	"context"
	"errors"
	"iter"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// OnReminder implements engine.Journal. fire is called by several goroutines, one for each shard, and doesn't wait for Close.
func (s *Ledgers) OnReminder(fire func(kind, id, name string, due time.Time, payload []byte)) {
	s.fire = fire
}

// Append implements engine.Journal. The marks take effect before done runs.
func (s *Ledgers) Append(u engine.Unit, done func(error)) {
	l, err := s.find(ShardOf(u.Role, u.Key))
	if err == nil && u.Tenure != 0 && u.Tenure != l.tenure() {
		err = ErrOldTenure
	}
	if err != nil {
		done(err)
		return
	}
	marks := changes(u.Grain, u.Marks)
	l.append(journal.Record{Grain: u.Grain, First: u.First, Count: u.Count, Data: u.Data}, marks, func(err error) {
		if err == nil {
			l.reminders.apply(marks)
		}
		done(err)
	})
}

// Tenure implements engine.Tenured: the fence of the shard's claim, 0 where it is not open.
func (s *Ledgers) Tenure(role, key string) uint64 {
	l, err := s.find(ShardOf(role, key))
	if err != nil {
		return 0
	}
	return l.tenure()
}

func (l *ledger) tenure() uint64 { return uint64(l.claim.Fence) }

// Replay implements engine.Journal. It ends with an error where the shard was given up meanwhile.
func (s *Ledgers) Replay(ctx context.Context, role, key string, g journal.Grain) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		l, err := s.find(ShardOf(role, key))
		if err == nil {
			err = l.failure()
		}
		if err != nil {
			yield(journal.Record{}, err)
			return
		}
		l.replay(ctx, g, yield)
	}
}

func (l *ledger) replay(ctx context.Context, g journal.Grain, yield func(journal.Record, error) bool) {
	for r, err := range l.of.store.Replay(ctx, l.claim, g) {
		l.found(err)
		if !yield(r, err) || err != nil {
			return
		}
	}
	if err := l.failure(); err != nil {
		yield(journal.Record{}, err)
	}
}

// Payload implements engine.Journal.
func (s *Ledgers) Payload(ctx context.Context, role, key string, g journal.Grain, name string, due time.Time) ([]byte, error) {
	l, err := s.find(ShardOf(role, key))
	if err == nil {
		err = l.failure()
	}
	if err != nil {
		return nil, err
	}
	return l.reminders.payload(ctx, reminderKey{g.Kind, g.ID, name}, nanos(due))
}

// Snapshot implements engine.Journal. The purge behind it is worth a log line if it fails, and no more: replay begins at the
// snapshot anyway.
func (s *Ledgers) Snapshot(role, key string, g journal.Grain, after uint64, data []byte, done func(error)) {
	l, err := s.find(ShardOf(role, key))
	if err != nil {
		done(err)
		return
	}
	l.append(journal.Record{Grain: g, First: after, Snapshot: true, Data: data}, nil, func(err error) {
		if err == nil {
			l.do(func(ctx context.Context) { l.purgeBelow(ctx, g) })
		}
		done(err)
	})
}

func (l *ledger) purgeBelow(ctx context.Context, g journal.Grain) {
	var err error
	for r, replayErr := range l.of.store.Replay(ctx, l.claim, g) {
		if err = replayErr; err == nil && r.Snapshot {
			err = l.of.store.Purge(ctx, l.claim, g, r.Position)
		}
		break
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		l.of.cfg.Log.Warn("records below a snapshot not purged", "kind", g.Kind, "error", err)
	}
	l.found(err)
}
