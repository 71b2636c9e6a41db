package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

var (
	// ErrNotOpen: the shard is not open in this process. It is a journal.ErrFenced: nothing was stored, and the grain is another's.
	ErrNotOpen = fmt.Errorf("cluster: the shard is not open in this process: %w", journal.ErrFenced)
	// ErrOldTenure: the grain was replayed under an earlier claim of the shard, and others may have appended since. It is a
	// journal.ErrFenced: nothing was stored, and the activation ends.
	ErrOldTenure = fmt.Errorf("cluster: the grain was replayed under an earlier claim of its shard: %w", journal.ErrFenced)
	// ErrOldClaim: the shard was opened under this claim before, or under a later one. Numbers and batches would repeat.
	ErrOldClaim = errors.New("cluster: a claim is opened once: claim the shard anew")
)

// Config describes [Ledgers]. The zero value is useful.
type Config struct {
	Log    *slog.Logger          // nil discards
	Writer journal.WriterOptions // unless set, 32 batches of 1 MiB at once; OnLost is ours

	// Wall is the wall's clock, by which reminders fire; nil: this machine's. It may be set while all else goes on.
	Wall func() time.Time

	// OnLost tells, once for each claim, that another has claimed the shard (journal.ErrFenced), or that the store gave no clear
	// answer (journal.ErrLost). The shard then fires nothing and appends nothing until it is opened under a new claim. It runs
	// before the appends that fail by it are reported, and waits for nothing: it may call Drop, but not Close. After Drop it isn't
	// called any more.
	OnLost func(c journal.Claim, err error)
}

// Together these bound the memory of what is being stored.
const (
	batchBytes    = 1 << 20
	batchesAtOnce = 32
)

// readsAtOnce bounds the buckets of the timetables, and the payloads of reminders, that are read at once.
const readsAtOnce = 16

func (c Config) withDefaults() Config {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Wall == nil {
		c.Wall = time.Now
	}
	c.Writer.BatchBytes = cmp.Or(c.Writer.BatchBytes, batchBytes)
	if c.Writer.Slots == nil {
		c.Writer.Slots = journal.NewSlots(batchesAtOnce)
	}
	if c.OnLost == nil {
		c.OnLost = func(journal.Claim, error) {}
	}
	return c
}

// Ledgers is the shards that this process owns at present: an append queue and a timetable for each. It implements engine.Journal and
// is safe for concurrent use.
type Ledgers struct {
	store   *gate
	cfg     Config
	ctx     context.Context // ends with Stop or Kill
	cancel  context.CancelCauseFunc
	fire    func(kind, id, name string, due time.Time, payload []byte)
	reading chan struct{} // a place for each bucket or payload that is being read

	mu     sync.RWMutex              // guards what follows
	open   map[journal.Shard]*ledger // closing and lost ones too
	fences map[journal.Shard]journal.Fence
	ended  bool
}

var _ engine.Tenured = (*Ledgers)(nil)

// NewLedgers has no shard open yet. It ends with Stop or Kill, whatever becomes of ctx.
func NewLedgers(ctx context.Context, store journal.Store, cfg Config) *Ledgers {
	s := &Ledgers{
		store: &gate{Store: store}, cfg: cfg.withDefaults(), reading: make(chan struct{}, readsAtOnce),
		fire: func(string, string, string, time.Time, []byte) {},
		open: map[journal.Shard]*ledger{}, fences: map[journal.Shard]journal.Fence{},
	}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return s
}

// place waits for a place to read the timetable, until ctx ends; leave gives it back.
func (s *Ledgers) place(ctx context.Context) error {
	select {
	case s.reading <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Ledgers) leave() { <-s.reading }

// now is the wall's clock, in ns since 1970.
func (s *Ledgers) now() int64 { return s.cfg.Wall().UnixNano() }

// Open begins to own shards that the caller has claimed: all of them, or none and an error. Their appends and replays work when it
// returns; their reminders fire from Fire on. A shard that is still open under an older claim is dropped.
func (s *Ledgers) Open(ctx context.Context, claims []journal.Claim) error {
	hours, err := s.hours(ctx, claims)
	if err != nil {
		return err
	}
	opened := make([]*ledger, len(claims))
	for i, c := range claims {
		opened[i] = newLedger(s, c, hours[c.Shard])
	}
	gone, err := s.install(opened)
	dropAll(gone, ErrNotOpen)
	return err
}

// install puts ledgers in their places, all or none, and returns what has no place any more.
func (s *Ledgers) install(ledgers []*ledger) (gone []*ledger, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return ledgers, journal.ErrClosed
	}
	for _, l := range ledgers {
		if c := l.claim; c.Fence <= s.fences[c.Shard] {
			return ledgers, fmt.Errorf("%w: role %s, shard %d, fence %d", ErrOldClaim, c.Shard.Role, c.Shard.Number, c.Fence)
		}
	}
	for _, l := range ledgers {
		shard := l.claim.Shard
		if old := s.open[shard]; old != nil {
			gone = append(gone, old)
		}
		s.open[shard], s.fences[shard] = l, l.claim.Fence
	}
	return gone, nil
}

// hours finds the hours that have reminders in the shards, and in others of their roles.
func (s *Ledgers) hours(ctx context.Context, claims []journal.Claim) (map[journal.Shard][]int64, error) {
	hours, listed := map[journal.Shard][]int64{}, map[string]bool{}
	for _, c := range claims {
		role := c.Shard.Role
		if listed[role] {
			continue
		}
		listed[role] = true
		if err := s.list(ctx, role, hours); err != nil {
			return nil, err
		}
	}
	return hours, nil
}

func (s *Ledgers) list(ctx context.Context, role string, into map[journal.Shard][]int64) error {
	for id, err := range s.store.Grains(ctx, role, timetableKind) {
		if err != nil {
			return fmt.Errorf("cluster: list the timetable of %s: %w", role, err)
		}
		number, hour, err := parseBucketID(id)
		if err != nil {
			return fmt.Errorf("%w: %q", err, id)
		}
		shard := journal.Shard{Role: role, Number: number}
		into[shard] = append(into[shard], hour)
	}
	return nil
}

// Fire begins to fire the reminders of open shards: overdue ones at once. The kinds that they wake are served by then, and the
// directory says that they are here. It returns when the near hours were read, or ctx has ended; what could not be read is tried again
// every second, whatever the caller makes of the error.
func (s *Ledgers) Fire(ctx context.Context, shards []journal.Shard) error {
	ledgers := s.some(shards)
	read := make(chan error, len(ledgers))
	for _, l := range ledgers {
		l.reminders.start(func(err error) { read <- err })
	}
	var errs []error
	for range ledgers {
		select {
		case err := <-read:
			errs = append(errs, err)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return errors.Join(errs...)
}

// Unread counts the open shards some of whose near reminders couldn't be read yet: they come late.
func (s *Ledgers) Unread() (n int) {
	for _, l := range s.all() {
		if l.reminders.late() {
			n++
		}
	}
	return n
}

// Close gives shards up: nothing of them fires any more, what is queued is stored, and later appends and replays fail with ErrNotOpen.
// When it returns nothing of them is in flight, so the fence may be released. What is queued yet when ctx ends is refused with
// ErrNotOpen, or with journal.ErrLost where it may be stored; an error says that there was such a thing. A callback must not wait for it.
func (s *Ledgers) Close(ctx context.Context, shards []journal.Shard) error {
	return s.close(ctx, s.some(shards), ErrNotOpen)
}

func (s *Ledgers) close(ctx context.Context, ledgers []*ledger, as error) error {
	for _, l := range ledgers {
		l.refuse(as)
	}
	var wg sync.WaitGroup
	errs := make([]error, len(ledgers))
	for i, l := range ledgers {
		wg.Go(func() { errs[i] = l.close(ctx, as) })
	}
	wg.Wait()
	s.forget(ledgers)
	return errors.Join(errs...)
}

// Drop is Close without waiting, for shards that are another's already: what is queued is refused, and what is in flight may still be
// stored if the fence stands. At most one reminder of each shard is just being told.
func (s *Ledgers) Drop(shards []journal.Shard) {
	ledgers := s.some(shards)
	s.forget(ledgers)
	dropAll(ledgers, ErrNotOpen)
}

func dropAll(ledgers []*ledger, as error) {
	for _, l := range ledgers {
		l.drop(as)
	}
}

// Suspend holds every shard still until Resume: no append starts, and no reminder fires but one of each shard that is just being told.
// What is queued waits; after WriterOptions.BusyFor it fails with journal.ErrBusy, or, where an attempt had no clear answer before,
// after UnclearFor with journal.ErrLost. Replays go on.
func (s *Ledgers) Suspend() { s.store.close() }

// Resume ends Suspend. Overdue reminders fire at once.
func (s *Ledgers) Resume() {
	s.store.open()
	for _, l := range s.all() {
		l.reminders.resume()
	}
}

// Stop closes every shard, and is the end: later calls fail with journal.ErrClosed.
func (s *Ledgers) Stop(ctx context.Context) error {
	err := s.close(ctx, s.end(), journal.ErrClosed)
	s.cancel(journal.ErrClosed)
	return err
}

// Kill ends it as if the process died: nothing fires any more, and what is queued is not stored. An append in flight may be. It
// waits for nothing, so it may be called from anywhere.
func (s *Ledgers) Kill() {
	ledgers := s.end()
	s.cancel(journal.ErrClosed)
	dropAll(ledgers, journal.ErrClosed)
	s.forget(ledgers)
}

// end lets no shard open any more, and returns those that are.
func (s *Ledgers) end() []*ledger {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	return s.all()
}

// find returns the ledger of a shard, whatever its state.
func (s *Ledgers) find(shard journal.Shard) (*ledger, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if l := s.open[shard]; l != nil {
		return l, nil
	}
	if s.ended {
		return nil, journal.ErrClosed
	}
	return nil, fmt.Errorf("%w: role %s, shard %d", ErrNotOpen, shard.Role, shard.Number)
}

// some returns the ledgers of those shards that have one.
func (s *Ledgers) some(shards []journal.Shard) []*ledger {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*ledger, 0, len(shards))
	for _, shard := range shards {
		if l := s.open[shard]; l != nil {
			out = append(out, l)
		}
	}
	return out
}

func (s *Ledgers) all() []*ledger {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*ledger, 0, len(s.open))
	for _, l := range s.open {
		out = append(out, l)
	}
	return out
}

// forget removes ledgers, unless others have their places by now.
func (s *Ledgers) forget(ledgers []*ledger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range ledgers {
		if shard := l.claim.Shard; s.open[shard] == l {
			delete(s.open, shard)
		}
	}
}
