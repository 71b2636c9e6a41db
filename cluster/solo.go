package cluster

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// SoloConfig describes a [Solo]. Roles are needed.
type SoloConfig struct {
	Roles    []string
	Log      *slog.Logger              // nil discards
	Writer   journal.WriterOptions     // as in Config
	OnFenced func(shard journal.Shard) // another process took a shard; nil: only logged
}

// Solo owns all shards of its roles: [Ledgers] that are all opened at the start, and opened anew after an unclear answer. It implements
// engine.Journal and is safe for concurrent use.
type Solo struct {
	store   journal.Store
	cfg     SoloConfig
	owner   string // names this start of the process in the fences
	ledgers *Ledgers
	started atomic.Bool

	regaining sync.Mutex             // held while shards are claimed again
	unsure    map[journal.Shard]bool // a claim of ours got no clear answer, so a newer fence may be our own; guarded by regaining

	work    sync.WaitGroup
	mu      sync.Mutex // guards what follows
	looping bool       // regainAll is running, or about to
	ended   bool
}

var _ engine.Journal = (*Solo)(nil)

// OpenSolo claims every shard of the roles in one atomic batch, and opens them. Reminders fire from Start on.
func OpenSolo(ctx context.Context, store journal.Store, cfg SoloConfig) (*Solo, error) {
	s := &Solo{store: store, cfg: cfg, owner: ulid.Make().String(), unsure: map[journal.Shard]bool{}}
	s.ledgers = NewLedgers(ctx, store, Config{Log: cfg.Log, Writer: cfg.Writer, OnLost: s.lost})
	claims, err := store.Claim(ctx, s.owner, s.shards())
	if err != nil {
		return nil, fmt.Errorf("cluster: claim the shards of %v: %w", cfg.Roles, err)
	}
	if err := s.ledgers.Open(ctx, claims); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Solo) shards() []journal.Shard {
	var shards []journal.Shard
	for _, role := range s.cfg.Roles {
		for n := range Shards {
			shards = append(shards, journal.Shard{Role: role, Number: n})
		}
	}
	return shards
}

// Start reads the near hours of the timetable and begins to fire: overdue reminders at once. The kinds that they wake are served
// by then.
func (s *Solo) Start(ctx context.Context) error {
	s.started.Store(true)
	return s.ledgers.Fire(ctx, s.shards())
}

// OnReminder implements engine.Journal.
func (s *Solo) OnReminder(fire func(kind, id, name string, due time.Time, payload []byte)) {
	s.ledgers.OnReminder(fire)
}

// Append implements engine.Journal.
func (s *Solo) Append(u engine.Unit, done func(error)) { s.ledgers.Append(u, done) }

// Snapshot implements engine.Journal.
func (s *Solo) Snapshot(role, key string, g journal.Grain, after uint64, data []byte, done func(error)) {
	s.ledgers.Snapshot(role, key, g, after, data, done)
}

// Replay implements engine.Journal. Where the store's last answer was unclear it claims the shard again first.
func (s *Solo) Replay(ctx context.Context, role, key string, g journal.Grain) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		if err := s.hold(ctx, ShardOf(role, key)); err != nil {
			yield(journal.Record{}, err)
			return
		}
		s.ledgers.Replay(ctx, role, key, g)(yield)
	}
}

func (s *Solo) hold(ctx context.Context, shard journal.Shard) error {
	if !s.ledgers.isUnclear(shard) {
		return nil
	}
	err := s.regain(ctx)
	if err != nil && s.ledgers.isUnclear(shard) {
		return err
	}
	return nil
}

// Close stops firing and stores what is queued. Later appends fail with journal.ErrClosed.
func (s *Solo) Close(ctx context.Context) error {
	s.end()
	err := s.ledgers.Stop(ctx)
	s.work.Wait()
	return err
}

// Kill ends it as Ledgers.Kill does.
func (s *Solo) Kill() {
	s.end()
	s.ledgers.Kill()
}

func (s *Solo) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}
