package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// TestARoleThatNobodyCarries is said to be nowhere, until somebody comes.
func TestARoleThatNobodyCarries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a := f.join("a", func(c *cluster.MemberConfig) { c.Self.Roles = []string{"composer"} })
		if p := a.Locate("checker", "g"); p.Answer != engine.Nowhere {
			t.Error(p)
		}
		if _, err := a.ask("g", 1); err == nil {
			t.Error("answered by nobody")
		}
		b := f.join("b")
		f.until(time.Second, "b has all", func() bool { return b.owned() == cluster.Shards })
		f.until(time.Second, "a knows", func() bool { return a.Locate("checker", "g") == engine.Place{Answer: engine.Elsewhere, Member: b.me} })
		if n, err := a.ask("g", 1); n != 1 || err != nil {
			t.Error(n, err)
		}
	})
}

// TestANodesNextStart replaces the one before where it is known to be dead, and else waits for its eviction and says so.
func TestANodesNextStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b, c := f.trio()
		c.die()
		began := time.Now()
		c = f.join("c", func(m *cluster.MemberConfig) { m.Predecessor = func(string) bool { return true } })
		f.until(time.Second, "three share", whole(a, b, c))
		if took := time.Since(began); took > 10*time.Millisecond {
			t.Error("the known predecessor delayed its successor by", took)
		}
		time.Sleep(3 * time.Second)
		c.die()
		next := f.build("c", nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := next.Start(ctx, next.sys); err == nil || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another incarnation") {
			t.Error("started:", err)
		}
		c = f.join("c")
		f.until(time.Second, "three share", whole(a, b, c))
		if took := time.Since(began); took < 4500*time.Millisecond { // its last renewal was up to 500 ms before it died
			t.Error("it didn't wait")
		}
	})
}

// TestStopLeavesNothingBehind: every goroutine of a member ends with Stop, also where the store is away; the bubble finds those that
// don't.
func TestStopLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b, c := f.trio()
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		f.store.Away(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := b.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error("stopped:", err)
		}
		c.Kill()
		if c.May() {
			t.Error("it may act after Kill")
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestDrainUnderQuestions: grains count while a member leaves, or comes; no question fails, and what it had is served elsewhere within milliseconds.
func TestDrainUnderQuestions(t *testing.T) {
	for _, how := range []string{"stop", "stop, and replays are slow", "by another's word", "a node joins"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				bound := 50 * time.Millisecond
				if how == "stop, and replays are slow" { // answers come through the member that leaves, long after the others know of it
					const slow = 60 * time.Millisecond
					bound += slow
					f.journal.Fault = func(c journal.Call) error {
						if c.Op == "replay" && !c.Done {
							time.Sleep(slow)
						}
						return nil
					}
				}
				f.paced()
				f.net.SetLatency(5*time.Millisecond, time.Millisecond) // slower than the store: leaving must wait for what is on its way
				a, b, c := f.trio()
				ctx, done := context.WithCancel(t.Context())
				var asking sync.WaitGroup
				asked, slowest := 0, time.Duration(0)
				var mu sync.Mutex
				for g := range 40 {
					asking.Go(func() {
						for i := 1; ctx.Err() == nil; i++ {
							began := time.Now()
							n, err := []*ship{a, b}[g%2].ask(fmt.Sprint("g", g), i)
							if err != nil || n != i {
								t.Errorf("grain %d: %d, %v: want %d", g, n, err, i)
								return
							}
							mu.Lock()
							asked++
							slowest = max(slowest, time.Since(began))
							mu.Unlock()
							time.Sleep(time.Millisecond + time.Duration(g)*10*time.Microsecond)
						}
					})
				}
				time.Sleep(100 * time.Millisecond)
				mu.Lock()
				before := asked
				mu.Unlock()
				began := time.Now()
				after := []*ship{a, b}
				if how == "a node joins" {
					after = append(after, c, f.join("d"))
				} else if strings.HasPrefix(how, "stop") {
					if err := c.Stop(t.Context()); err != nil {
						t.Error(err)
					}
				} else if err := a.Drain(t.Context(), "c"); err != nil {
					t.Error(err)
				}
				f.until(time.Second, "the rest share", whole(after...))
				took := time.Since(began)
				time.Sleep(100 * time.Millisecond)
				done()
				asking.Wait()
				if asked == before {
					t.Error("nobody asked anything meanwhile")
				}
				t.Logf("figure: planned hand-off of a third of the shards in %v, the slowest of %d questions took %v", took, asked, slowest)
				if took > bound {
					t.Errorf("the hand-off took %v: somebody waited for time to pass", took)
				}
				ended := c.endings()
				if how != "by another's word" && len(ended) > 0 || how == "by another's word" && (len(ended) != 1 || !errors.Is(ended[0], cluster.ErrDrained)) {
					t.Error("ended:", ended)
				}
			})
		})
	}
}

// TestWhoLeavesPassesAnswersOn: questions that wait in mailboxes when a member leaves are sent on, and answered through it, though the new
// owner takes its time: it stays a member until then.
func TestWhoLeavesPassesAnswersOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		var slow atomic.Bool
		f.journal.Fault = func(c journal.Call) error {
			if c.Op == "replay" && !c.Done && slow.Load() {
				time.Sleep(200 * time.Millisecond)
			}
			return nil
		}
		a, _, c := f.trio()
		const grains, questions = 40, 20
		for g := range grains { // all are in memory
			if _, err := a.ask(fmt.Sprint("g", g), 0); err != nil {
				t.Fatal(err)
			}
		}
		slow.Store(true)
		var asking sync.WaitGroup
		for n := range grains * questions {
			asking.Go(func() {
				if _, err := a.ask(fmt.Sprint("g", n%grains), 1+n/grains); err != nil {
					t.Errorf("grain %d, question %d: %v", n%grains, n/grains, err)
				}
			})
		}
		time.Sleep(3 * time.Millisecond) // one append of each is under way
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		asking.Wait()
	})
}

// TestAStartThatFailsLeavesNothing: the name of the member's own actor is taken. Stop has nothing to wait for, and another Start works.
func TestAStartThatFailsLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		s := f.build("a", nil)
		thief, err := engine.Spawn(s.sys, "cluster.member", func() engine.Actor[int] { return nobody{} })
		if err != nil {
			t.Fatal(err)
		}
		var taken *engine.TakenError
		if err := s.Start(t.Context(), s.sys); !errors.As(err, &taken) {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
		<-thief.Stop()
		if err := s.Start(t.Context(), s.sys); err != nil {
			t.Error(err)
		}
	})
}

type nobody struct{}

// Handle implements engine.Actor.
func (nobody) Handle(*engine.Context[int], int) {}

// TestStatusTellsOfRemindersThatCouldNotBeRead: their shards are served, and they come late.
func TestStatusTellsOfRemindersThatCouldNotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a := f.join("a")
		f.until(time.Second, "a has all", func() bool { return a.owned() == cluster.Shards })
		stored := make(chan error, 1)
		a.Append(unit("g", 1, 1, mark("m", time.Now().Add(time.Minute))), func(err error) { stored <- err })
		if err := <-stored; err != nil {
			t.Fatal(err)
		}
		a.die()
		var down atomic.Bool
		down.Store(true)
		f.journal.Fault = func(c journal.Call) error {
			if c.Op == "replay" && down.Load() {
				return errors.New("unreadable")
			}
			return nil
		}
		b := f.join("b")
		f.until(20*time.Second, "b has all", func() bool { return b.owned() == cluster.Shards })
		if n := b.Status().Unread; n != 1 {
			t.Errorf("%d shards have unread reminders, want 1", n)
		}
		down.Store(false)
		f.until(2*time.Second, "they are read", func() bool { return b.Status().Unread == 0 })
	})
}
