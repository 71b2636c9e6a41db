package cluster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// stubborn is a store whose appends don't heed the end of their context.
type stubborn struct {
	*journal.Memory
	appends int
}

// Append implements journal.Store.
func (s *stubborn) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	s.appends++
	time.Sleep(500 * time.Millisecond)
	return s.Memory.Append(context.WithoutCancel(ctx), c, id, records)
}

// one opens the shard of grain "a", and returns its ledger.
func one(t *testing.T, store journal.Store, told *int) (*Ledgers, *ledger) {
	t.Helper()
	s := NewLedgers(t.Context(), store, Config{OnLost: func(journal.Claim, error) { *told++ }})
	shard := ShardOf("checker", "a")
	claims, err := store.Claim(t.Context(), "owner", []journal.Shard{shard})
	if err = errors.Join(err, s.Open(t.Context(), claims), s.Fire(t.Context(), []journal.Shard{shard})); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s, s.open[shard]
}

func event(first uint64) journal.Record {
	return journal.Record{Grain: journal.Grain{Kind: "k", ID: "a"}, First: first, Count: 1, Data: []byte("e")}
}

// TestLateForALedger: who has found a ledger just before it was given up is refused by it, and nobody is told that it was lost.
func TestLateForALedger(t *testing.T) {
	for name, end := range map[string]func(s *Ledgers, shards []journal.Shard) error{
		"close": func(s *Ledgers, shards []journal.Shard) error { return s.Close(t.Context(), shards) },
		"drop":  func(s *Ledgers, shards []journal.Shard) error { s.Drop(shards); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			told := 0
			s, l := one(t, journal.NewMemory(uuid.New()), &told)
			if err := end(s, []journal.Shard{l.claim.Shard}); err != nil {
				t.Fatal(err)
			}
			l.append(event(1), nil, func(err error) {
				if !errors.Is(err, ErrNotOpen) {
					t.Errorf("append: %v", err)
				}
			})
			l.do(func(context.Context) { t.Error("a purge") })
			l.found(journal.ErrFenced)
			if l.writer != nil || told > 0 {
				t.Errorf("writer %v, told %d times", l.writer, told)
			}
		})
	}
}

func TestLossIsToldOnce(t *testing.T) {
	told := 0
	_, l := one(t, journal.NewMemory(uuid.New()), &told)
	l.lost(journal.ErrLost)
	l.found(journal.ErrFenced)
	if told != 1 || !errors.Is(l.failure(), journal.ErrLost) {
		t.Errorf("told %d times, failure %v", told, l.failure())
	}
}

// TestNothingIsInFlightAfterClose: whatever the store does with contexts.
func TestNothingIsInFlightAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told, reported := 0, 0
		store := &stubborn{Memory: journal.NewMemory(uuid.New())}
		s, l := one(t, store, &told)
		for first := range uint64(3) {
			l.append(event(first+1), nil, func(error) { reported++ })
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := s.Close(ctx, []journal.Shard{l.claim.Shard}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		if reported != 3 || store.appends != 1 {
			t.Errorf("%d of 3 reported when Close returned, after %d appends", reported, store.appends)
		}
	})
}

func TestCloseWaitsForWhatIsToldAndTellsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told, begun, fired := 0, 0, 0
		s, l := one(t, journal.NewMemory(uuid.New()), &told)
		s.OnReminder(func(string, string, string, time.Time, []byte) {
			begun++
			time.Sleep(time.Second)
			fired++
		})
		marks := []engine.Mark{{Name: "m", Due: time.Now()}, {Name: "n", Due: time.Now()}}
		s.Append(engine.Unit{Grain: event(1).Grain, Role: "checker", Key: "a", Marks: marks}, func(error) {})
		synctest.Wait()
		if err := s.Close(t.Context(), []journal.Shard{l.claim.Shard}); err != nil {
			t.Error(err)
		}
		if begun != 1 || fired != 1 {
			t.Errorf("%d begun and %d told when Close returned, want the one", begun, fired)
		}
	})
}
