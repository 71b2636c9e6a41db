package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/cluster/objects"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// brief gives a member up to 10 ms for a clear answer to an append.
func brief(c *cluster.MemberConfig) {
	c.Writer = journal.WriterOptions{AttemptFor: 5 * time.Millisecond, UnclearFor: 10 * time.Millisecond}
}

// away makes the journal answer nothing while the flag is set.
func (f *fleet) away() *atomic.Bool {
	var away atomic.Bool
	f.journal.Fault = func(journal.Call) error {
		if away.Load() {
			return errors.New("no answer")
		}
		return nil
	}
	return &away
}

// lose has a live grain's shard lost: the journal, which answers nothing, is asked to store.
func (s *ship) lose(grain string) {
	s.f.t.Helper()
	before := s.Status().Counts.Lost
	if _, err := engine.AskTimeout[int, any](tallies.Ref(s.sys, grain), Tick{99}, time.Second); err == nil {
		s.f.t.Fatalf("grain %s: stored by a journal that is away", grain)
	}
	if s.Status().Counts.Lost == before {
		s.f.t.Fatalf("grain %s: its shard is not lost", grain)
	}
}

// begin has a grain count to 1.
func (s *ship) begin(grain string) {
	s.f.t.Helper()
	if n, err := s.ask(grain, 1); n != 1 || err != nil {
		s.f.t.Fatalf("grain %s: %d, %v", grain, n, err)
	}
}

func (f *fleet) rings() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rung
}

// TestLostShardComesBackByItself: the journal is away for 26 s around a due time. The reminder fires once it is back, though nobody asks
// for its grain: the member claims the shard at once, and tries to read its reminders every second.
func TestLostShardComesBackByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		away := f.away()
		a := f.join("a", brief)
		f.until(time.Second, "it owns all", whole(a))
		a.begin("g")
		away.Store(true)
		a.lose("g")
		time.Sleep(26 * time.Second)
		synctest.Wait()
		if n := f.rings(); n != 0 {
			t.Fatalf("told %d times by a journal that is away", n)
		}
		away.Store(false)
		f.until(time.Second, "the reminder fires", func() bool { return f.rings() == 1 })
		time.Sleep(time.Hour)
		if n := f.rings(); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
		if n, err := a.ask("g", 2); n != 2 || err != nil {
			t.Error(n, err)
		}
	})
}

// grainsOfOwnShards are n grains, each in another shard.
func grainsOfOwnShards(n int) (grains []string) {
	seen := map[journal.Shard]bool{}
	for i := 0; len(grains) < n; i++ {
		id := fmt.Sprint("g", i)
		if s := cluster.ShardOf("checker", id); !seen[s] {
			seen[s] = true
			grains = append(grains, id)
		}
	}
	return grains
}

// TestTakenShardIsNotTakenBack: who lost shards without a clear answer, and finds them another's by the view, leaves them there.
func TestTakenShardIsNotTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		away := f.away()
		a := f.join("a", brief)
		f.until(time.Second, "it owns all", whole(a))
		grains := grainsOfOwnShards(10)
		for _, id := range grains {
			a.begin(id)
		}
		away.Store(true)
		for _, id := range grains {
			a.lose(id)
		}
		b := f.join("b", brief)
		time.Sleep(time.Second)
		away.Store(false)
		f.until(6*time.Second, "two share", whole(a, b))
		before := a.Status().Counts.Lost
		time.Sleep(10 * time.Second)
		theirs := 0
		for _, id := range grains {
			if b.Locate("checker", id).Answer == engine.Here {
				theirs++
			}
			if n, err := a.ask(id, 1); n != 1 || err != nil {
				t.Errorf("grain %s: %d, %v", id, n, err)
			}
		}
		if a, b := a.Status().Counts.Lost, b.Status().Counts.Lost; theirs == 0 || a != before || b != 0 {
			t.Errorf("%d of 10 grains went to b, which lost %d shards, and a %d after it", theirs, b, a-before)
		}
	})
}

// TestClaimWithoutAnAnswer: the claim that brings a shard back is stored, and its answer lost: the newer fence is no other owner's.
func TestClaimWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		var lose atomic.Int64
		f.store.Request = 200 * time.Millisecond
		f.store.Faults = func(c objects.Call) objects.Fault {
			return objects.Fault{
				Request: time.Millisecond, Answer: time.Millisecond,
				LoseAnswer: c.Op == objects.OpPutFences && lose.Load() > 0 && lose.Add(-1) >= 0,
			}
		}
		away := f.away()
		a := f.join("a", brief)
		f.until(time.Second, "it owns all", whole(a))
		a.begin("g")
		lose.Store(2)
		away.Store(true)
		a.lose("g")
		away.Store(false)
		f.until(time.Second, "it owns all again", whole(a))
		if n, err := a.ask("g", 2); n != 2 || err != nil {
			t.Error(n, err)
		}
		if lost := a.Status().Counts.Lost; lost != 1 || lose.Load() > 0 {
			t.Errorf("%d shards were lost, want one; %d answers to claims were not lost", lost, lose.Load())
		}
	})
}

// TestStopEndsTheClaiming: the store takes no claims. The bubble would fail if something stayed.
func TestStopEndsTheClaiming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		var busy atomic.Bool
		f.store.Faults = func(c objects.Call) objects.Fault {
			return objects.Fault{Request: time.Millisecond, Answer: time.Millisecond, Busy: busy.Load() && c.Op == objects.OpPutFences}
		}
		away := f.away()
		a := f.join("a", brief)
		f.until(time.Second, "it owns all", whole(a))
		a.begin("g")
		busy.Store(true)
		away.Store(true)
		a.lose("g")
		time.Sleep(10 * time.Second)
		if n := a.owned(); n != cluster.Shards-1 {
			t.Errorf("%d shards are served, want all but the one that was lost", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stopped without the store's word: %v", err)
		}
	})
}
