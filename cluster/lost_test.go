package cluster_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine/journal"
)

// away makes the store answer nothing while the flag is set.
func (r *rig) away() *atomic.Bool {
	var away atomic.Bool
	r.store.Fault = func(journal.Call) error {
		if away.Load() {
			return errors.New("no answer")
		}
		return nil
	}
	return &away
}

// TestLostShardComesBackByItself: the store is away for 26 s around a due time. The reminder fires once it is back, though nobody
// replays or appends.
func TestLostShardComesBackByItself(t *testing.T) {
	bubble(t, func(r *rig) {
		away := r.away()
		r.open()
		r.must(r.append("a", 1, mark("m", r.in(time.Minute))))
		time.Sleep(50 * time.Second)
		away.Store(true)
		if err := r.append("a", 2); !errors.Is(err, journal.ErrLost) {
			r.t.Fatalf("append: %v", err)
		}
		time.Sleep(time.Until(r.in(76 * time.Second)))
		r.wantFired()
		away.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		r.mu.Lock()
		n := len(r.fired)
		r.fired = nil
		r.mu.Unlock()
		if n != 1 {
			r.t.Errorf("fired %d times within a second after the store came back, want once", n)
		}
		r.must(r.append("a", 2, unmark("m", r.in(time.Minute))))
		time.Sleep(time.Hour)
		r.wantFired()
		r.close()
	})
}

// TestTakenShardIsNotTakenBack: who lost a shard without a clear answer, and finds it claimed by another, leaves it there.
func TestTakenShardIsNotTakenBack(t *testing.T) {
	bubble(t, func(r *rig) {
		away := r.away()
		first := r.open().Solo
		r.must(r.append("a", 1))
		away.Store(true)
		if err := r.append("a", 2); !errors.Is(err, journal.ErrLost) {
			r.t.Fatalf("append: %v", err)
		}
		time.Sleep(10*time.Second + 500*time.Millisecond) // between two of its tries: at one of them it could be the first to claim
		away.Store(false)
		second := r.open().Solo
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(r.lost) != 1 {
			r.t.Errorf("lost %v, want the one shard, once", r.lost)
		}
		r.must(r.append("a", 2))
		r.Solo = first
		if err := r.append("a", 3); !errors.Is(err, journal.ErrFenced) {
			r.t.Errorf("append of the first: %v", err)
		}
		first.Kill()
		r.Solo = second
		r.close()
	})
}

// TestClaimWithoutAnAnswer: the claim that brings a shard back is stored, and its answer lost: the newer fence is no other owner's.
func TestClaimWithoutAnAnswer(t *testing.T) {
	bubble(t, func(r *rig) {
		var lose atomic.Bool
		claims := 0
		r.store.Fault = func(c journal.Call) error {
			switch {
			case c.Op == "claim" && c.Done && lose.Load():
				if claims++; claims > 2 {
					lose.Store(false)
				}
				return errors.New("answer lost")
			case c.Op == "append" && lose.Load():
				return errors.New("no answer")
			}
			return nil
		}
		r.open()
		r.must(r.append("a", 1, mark("m", r.in(time.Minute))))
		lose.Store(true)
		if err := r.append("a", 2); !errors.Is(err, journal.ErrLost) {
			r.t.Fatalf("append: %v", err)
		}
		time.Sleep(time.Until(r.in(time.Minute)))
		synctest.Wait()
		r.wantFired("k/a/m=p@60000")
		if len(r.lost) > 0 {
			r.t.Errorf("lost %v", r.lost)
		}
		r.close()
	})
}

// TestCloseEndsTheRegaining: the bubble would fail if the loop stayed.
func TestCloseEndsTheRegaining(t *testing.T) {
	bubble(t, func(r *rig) {
		away := r.away()
		r.open()
		away.Store(true)
		if err := r.append("a", 1); !errors.Is(err, journal.ErrLost) {
			r.t.Fatalf("append: %v", err)
		}
		time.Sleep(10 * time.Second)
		if err := r.Close(r.t.Context()); err != nil && !errors.Is(err, journal.ErrLost) {
			r.t.Error(err)
		}
	})
}
