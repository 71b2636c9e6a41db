package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// ErrRole: no shard of that role is ours.
var ErrRole = errors.New("cluster: this process doesn't carry the role")

// SoloConfig describes a [Solo]. Roles are needed.
type SoloConfig struct {
	Roles    []string
	Log      *slog.Logger              // nil discards
	Writer   journal.WriterOptions     // unless set, 32 batches of 1 MiB at once; OnLost is ours
	OnFenced func(shard journal.Shard) // another process took a shard; nil: only logged
}

// Solo owns all shards of its roles. It implements engine.Journal and is safe for concurrent use.
type Solo struct {
	store  journal.Store
	cfg    SoloConfig
	owner  string // names this start of the process in the fences
	slots  journal.Slots
	ctx    context.Context
	cancel context.CancelCauseFunc

	shards    []*owned
	byShard   map[journal.Shard]*owned
	reminders *reminders
}

var _ engine.Journal = (*Solo)(nil)

// Together these bound the memory of what is being stored.
const (
	batchBytes    = 1 << 20
	batchesAtOnce = 32
)

// OpenSolo claims every shard of the roles in one atomic batch. Reminders fire from Start on.
func OpenSolo(ctx context.Context, store journal.Store, cfg SoloConfig) (*Solo, error) {
	cfg.Writer.BatchBytes = cmp.Or(cfg.Writer.BatchBytes, batchBytes)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	s := &Solo{store: store, cfg: cfg, owner: ulid.Make().String(), slots: cfg.Writer.Slots, byShard: map[journal.Shard]*owned{}}
	if s.slots == nil {
		s.slots = journal.NewSlots(batchesAtOnce)
	}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.reminders = newReminders(s)
	if err := s.claim(ctx); err != nil {
		return nil, err
	}
	for _, role := range cfg.Roles {
		hours, err := s.list(ctx, role)
		if err != nil {
			return nil, err
		}
		for number, hours := range hours {
			s.reminders.know(s.byShard[journal.Shard{Role: role, Number: number}].index, hours)
		}
	}
	return s, nil
}

func (s *Solo) claim(ctx context.Context) error {
	var shards []journal.Shard
	for _, role := range s.cfg.Roles {
		for n := range Shards {
			shards = append(shards, journal.Shard{Role: role, Number: n})
		}
	}
	claims, err := s.store.Claim(ctx, s.owner, shards)
	if err != nil {
		return fmt.Errorf("cluster: claim the shards of %v: %w", s.cfg.Roles, err)
	}
	for i, c := range claims {
		o := &owned{index: i, shard: c.Shard}
		o.take(c)
		s.shards = append(s.shards, o)
		s.byShard[c.Shard] = o
	}
	return nil
}

// list finds the hours that have reminders in the role's shards.
func (s *Solo) list(ctx context.Context, role string) (map[int][]int64, error) {
	hours := map[int][]int64{}
	for id, err := range s.store.Grains(ctx, role, timetableKind) {
		if err != nil {
			return nil, fmt.Errorf("cluster: list the timetable of %s: %w", role, err)
		}
		shard, hour, err := parseBucketID(id)
		if err != nil {
			return nil, fmt.Errorf("%w: %q", err, id)
		}
		hours[shard] = append(hours[shard], hour)
	}
	return hours, nil
}

// Start reads the near hours of the timetable and begins to fire: overdue reminders at once. The kinds that they wake are served
// by then.
func (s *Solo) Start(ctx context.Context) error { return s.reminders.start(ctx) }

// OnReminder implements engine.Journal.
func (s *Solo) OnReminder(fire func(kind, id, name string, due time.Time, payload []byte)) {
	s.reminders.fire = fire
}

// Append implements engine.Journal. The marks take effect before done runs.
func (s *Solo) Append(u engine.Unit, done func(error)) {
	o, ok := s.byShard[ShardOf(u.Role, u.Key)]
	if !ok {
		done(fmt.Errorf("%w: %q", ErrRole, u.Role))
		return
	}
	list := changes(u.Grain, u.Marks)
	err := s.append(o, journal.Record{Grain: u.Grain, First: u.First, Count: u.Count, Data: u.Data}, list, func(err error) {
		if err == nil {
			s.reminders.apply(o, list)
		}
		done(err)
	})
	if err != nil {
		done(err)
	}
}

// Replay implements engine.Journal.
func (s *Solo) Replay(ctx context.Context, role, key string, g journal.Grain) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		o, ok := s.byShard[ShardOf(role, key)]
		if !ok {
			yield(journal.Record{}, fmt.Errorf("%w: %q", ErrRole, role))
			return
		}
		c, err := s.hold(ctx, o)
		if err != nil {
			yield(journal.Record{}, err)
			return
		}
		for r, err := range s.store.Replay(ctx, c, g) {
			if !yield(r, err) {
				return
			}
		}
	}
}

// Snapshot implements engine.Journal. The purge behind it is worth a log line if it fails, and no more: replay begins at the
// snapshot anyway.
func (s *Solo) Snapshot(role, key string, g journal.Grain, after uint64, data []byte, done func(error)) {
	o, ok := s.byShard[ShardOf(role, key)]
	if !ok {
		done(fmt.Errorf("%w: %q", ErrRole, role))
		return
	}
	r := journal.Record{Grain: g, First: after, Snapshot: true, Data: data}
	err := s.append(o, r, nil, func(err error) {
		if err == nil {
			s.do(o, func(ctx context.Context, failed error) { s.purgeBelow(ctx, o, g, failed) })
		}
		done(err)
	})
	if err != nil {
		done(err)
	}
}

func (s *Solo) purgeBelow(ctx context.Context, o *owned, g journal.Grain, failed error) {
	if failed != nil {
		return
	}
	c, err := o.state()
	for r, replayErr := range s.store.Replay(ctx, c, g) {
		if err = replayErr; err == nil && r.Snapshot {
			err = s.store.Purge(ctx, c, g, r.Position)
		}
		break
	}
	if err != nil {
		s.cfg.Log.Warn("records below a snapshot not purged", "kind", g.Kind, "error", err)
	}
}

// Close stops firing and stores what is queued. Later appends fail with journal.ErrClosed.
func (s *Solo) Close(ctx context.Context) error {
	s.reminders.stop()
	var wg sync.WaitGroup
	writers := s.writers()
	errs := make([]error, len(writers))
	for i, w := range writers {
		wg.Go(func() { errs[i] = w.Close(ctx) })
	}
	wg.Wait()
	s.cancel(journal.ErrClosed)
	s.reminders.wait()
	return errors.Join(errs...)
}

// Kill ends it as if the process died: nothing fires any more, and what is queued is not stored. An append in flight may be. It
// waits for nothing, so it may be called from anywhere.
func (s *Solo) Kill() {
	s.reminders.stop()
	s.cancel(journal.ErrClosed)
	for _, w := range s.writers() {
		w.Stop()
	}
}

func (s *Solo) writers() []*journal.Writer {
	var out []*journal.Writer
	for _, o := range s.shards {
		o.mu.Lock()
		if o.writer != nil {
			out = append(out, o.writer)
		}
		o.mu.Unlock()
	}
	return out
}
