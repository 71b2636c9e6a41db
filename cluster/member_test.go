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
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
)

// TestAMemberAloneStartsAtOnce: reading the view while the record is created, joining, becoming active; then two requests for the
// fences. Nothing in it waits for time to pass.
func TestAMemberAloneStartsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		began := time.Now()
		a := f.join("a")
		if took := time.Since(began); took != 6*time.Millisecond {
			t.Errorf("started after %v, want three requests of 2 ms", took)
		}
		f.until(time.Second, "it owns all", whole(a))
		if took := time.Since(began); took != 10*time.Millisecond {
			t.Errorf("owns everything after %v, want five requests of 2 ms", took)
		}
		if n, err := a.ask("g", 1); n != 1 || err != nil {
			t.Error(n, err)
		}
		began = time.Now()
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 20*time.Millisecond {
			t.Errorf("stopped after %v", took)
		}
		if s := a.Status(); s.Condition != roster.NodeLeft || len(s.Members) != 0 || a.May() {
			t.Errorf("%+v", s)
		}
		if ended := a.endings(); len(ended) > 0 {
			t.Error("told that it ended, though it was stopped:", ended)
		}
	})
}

// TestMembersOwnTheirShares: what the view says by weight is what each serves.
func TestMembersOwnTheirShares(t *testing.T) {
	for n := 1; n <= 5; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				var ships []*ship
				for i := range n {
					ships = append(ships, f.join(fmt.Sprint("n", i), func(c *cluster.MemberConfig) { c.Self.Weight = uint32(1 + 4*(i%2)) }))
				}
				f.until(time.Second, "all share", whole(ships...))
				var counts []int
				for _, s := range ships {
					status := s.Status()
					for number, sh := range status.Roles[0].Shards {
						if (sh.Owner == s.me) != (sh.Phase == roster.Owned) {
							t.Errorf("%s: shard %d is %s's and %s", s.node, number, sh.Owner, sh.Phase)
						}
					}
					counts = append(counts, s.owned())
				}
				t.Log("shares of weights 1, 5, 1, 5, 1:", counts)
				if n > 1 && counts[1] < 2*counts[0] {
					t.Error("the heavier one has too little:", counts)
				}
			})
		})
	}
}

// TestTakesOverTwoSecondsAfterTheLastRenewal: a killed member's shards are served exactly so long after its last renewal was heard, and
// the requests that it takes: the bar, the view, and for the fences reading and writing.
func TestTakesOverTwoSecondsAfterTheLastRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		a, b, c := f.trio()
		gave := uint64(cluster.Shards - a.owned()) // it was alone first
		c.die()
		f.until(3*time.Second, "two share", whole(a, b))
		synctest.Wait()
		// The judges see the renewal and the new view together, for a watch tells as late as an answer comes.
		for _, s := range []*ship{a, b} {
			if took := s.slowest(); took != 2*time.Second+4*2*time.Millisecond {
				t.Errorf("%s serves again %v after the last renewal, want 2 s and four requests of 2 ms", s.node, took)
			}
		}
		if a.Status().Counts.SelfFences+b.Status().Counts.SelfFences > 0 {
			t.Error("others were suspended")
		}
		if x, y := a.Status().Counts, b.Status().Counts; x.Evictions+y.Evictions != 1 || x.HandOffs != gave || x.Unstored != 0 {
			t.Errorf("counted %+v and %+v", x, y)
		}
	})
}

// TestTakesOverAtOnceWhereDeathIsCertain: somebody suspects, the address refuses.
func TestTakesOverAtOnceWhereDeathIsCertain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		a, b, c := f.trio()
		c.die()
		a.Suspect(c.me)
		b.Suspect(c.me)
		took := f.until(time.Second, "two share", whole(a, b))
		if took > 12*time.Millisecond {
			t.Errorf("after %v", took)
		}
		t.Log("figure: certain death, all shards served again after", took)
	})
}

// TestSeveralDieAtOnce: what is certain of each is carried out though the judges are in each other's way.
func TestSeveralDieAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		var ships []*ship
		for i := range 5 {
			ships = append(ships, f.join(fmt.Sprint("n", i)))
		}
		f.until(time.Second, "all share", whole(ships...))
		time.Sleep(3 * time.Second)
		for _, gone := range ships[2:] {
			gone.die()
		}
		for _, s := range ships[:2] {
			for _, gone := range ships[2:] {
				s.Suspect(gone.me)
			}
		}
		took := f.until(time.Second, "two share", whole(ships[:2]...))
		if took > 50*time.Millisecond {
			t.Errorf("after %v", took)
		}
		t.Log("figure: three of five certainly dead, all shards served again after", took)
	})
}

// TestSuspicionAloneEvictsNobody: the one that is suspected answers.
func TestSuspicionAloneEvictsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b, c := f.trio()
		for range 10 {
			a.Suspect(c.me)
			b.Suspect(c.me)
			a.Suspect("nobody")
			time.Sleep(300 * time.Millisecond)
		}
		if !whole(a, b, c)() || a.Status().Epoch != 6 {
			f.dump()
			t.Error("somebody was evicted")
		}
	})
}

// TestAHangingMemberSuspendsItselfFirst: cut off from the store it acts no more 1.5 s after its last renewal was sent; 0.5 s later it is
// taken over; when it comes back it has ended.
func TestAHangingMemberSuspendsItselfFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b, c := f.trio()
		cut := time.Now()
		c.client.Cut()
		time.Sleep(1500*time.Millisecond - time.Nanosecond)
		if !c.May() {
			t.Error("it may not act though its lease stands")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if c.May() || c.Standing() != roster.Suspended {
			t.Error("it may act though its lease has run out")
		}
		if got := c.standings(cut); len(got) != 1 || got[0] != "1.5s 0" {
			t.Error("standings:", got)
		}
		time.Sleep(500*time.Millisecond - time.Nanosecond)
		if whole(a, b)() {
			t.Error("taken over too early")
		}
		f.until(5*time.Millisecond, "two share", whole(a, b))
		if n, err := a.ask("g", 1); n != 1 || err != nil {
			t.Error(n, err)
		}
		time.Sleep(3 * time.Second)
		c.client.Heal()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := c.endings(); len(got) != 1 || !errors.Is(got[0], cluster.ErrEvicted) {
			t.Error("ended:", got)
		}
		if s := c.Status(); s.Condition != roster.NodeEvicted || s.Standing != roster.Ended {
			t.Errorf("%v %v", s.Condition, s.Standing)
		}
		d := f.join("c")
		f.until(time.Second, "three share", whole(a, b, d))
	})
}

// TestNobodyIsEvictedWhileTheStoreIsAway: all are suspended, and go on.
func TestNobodyIsEvictedWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b, c := f.trio()
		if _, err := a.ask("g", 1); err != nil {
			t.Fatal(err)
		}
		f.store.Away(10 * time.Second)
		time.Sleep(3 * time.Second)
		for _, s := range []*ship{a, b, c} {
			if s.May() {
				t.Error(s.node, "may act")
			}
		}
		time.Sleep(9 * time.Second)
		synctest.Wait()
		for _, s := range []*ship{a, b, c} {
			if s.Standing() == roster.Suspended || len(s.endings()) > 0 {
				t.Error(s.node, s.Standing(), s.endings())
			}
		}
		if !whole(a, b, c)() || a.Status().Epoch != 6 {
			f.dump()
			t.Error("the view has changed")
		}
		if n, err := b.ask("g", 2); n != 2 || err != nil {
			t.Error(n, err)
		}
	})
}

// TestRecordsThatAreLostComeBack: the memory of the store is gone; each creates its record again and says so in the view.
func TestRecordsThatAreLostComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		a, b, c := f.trio()
		for range 5 {
			f.store.Forget()
			time.Sleep(700 * time.Millisecond)
		}
		synctest.Wait()
		for _, s := range []*ship{a, b, c} {
			if !s.May() || len(s.endings()) > 0 {
				t.Error(s.node, s.Standing(), s.endings())
			}
		}
		if !whole(a, b, c)() {
			f.dump()
			t.Error("somebody has nothing")
		}
		c.die() // and who is silent after it is still noticed
		f.until(3*time.Second, "two share", whole(a, b))
	})
}

// TestABarIsRefusedWhereTheWatchIsLate: a member lost two renewals, and the third is kept back by the judges' watches, which have heard
// their own lately. They take it for silent; its record says that it isn't.
func TestABarIsRefusedWhereTheWatchIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		var lose atomic.Bool
		f.store.Faults = func(c objects.Call) objects.Fault {
			return objects.Fault{LoseRequest: lose.Load() && c.Op == objects.OpPutRecord && c.Client == "a/1"}
		}
		a, b, c := f.trio()
		epoch := a.Status().Epoch
		lose.Store(true)
		time.Sleep(1250 * time.Millisecond) // renewals after 0.5 s and 1 s are lost
		lose.Store(false)
		for _, s := range []*ship{a, b, c} {
			s.client.Lag(2 * time.Second)
		}
		time.Sleep(300 * time.Millisecond)
		if !a.May() {
			t.Fatal("its renewal after 1.5 s was not acknowledged")
		}
		for range 1000 {
			time.Sleep(time.Millisecond)
			if acting := acting(f, "g"); acting > 1 {
				t.Fatalf("%d members act for one grain", acting)
			}
		}
		for _, s := range []*ship{a, b, c} {
			s.client.Lag(0)
			s.client.Interrupt()
		}
		time.Sleep(time.Second)
		if !whole(a, b, c)() || a.Status().Epoch != epoch {
			f.dump()
			t.Error("a member was evicted whose lease stood")
		}
	})
}

// acting counts the members that would handle a message to a grain now.
func acting(f *fleet, grain string) (n int) {
	for _, s := range f.all {
		if s.May() && s.Locate("checker", grain).Answer == engine.Here {
			n++
		}
	}
	return n
}

// TestAMemberThatDiesYoung: its one record was told before the view named it.
func TestAMemberThatDiesYoung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		a, b := f.join("a"), f.join("b")
		time.Sleep(3 * time.Second)
		f.join("c").die()
		f.until(2*time.Second+20*time.Millisecond, "two share", whole(a, b))
	})
}

// TestANameIsFreeOnceItsOwnerWasSilent: nobody is left to evict the earlier incarnation, so the next one does, after the longest patience.
func TestANameIsFreeOnceItsOwnerWasSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		first := f.join("a")
		f.until(time.Second, "it owns all", whole(first))
		time.Sleep(3 * time.Second)
		if n, err := first.ask("g", 1); n != 1 || err != nil {
			t.Error(n, err)
		}
		second := f.build("a", nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := second.Start(ctx, second.sys); !errors.Is(err, context.DeadlineExceeded) {
			t.Error("joined beside one that lives:", err)
		}
		first.die()
		began := time.Now()
		third := f.join("a")
		if took := time.Since(began); took < 10*time.Second || took > 10*time.Second+100*time.Millisecond {
			t.Errorf("joined after %v, want 10 s of silence", took)
		}
		f.until(time.Second, "it owns all", whole(third))
		if n, err := third.ask("g", 2); n != 2 || err != nil {
			t.Error(n, err)
		}
	})
}
