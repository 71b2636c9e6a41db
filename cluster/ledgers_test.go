package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// seat is one member's Ledgers on a store that others share.
type seat struct {
	t     *testing.T
	store *journal.Memory
	*cluster.Ledgers

	mu    sync.Mutex
	fired []string // id@milliseconds after the bubble began; guarded by mu
	lost  []error  // guarded by mu
}

func newSeat(t *testing.T, store *journal.Memory) *seat {
	t.Helper()
	s, began := &seat{t: t, store: store}, time.Now()
	s.Ledgers = cluster.NewLedgers(t.Context(), store, cluster.Config{
		Writer: journal.WriterOptions{UnclearFor: time.Second},
		OnLost: func(_ journal.Claim, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lost = append(s.lost, err)
		},
	})
	s.OnReminder(func(_, id, _ string, _ time.Time, _ []byte) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fired = append(s.fired, fmt.Sprintf("%s@%d", id, time.Since(began).Milliseconds()))
	})
	return s
}

func (s *seat) claim(shards ...journal.Shard) []journal.Claim {
	s.t.Helper()
	claims, err := s.store.Claim(s.t.Context(), "owner", shards)
	s.must(err)
	return claims
}

func (s *seat) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// take claims, opens and fires.
func (s *seat) take(shards ...journal.Shard) {
	s.t.Helper()
	s.must(s.Open(s.t.Context(), s.claim(shards...)))
	s.must(s.Fire(s.t.Context(), shards))
}

// queue begins an append, and returns where its outcome comes.
func (s *seat) queue(id string, first uint64, marks ...engine.Mark) chan error {
	result := make(chan error, 2) // a second outcome would be seen
	u := unit(id, first, 1, marks...)
	u.Data = fmt.Append(nil, "e", first)
	s.Append(u, func(err error) { result <- err })
	return result
}

func (s *seat) add(id string, first uint64, marks ...engine.Mark) error {
	return <-s.queue(id, first, marks...)
}

func (s *seat) events(id string) (n int, err error) {
	for r, err := range s.Replay(s.t.Context(), "checker", id, journal.Grain{Kind: "k", ID: id}) {
		if err != nil {
			return n, err
		}
		n += int(r.Count)
	}
	return n, nil
}

func (s *seat) wantFired(want ...string) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.fired, want) {
		s.t.Errorf("fired %q, want %q", s.fired, want)
	}
	s.fired = nil
}

func (s *seat) wantLost(want ...error) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.EqualFunc(s.lost, want, errors.Is) {
		s.t.Errorf("lost %v, want %v", s.lost, want)
	}
	s.lost = nil
}

func ofA() journal.Shard { return cluster.ShardOf("checker", "a") }

// seats runs a test with two members on one store, and ends them.
func seats(t *testing.T, f func(t *testing.T, a, b *seat)) {
	synctest.Test(t, func(t *testing.T) {
		store := journal.NewMemory(uuid.New())
		a, b := newSeat(t, store), newSeat(t, store)
		f(t, a, b)
		a.must(a.Stop(t.Context()))
		b.Kill()
	})
}

func TestHandOver(t *testing.T) {
	seats(t, func(t *testing.T, a, b *seat) {
		a.take(ofA())
		start := time.Now()
		a.must(a.add("a", 1, mark("m", start.Add(time.Minute))))
		a.must(a.Close(t.Context(), []journal.Shard{ofA()}))
		if err := a.add("a", 2); !errors.Is(err, cluster.ErrNotOpen) || !errors.Is(err, journal.ErrFenced) {
			t.Errorf("append to a closed shard: %v", err)
		}
		if _, err := a.events("a"); !errors.Is(err, cluster.ErrNotOpen) {
			t.Errorf("replay of a closed shard: %v", err)
		}
		b.take(ofA())
		if n, err := b.events("a"); n != 1 || err != nil {
			t.Errorf("%d events, %v", n, err)
		}
		b.must(b.add("a", 2))
		time.Sleep(91 * time.Second)
		a.wantFired()
		b.wantFired("a@60000", "a@90000")
		b.must(b.Close(t.Context(), []journal.Shard{ofA()}))
		a.take(ofA()) // overdue
		a.wantFired("a@91000")
		a.wantLost()
		b.wantLost()
	})
}

func TestOpenFiresNothingYet(t *testing.T) {
	seats(t, func(t *testing.T, a, _ *seat) {
		a.take(ofA())
		a.must(a.add("a", 1, mark("m", time.Now().Add(time.Second))))
		a.must(a.Open(t.Context(), a.claim(ofA()))) // anew, over the old claim
		time.Sleep(time.Minute)
		a.wantFired()
		a.must(a.Fire(t.Context(), []journal.Shard{ofA()}))
		a.wantFired("a@60000")
	})
}

func TestCloseStoresWhatIsQueued(t *testing.T) {
	seats(t, func(t *testing.T, a, _ *seat) {
		a.store.Latency = 100 * time.Millisecond
		a.take(ofA())
		first, second := a.queue("a", 1), a.queue("a", 2)
		a.must(a.Close(t.Context(), []journal.Shard{ofA()}))
		for _, result := range []chan error{first, second} {
			select {
			case err := <-result:
				a.must(err)
			default:
				t.Error("not reported when Close returned")
			}
		}
	})
}

func TestCloseInTooLittleTime(t *testing.T) {
	seats(t, func(t *testing.T, a, _ *seat) {
		a.store.Latency = 100 * time.Millisecond
		a.take(ofA())
		first := a.queue("a", 1)
		synctest.Wait()
		second := a.queue("a", 2)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := a.Close(ctx, []journal.Shard{ofA()}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		if err := <-first; !errors.Is(err, journal.ErrLost) {
			t.Errorf("in flight: %v", err)
		}
		if err := <-second; err == nil || errors.Is(err, journal.ErrClosed) && !errors.Is(err, journal.ErrLost) {
			t.Errorf("queued: %v", err)
		}
		a.wantLost()
	})
}

func TestDropWaitsForNothing(t *testing.T) {
	seats(t, func(t *testing.T, a, _ *seat) {
		a.take(ofA())
		a.must(a.add("a", 1, mark("m", time.Now().Add(time.Second))))
		a.store.Latency = time.Hour
		inFlight := a.queue("a", 2)
		before := time.Now()
		a.Drop([]journal.Shard{ofA()})
		if time.Since(before) > 0 {
			t.Error("Drop took time")
		}
		if err := <-inFlight; err == nil {
			t.Error("stored")
		}
		time.Sleep(time.Hour)
		a.wantFired()
		a.store.Latency = 0
		a.take(ofA())
		a.wantFired("a@3600000")
		a.wantLost()
	})
}

func TestSuspendHoldsStill(t *testing.T) {
	seats(t, func(t *testing.T, a, _ *seat) {
		a.take(ofA())
		a.must(a.add("a", 1, mark("m", time.Now().Add(time.Second))))
		a.Suspend()
		a.Suspend()
		waits := a.queue("a", 2)
		time.Sleep(20 * time.Second)
		a.wantFired()
		if n, err := a.events("a"); n != 1 || err != nil {
			t.Errorf("%d events, %v", n, err)
		}
		a.Resume()
		a.wantFired("a@20000")
		a.must(<-waits)

		a.Suspend()
		refused, began := a.queue("a", 3), time.Now()
		if err := <-refused; !errors.Is(err, journal.ErrBusy) || time.Since(began) < 30*time.Second || time.Since(began) > 35*time.Second {
			t.Errorf("refused after %v: %v", time.Since(began), err)
		}
		a.Resume()
		a.must(a.add("a", 3))
		a.wantLost()
	})
}

func TestSuspendedShardsAreClosedAndOpened(t *testing.T) {
	seats(t, func(t *testing.T, a, b *seat) {
		a.take(ofA())
		a.must(a.add("a", 1, mark("m", time.Now())))
		a.wantFired("a@0")
		a.Suspend()
		waits := a.queue("a", 2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.Close(ctx, []journal.Shard{ofA()}); err == nil {
			t.Error("closed, with a unit that could not be stored")
		}
		if err := <-waits; !errors.Is(err, cluster.ErrNotOpen) || errors.Is(err, journal.ErrLost) {
			t.Errorf("queued: %v", err)
		}
		a.take(ofA())
		time.Sleep(time.Minute)
		a.wantFired()
		a.Resume()
		a.wantFired("a@61000")
	})
}

func TestClaimIsOpenedOnce(t *testing.T) {
	seats(t, func(t *testing.T, a, _ *seat) {
		old := a.claim(ofA())
		claims := a.claim(ofA())
		a.must(a.Open(t.Context(), claims))
		other := a.claim(cluster.ShardOf("checker", "b"))
		for _, c := range [][]journal.Claim{claims, old, append(other, old...)} {
			if err := a.Open(t.Context(), c); !errors.Is(err, cluster.ErrOldClaim) {
				t.Errorf("opened %v again: %v", c, err)
			}
		}
		a.must(a.add("a", 1))
		if err := a.add("b", 1); !errors.Is(err, cluster.ErrNotOpen) {
			t.Errorf("append to a shard that came with an old claim: %v", err)
		}
		a.must(a.Close(t.Context(), []journal.Shard{ofA()}))
		if err := a.Open(t.Context(), claims); !errors.Is(err, cluster.ErrOldClaim) {
			t.Errorf("opened again after the close: %v", err)
		}
		a.must(a.Open(t.Context(), other))
	})
}

func TestOwnerIsTold(t *testing.T) {
	seats(t, func(t *testing.T, a, b *seat) {
		a.take(ofA())
		due := time.Now().Add(5 * time.Hour) // far
		a.must(a.add("a", 1, mark("m", due)))
		b.take(ofA())
		time.Sleep(5 * time.Hour) // who reads the hour finds the fence
		a.wantLost(journal.ErrFenced)
		if err := a.add("a", 2); !errors.Is(err, journal.ErrFenced) {
			t.Errorf("append: %v", err)
		}
		a.wantFired()
		b.wantFired("a@18000000")
		a.wantLost()

		var away atomic.Bool
		b.store.Fault = func(journal.Call) error {
			if away.Load() {
				return errors.New("no answer")
			}
			return nil
		}
		away.Store(true)
		if err := b.add("a", 2); !errors.Is(err, journal.ErrLost) {
			t.Errorf("append: %v", err)
		}
		b.wantLost(journal.ErrLost)
		if _, err := b.events("a"); !errors.Is(err, journal.ErrLost) {
			t.Errorf("replay: %v", err)
		}
		away.Store(false)
		b.Drop([]journal.Shard{ofA()})
		b.take(ofA())
		if n, err := b.events("a"); n != 1 || err != nil {
			t.Errorf("%d events, %v", n, err)
		}
		b.must(b.add("a", 2))
		b.wantLost()
	})
}

func TestStoppedForGood(t *testing.T) {
	seats(t, func(t *testing.T, a, _ *seat) {
		claims := a.claim(ofA())
		a.must(a.Stop(t.Context()))
		if err := a.Open(t.Context(), claims); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("open: %v", err)
		}
		if err := a.add("a", 1); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("append: %v", err)
		}
	})
}
