package cluster

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// wallClock is one that can be set, as a machine's is by its operator or by a night's sleep: timers notice nothing.
type wallClock struct {
	ahead atomic.Int64
	looks atomic.Int64
}

func (c *wallClock) now() time.Time {
	c.looks.Add(1)
	return time.Now().Add(time.Duration(c.ahead.Load()))
}

// timed is Ledgers whose reminders go by a clock.
type timed struct {
	*Ledgers
	t     *testing.T
	fired chan time.Time
}

func onClock(t *testing.T, clock *wallClock) timed {
	t.Helper()
	store := journal.NewMemory(uuid.New())
	s := timed{NewLedgers(t.Context(), store, Config{Wall: clock.now}), t, make(chan time.Time, 10)}
	t.Cleanup(s.Kill)
	s.OnReminder(func(string, string, string, time.Time, []byte) { s.fired <- time.Now() })
	shards := []journal.Shard{ShardOf("checker", "a")}
	claims, err := store.Claim(t.Context(), "owner", shards)
	if err = errors.Join(err, s.Open(t.Context(), claims), s.Fire(t.Context(), shards)); err != nil {
		t.Fatal(err)
	}
	return s
}

// remind sets grain a's reminder.
func (s timed) remind(due time.Time) {
	s.t.Helper()
	stored := make(chan error, 1)
	s.Append(engine.Unit{
		Grain: journal.Grain{Kind: "k", ID: "a"}, Role: "checker", Key: "a", Marks: []engine.Mark{{Name: "m", Due: due}},
	}, func(err error) { stored <- err })
	if err := <-stored; err != nil {
		s.t.Fatal(err)
	}
}

func TestReminderNoticesAStepOfTheClock(t *testing.T) {
	for _, in := range []time.Duration{30 * time.Minute, 20 * time.Hour} { // near, and far: still to be read
		synctest.Test(t, func(t *testing.T) {
			clock := &wallClock{}
			s := onClock(t, clock)
			s.remind(time.Now().Add(in))
			time.Sleep(time.Minute)
			clock.ahead.Store(int64(in))
			stepped := time.Now()
			if late := (<-s.fired).Sub(stepped); late > lookAgain {
				t.Errorf("due in %v: fired %v after the clock was set, want within %v", in, late, lookAgain)
			}
		})
	}
}

func TestReminderWaitsForAClockThatWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &wallClock{}
		s := onClock(t, clock)
		began := time.Now()
		s.remind(began.Add(time.Minute))
		time.Sleep(30 * time.Second)
		clock.ahead.Store(-int64(time.Hour))
		if after := (<-s.fired).Sub(began); after != time.Hour+time.Minute {
			t.Errorf("fired after %v, want 1h1m0s: when the clock says so", after)
		}
	})
}

func TestClockIsLookedAtSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &wallClock{}
		s := onClock(t, clock)
		before := clock.looks.Load()
		time.Sleep(time.Hour)
		if n := clock.looks.Load() - before; n > 0 {
			t.Errorf("%d looks at the clock without a reminder", n)
		}
		s.remind(time.Now().Add(5 * time.Hour))
		before = clock.looks.Load()
		time.Sleep(time.Hour)
		if n := clock.looks.Load() - before; n > 2*int64(time.Hour/lookAgain)+10 {
			t.Errorf("%d looks at the clock in an hour, want two per %v", n, lookAgain)
		}
	})
}
