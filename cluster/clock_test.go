package cluster

import (
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

func (c *wallClock) now() int64 {
	c.looks.Add(1)
	return wall() + c.ahead.Load()
}

// onClock is a Solo whose reminders go by the clock, and the channel of their firings.
func onClock(t *testing.T, clock *wallClock) (*Solo, chan time.Time) {
	t.Helper()
	solo, err := OpenSolo(t.Context(), journal.NewMemory(uuid.New()), SoloConfig{Roles: []string{"checker"}})
	if err != nil {
		t.Fatal(err)
	}
	fired := make(chan time.Time, 10)
	solo.ledgers.now = clock.now
	solo.OnReminder(func(string, string, string, time.Time, []byte) { fired <- time.Now() })
	if err := solo.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(solo.Kill)
	return solo, fired
}

func (s *Solo) remind(t *testing.T, id string, due time.Time) {
	t.Helper()
	stored := make(chan error, 1)
	s.Append(engine.Unit{
		Grain: journal.Grain{Kind: "k", ID: id}, Role: "checker", Key: id, Marks: []engine.Mark{{Name: "m", Due: due}},
	}, func(err error) { stored <- err })
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
}

func TestReminderNoticesAStepOfTheClock(t *testing.T) {
	for _, in := range []time.Duration{30 * time.Minute, 20 * time.Hour} { // near, and far: still to be read
		synctest.Test(t, func(t *testing.T) {
			clock := &wallClock{}
			solo, fired := onClock(t, clock)
			solo.remind(t, "a", time.Now().Add(in))
			time.Sleep(time.Minute)
			clock.ahead.Store(int64(in))
			stepped := time.Now()
			if late := (<-fired).Sub(stepped); late > lookAgain {
				t.Errorf("due in %v: fired %v after the clock was set, want within %v", in, late, lookAgain)
			}
		})
	}
}

func TestReminderWaitsForAClockThatWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &wallClock{}
		solo, fired := onClock(t, clock)
		began := time.Now()
		solo.remind(t, "a", began.Add(time.Minute))
		time.Sleep(30 * time.Second)
		clock.ahead.Store(-int64(time.Hour))
		if after := (<-fired).Sub(began); after != time.Hour+time.Minute {
			t.Errorf("fired after %v, want 1h1m0s: when the clock says so", after)
		}
	})
}

func TestClockIsLookedAtSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &wallClock{}
		solo, _ := onClock(t, clock)
		before := clock.looks.Load()
		time.Sleep(time.Hour)
		if n := clock.looks.Load() - before; n > 0 {
			t.Errorf("%d looks at the clock without a reminder", n)
		}
		solo.remind(t, "a", time.Now().Add(5*time.Hour))
		before = clock.looks.Load()
		time.Sleep(time.Hour)
		if n := clock.looks.Load() - before; n > 2*int64(time.Hour/lookAgain)+10 {
			t.Errorf("%d looks at the clock in an hour, want two per %v", n, lookAgain)
		}
	})
}
