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

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

func TestReminderFiresToTheMillisecond(t *testing.T) {
	bubble(t, func(r *rig) {
		r.open()
		due := r.in(90 * time.Minute)
		r.must(r.append("a", 1, mark("m", due)))
		time.Sleep(90*time.Minute - time.Nanosecond)
		synctest.Wait()
		r.wantFired()
		time.Sleep(31 * time.Second)
		synctest.Wait()
		r.wantFired("k/a/m=p@5400000", "k/a/m=p@5430000")
		r.must(r.append("a", 0, unmark("m", due)))
		time.Sleep(time.Hour)
		synctest.Wait()
		r.wantFired()
		if stats, _ := r.store.Stats(r.t.Context()); stats.Records != 1 {
			r.t.Errorf("%d records, want only the event: the hour is over and empty", stats.Records)
		}
		r.close()
	})
}

func TestReminderIsReplaced(t *testing.T) {
	bubble(t, func(r *rig) {
		r.open()
		old, due := r.in(10*time.Minute), r.in(200*time.Minute)
		r.must(r.append("a", 1, mark("m", old)))
		r.must(r.append("a", 2, unmark("m", old), mark("m", due)))
		time.Sleep(200*time.Minute + time.Second)
		synctest.Wait()
		r.wantFired("k/a/m=p@12000000")
		r.close()
	})
}

func TestReminderSurvivesCrashes(t *testing.T) {
	for _, down := range []time.Duration{time.Second, 30 * time.Minute, 5 * time.Hour} {
		t.Run(down.String(), func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.open()
				soon, late := r.in(20*time.Minute), r.in(4*time.Hour)
				r.must(r.append("a", 1, mark("soon", soon)))
				r.must(r.append("b", 1, mark("late", late), mark("never", late)))
				r.must(r.append("b", 2, unmark("never", late)))
				r.Kill()
				time.Sleep(down)
				synctest.Wait()
				r.wantFired()
				r.open()
				synctest.Wait()
				if down > time.Hour {
					slices.Sort(r.fired)
					r.wantFired("k/a/soon=p@18000000", "k/b/late=p@18000000")
				} else if down > 20*time.Minute {
					r.wantFired("k/a/soon=p@1800000")
				}
				r.must(r.append("a", 2, unmark("soon", soon)))
				if down < time.Hour {
					r.mu.Lock()
					r.fired = nil
					r.mu.Unlock()
					time.Sleep(4*time.Hour - down + time.Second)
					synctest.Wait()
					r.wantFired("k/b/late=p@14400000")
				}
				r.close()
			})
		})
	}
}

func TestReminderOfARefusedAppendDoesNotFire(t *testing.T) {
	bubble(t, func(r *rig) {
		r.open()
		r.store.Fault = func(c journal.Call) error {
			if c.Op == "append" {
				return journal.ErrFull
			}
			return nil
		}
		if err := r.append("a", 1, mark("m", r.in(time.Minute))); !errors.Is(err, journal.ErrFull) {
			r.t.Errorf("append: %v", err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		r.wantFired()
		r.close()
	})
}

func TestUnreadableHourIsReadLater(t *testing.T) {
	bubble(t, func(r *rig) {
		var down atomic.Bool
		r.store.Fault = func(c journal.Call) error {
			if c.Op == "replay" && down.Load() {
				return errors.New("unreadable")
			}
			return nil
		}
		r.open()
		r.must(r.append("a", 1, mark("m", r.in(150*time.Minute))))
		down.Store(true)
		time.Sleep(149 * time.Minute)
		if n := r.Unread(); n != 1 {
			t.Errorf("%d shards have unread reminders, want 1", n)
		}
		down.Store(false)
		time.Sleep(75 * time.Second)
		if n := r.Unread(); n != 0 {
			t.Errorf("%d shards have unread reminders yet", n)
		}
		synctest.Wait()
		r.wantFired("k/a/m=p@9000000")
		r.close()
	})
}

func TestKillLeavesNothingRunning(t *testing.T) {
	bubble(t, func(r *rig) {
		r.store.Latency = 10 * time.Millisecond
		r.open()
		var errs []error
		for i := range 100 {
			id := fmt.Sprint("g", i)
			r.Append(unit(id, 1, 1), func(err error) {
				r.mu.Lock()
				errs = append(errs, err)
				r.mu.Unlock()
			})
		}
		r.Kill()
		synctest.Wait() // the bubble would fail if a goroutine stayed
		for _, err := range errs {
			if err == nil {
				r.t.Error("stored after the kill")
			}
		}
		if len(errs) != 100 {
			r.t.Errorf("%d of 100 were reported", len(errs))
		}
	})
}

// The figure of DESIGN 8, without the actors: 100,000 reminders due at one instant.
func TestManyDueAtOneInstant(t *testing.T) {
	const n = 100_000
	store := journal.NewMemory(uuid.New())
	var mu sync.Mutex
	var last time.Duration
	fired, all := 0, make(chan struct{})
	s := newSeat(t, store)
	due := time.Now().Add(3 * time.Second)
	s.OnReminder(func(string, string, string, time.Time, []byte) {
		mu.Lock()
		defer mu.Unlock()
		if fired++; fired == n {
			last = time.Since(due)
			close(all)
		}
	})
	s.take(every()...)
	var stored sync.WaitGroup
	for i := range n {
		stored.Add(1)
		id := fmt.Sprint("grain", i)
		s.Append(unit(id, 1, 0, engine.Mark{Name: "m", Due: due}), func(err error) {
			if err != nil {
				t.Error(err)
			}
			stored.Done()
		})
	}
	stored.Wait()
	if late := time.Since(due); late > 0 {
		t.Skipf("setting took until %v after the due time: the machine is too busy to measure", late)
	}
	<-all
	t.Logf("%d reminders due at one instant: the last was told after %v", n, last.Round(time.Microsecond))
	if last > 500*time.Millisecond && !testing.Short() {
		t.Errorf("the last was told after %v", last)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}
