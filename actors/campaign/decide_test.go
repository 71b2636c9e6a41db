package campaign

import (
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

var due = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func span(lo, hi uint32) actors.Span { return actors.Span{Lo: lo, Hi: hi} }

// intentOf is a campaign of ten pushes that is planned, changed by more.
func intentOf(more ...func(*Intent)) *Intent {
	s := &Intent{Accepted: &Accepted{Due: due, Audience: actors.Audience{Rows: 10}}, Run: "r", Planned: true,
		Table: plan.Table{Recipients: 10, Chunks: []plan.Entry{{Count: 10, Mode: plan.Push}}}}
	for _, f := range more {
		f(s)
	}
	return s
}

func window(number, size uint32) *Window { return &Window{Number: number, Size: size, At: due} }

func withOpen(ws ...*Window) func(*Intent) { return func(s *Intent) { s.Open = ws } }

// viewOf is an activation that knows everything and has a due run, changed by more.
func viewOf(more ...func(*view)) view {
	v := view{ledger: true, looked: true, channel: true, totals: actors.Totals{actors.Pending: 10}, now: due, done: map[uint32]bool{},
		settled: map[uint32]uint32{}}
	for _, f := range more {
		f(&v)
	}
	return v
}

func at(t time.Time) func(*view) { return func(v *view) { v.now = t } }

func TestNext(t *testing.T) {
	never := time.Time{}
	cancelled := func(s *Intent) { s.CancelAt = due }
	atNight := func(s *Intent) { s.hours = hoursOf(actors.Definition{Hours: "00:00-00:01"}) }
	opens, shut := hoursOf(actors.Definition{Hours: "00:00-00:01"}).shut(due)
	if !shut {
		t.Fatal("it is due at midnight")
	}
	for _, c := range []struct {
		name string
		s    *Intent
		v    view
		want step
		at   time.Time
	}{
		{"nothing accepted", &Intent{}, viewOf(), idle, never},
		{"finished", intentOf(func(s *Intent) { s.Finished = &Finished{} }), viewOf(), idle, never},
		{"long before", intentOf(func(s *Intent) { s.Run, s.Planned = "", false }), viewOf(at(due.Add(-PlanAhead - 1))), idle, never},
		{"ten minutes before", intentOf(func(s *Intent) { s.Run, s.Planned = "", false }), viewOf(at(due.Add(-PlanAhead))), startRun, never},
		{"cancelled before its run", intentOf(cancelled, func(s *Intent) { s.Run, s.Planned = "", false }), viewOf(at(due.Add(-time.Hour))), startRun, never},
		{"not planned", intentOf(func(s *Intent) { s.Planned = false }), viewOf(), planRun, never},
		{"being planned", intentOf(func(s *Intent) { s.Planned = false }), viewOf(func(v *view) { v.planning = true }), idle, never},
		{"no ledger", intentOf(), viewOf(func(v *view) { v.ledger = false }), openLedger, never},
		{"all settled", intentOf(), viewOf(func(v *view) { v.totals = actors.Totals{actors.Delivered: 10} }), finish, never},
		{"outside of its hours", intentOf(atNight), viewOf(), rest, opens},
		{"redriven", intentOf(redriven, cancelled), viewOf(func(v *view) { v.totals = actors.Totals{actors.Failed: 10} }), reopen, never},
		{"redriven, an answer is pending", intentOf(redriven), viewOf(func(v *view) { v.given = true }), idle, never},
		{"just activated", intentOf(), viewOf(func(v *view) { v.looked = false }), lookAround, never},
		{"an answer is pending", intentOf(cancelled), viewOf(func(v *view) { v.given = true }), idle, never},
		{"cancelled, nothing open", intentOf(cancelled), viewOf(), cancelRest, never},
		{"cancelled, waits for returns", intentOf(cancelled, withOpen(window(1, 10))), viewOf(), wait, due.Add(actors.CancelPatience)},
		{"cancelled, returns are in", intentOf(cancelled, withOpen(window(1, 10))), viewOf(at(due.Add(actors.CancelPatience))), cancelRest, never},
		{"lapsed", intentOf(lapsed), viewOf(), expire, never},
		{"lapsed, waits for returns", intentOf(lapsed, withOpen(window(1, 10))), viewOf(), wait, due.Add(actors.CancelPatience)},
		{"lapsed, returns are in", intentOf(lapsed, withOpen(window(1, 10))), viewOf(at(due.Add(actors.CancelPatience))), expire, never},
		{"lapsed and told", intentOf(lapsed), viewOf(func(v *view) { v.expired = true }), idle, never},
		{"lapsed, nothing came back", intentOf(lapsed, func(s *Intent) { s.Cursor = 10 }), viewOf(), idle, never},
		{"too late with everything in windows", intentOf(expires(time.Hour), func(s *Intent) { s.Cursor = 10 }), viewOf(at(due.Add(2 * time.Hour))), lapse, never},
		{"too late while paused", intentOf(expires(time.Hour), func(s *Intent) { s.Paused = true }), viewOf(at(due.Add(2 * time.Hour))), lapse, never},
		{"the node stops", intentOf(), viewOf(func(v *view) { v.draining = true }), idle, never},
		{"everything in windows", intentOf(func(s *Intent) { s.Cursor = 10 }), viewOf(), idle, never},
		{"something came back", intentOf(func(s *Intent) { s.Cursor, s.Back = 10, []actors.Span{span(1, 2)} }), viewOf(), openWindow, never},
		{"paused", intentOf(func(s *Intent) { s.Paused = true }), viewOf(), idle, never},
		{"channel paused", intentOf(), viewOf(func(v *view) { v.held = "quota" }), idle, never},
		{"channel unknown", intentOf(), viewOf(func(v *view) { v.channel = false }), idle, never},
		{"planned, not due", intentOf(), viewOf(at(due.Add(-1))), wait, due},
		{"due", intentOf(), viewOf(), openWindow, never},
		{"just not too late", intentOf(expires(time.Hour)), viewOf(at(due.Add(time.Hour))), openWindow, never},
		{"too late", intentOf(expires(time.Hour)), viewOf(at(due.Add(time.Hour + 1))), lapse, never},
		{"newest not half settled", intentOf(withOpen(window(1, 10))), viewOf(settled(1, 4)), idle, never},
		{"newest half settled", intentOf(withOpen(window(1, 10))), viewOf(settled(1, 5)), openWindow, never},
		{"newest answered done", intentOf(withOpen(window(1, 10))), viewOf(func(v *view) { v.done[1] = true }), openWindow, never},
		{"something came back, the newest not half settled", intentOf(withOpen(window(1, 8)), back), viewOf(settled(1, 3)), openWindow, never},
		{"something came back, four open", intentOf(withOpen(window(1, 4), window(2, 4), window(3, 4), window(4, 4)), back), viewOf(settled(4, 3)), idle, never},
		{"the newest that went ahead not half settled", intentOf(withOpen(window(1, 8), window(2, 2)), func(s *Intent) { s.Front = 1 }),
			viewOf(settled(1, 3), settled(2, 2)), idle, never},
		{"the newest that went ahead half settled", intentOf(withOpen(window(1, 8), window(2, 2)), func(s *Intent) { s.Front = 1 }),
			viewOf(settled(1, 4), settled(2, 2)), openWindow, never},
		{"four open", intentOf(withOpen(window(1, 4), window(2, 4), window(3, 4), window(4, 4))), viewOf(settled(4, 3)), idle, never},
		{"the oldest of four settled", intentOf(withOpen(window(1, 4), window(2, 4), window(3, 4), window(4, 4))), viewOf(settled(4, 3), settled(1, 4)), openWindow,
			never},
		{"the newest wholly returned", intentOf(withOpen(window(1, 0))), viewOf(), openWindow, never},
	} {
		if got, when := c.s.next(c.v); got != c.want || !when.Equal(c.at) {
			t.Errorf("%s: %v at %v, want %v at %v", c.name, got, when, c.want, c.at)
		}
	}
}

func redriven(s *Intent) { s.Redrive = &RedriveAsked{Generation: 1, State: actors.Failed} }

func back(s *Intent) { s.Back = []actors.Span{span(1, 3)} }

func expires(d time.Duration) func(*Intent) {
	return func(s *Intent) { s.Accepted.Definition.ExpireAfter = d }
}

func settled(window, n uint32) func(*view) { return func(v *view) { v.settled[window] = n } }

func TestStepsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for s := idle; s <= finish; s++ {
		if seen[s.String()] || s.String() == "" {
			t.Errorf("step %d is named %q", s, s)
		}
		seen[s.String()] = true
	}
}

func TestCare(t *testing.T) {
	type in struct {
		asking, known bool
		silent        time.Duration
	}
	for _, c := range []struct {
		name string
		s    *Intent
		v    view
		in   in
		want care
	}{
		{"all is well", intentOf(), viewOf(), in{known: true}, carry},
		{"of an earlier activation", intentOf(), viewOf(), in{}, redrive},
		{"asked already", intentOf(), viewOf(), in{asking: true}, carry},
		{"silent", intentOf(), viewOf(), in{known: true, silent: actors.StallAfter}, redrive},
		{"almost silent", intentOf(), viewOf(), in{known: true, silent: actors.StallAfter - 1}, carry},
		{"silent, but settled", intentOf(), viewOf(settled(1, 10)), in{silent: time.Hour}, carry},
		{"silent, but paused", intentOf(func(s *Intent) { s.Paused = true }), viewOf(), in{silent: time.Hour}, carry},
		{"silent, but the channel is paused", intentOf(), viewOf(func(v *view) { v.held = "quota" }), in{silent: time.Hour}, carry},
		{"the channel is not known yet", intentOf(), viewOf(func(v *view) { v.channel = false }), in{}, carry},
		{"just before 23 h", intentOf(), viewOf(at(due.Add(actors.GiveUpAfter - 1))), in{known: true}, carry},
		{"23 h", intentOf(), viewOf(at(due.Add(actors.GiveUpAfter))), in{known: true}, giveUp},
		{"23 h, paused", intentOf(func(s *Intent) { s.Paused = true }), viewOf(at(due.Add(actors.GiveUpAfter))), in{known: true}, giveUp},
		{"23 h, being told", intentOf(), viewOf(at(due.Add(actors.GiveUpAfter)), func(v *view) { v.given = true }), in{}, carry},
	} {
		if got := c.s.care(watched{window(1, 10), c.in.asking, c.in.known, c.in.silent}, c.v); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestStateWords(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *Intent
		v    view
		want actors.State
	}{
		{"scheduled", intentOf(func(s *Intent) { s.Run = "" }), viewOf(at(due.Add(-time.Hour))), actors.StateScheduled},
		{"planned ahead", intentOf(), viewOf(at(due.Add(-time.Minute))), actors.StateScheduled},
		{"due, not begun", intentOf(func(s *Intent) { s.Run, s.Planned = "", false }), viewOf(), actors.StateAccepted},
		{"being planned", intentOf(func(s *Intent) { s.Planned = false }), viewOf(at(due)), actors.StateRunning},
		{"being planned ahead", intentOf(func(s *Intent) { s.Planned = false }), viewOf(at(due.Add(-time.Minute))), actors.StateScheduled},
		{"running", intentOf(func(s *Intent) { s.Started = due }), viewOf(), actors.StateRunning},
		{"paused", intentOf(func(s *Intent) { s.Paused = true }), viewOf(), actors.StatePaused},
		{"paused before its run", intentOf(func(s *Intent) { s.Run, s.Paused = "", true }), viewOf(at(due.Add(-time.Hour))), actors.StatePaused},
		{"channel paused", intentOf(), viewOf(func(v *view) { v.held = "x" }), actors.StatePaused},
		{"cancelling while paused", intentOf(func(s *Intent) { s.Paused, s.CancelAt, s.Started = true, due, due }), viewOf(), actors.StateRunning},
		{"ended", intentOf(func(s *Intent) { s.Finished = &Finished{State: actors.StateExpired} }), viewOf(), actors.StateExpired},
	} {
		if got := c.s.state(c.v, c.v.now); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func lapsed(s *Intent) { s.LapsedAt = due }

func TestHowARunEnds(t *testing.T) {
	expired := actors.Totals{actors.Expired: 10}
	for _, c := range []struct {
		s        *Intent
		t        actors.Totals
		want     actors.State
		standing actors.Standing
	}{
		{intentOf(), actors.Totals{actors.Delivered: 10}, actors.StateFinished, actors.RunActive},
		{intentOf(func(s *Intent) { s.CancelAt = due }), expired, actors.StateCancelled, actors.RunHeld},
		{intentOf(lapsed), expired, actors.StateExpired, actors.RunHeld},
		{intentOf(func(s *Intent) { s.Started = due }), actors.Totals{actors.Expired: 5, actors.Delivered: 5}, actors.StateFinished, actors.RunActive},
		{intentOf(func(s *Intent) { s.Paused = true }), expired, actors.StateExpired, actors.RunHeld},
		{intentOf(func(s *Intent) { s.Finished = &Finished{} }), expired, actors.StateExpired, actors.RunOver},
	} {
		if got := c.s.finalState(c.t); got != c.want || c.s.standing(due, false) != c.standing {
			t.Errorf("%+v: %s and %d, want %s and %d", c.s, got, c.s.standing(due, false), c.want, c.standing)
		}
	}
}
