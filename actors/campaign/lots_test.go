package campaign

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/plan"
)

// inLots is a campaign of ten pushes in three lots: 0–4 at once, 4–6 after an hour, the rest after two.
func inLots(more ...func(*Intent)) *Intent {
	return intentOf(append([]func(*Intent){func(s *Intent) {
		s.Accepted.Definition.LocalTime = true
		s.Table = tableOf(pushes(4), pushes(2), pushes(3), failures(1))
		s.Table.Lots = []plan.LotEntry{{}, {First: 4, Lot: plan.Lot{Delay: time.Hour}}, {First: 6, Lot: plan.Lot{Delay: 2 * time.Hour}}}
	}}, more...)...)
}

func cursor(n uint32) func(*Intent) { return func(s *Intent) { s.Cursor = n } }

func returned(paths ...actors.Span) func(*Intent) { return func(s *Intent) { s.Back = paths } }

func lateUntil(late uint32, at time.Time) func(*Intent) {
	return func(s *Intent) { s.LapsedAt, s.Late = at, late }
}

func later(until time.Time, paths ...actors.Span) func(*Intent) {
	return func(s *Intent) { s.Later = []actors.Deferral{{Until: until, Paths: paths}} }
}

func opened(number uint32, paths ...actors.Span) *Window {
	return &Window{Number: number, Paths: paths, Size: uint32(actors.Total(paths)), At: due}
}

func TestNextOfLots(t *testing.T) {
	never := time.Time{}
	hour := func(n float64) time.Time { return due.Add(time.Duration(n * float64(time.Hour))) }
	for _, c := range []struct {
		name string
		s    *Intent
		v    view
		want step
		at   time.Time
	}{
		{"before it is due", inLots(), viewOf(at(due.Add(-1))), wait, due},
		{"the first lot is due", inLots(), viewOf(), openWindow, never},
		{"the first lot is open", inLots(cursor(4), withOpen(window(1, 4))), viewOf(), rest, hour(1)},
		{"the first lot is settled", inLots(cursor(4), withOpen(window(1, 4))), viewOf(settled(1, 4)), rest, hour(1)},
		{"a moment before the second", inLots(cursor(4)), viewOf(at(hour(1).Add(-1))), rest, hour(1)},
		{"the second lot is due", inLots(cursor(4)), viewOf(at(hour(1))), openWindow, never},
		{"the second lot waits for the first", inLots(cursor(4), withOpen(window(1, 4))), viewOf(at(hour(1))), idle, never},
		{"the second lot is open", inLots(cursor(6)), viewOf(at(hour(1))), rest, hour(2)},
		{"something came back meanwhile", inLots(cursor(4), returned(span(1, 2))), viewOf(), openWindow, never},
		{"paused", inLots(cursor(4), func(s *Intent) { s.Paused = true }), viewOf(), idle, never},
		{"all are open", inLots(cursor(10)), viewOf(at(hour(3))), idle, never},

		{"expires after its lot's own time", inLots(expires(30 * time.Minute)), viewOf(at(hour(0.5))), openWindow, never},
		{"too late for the first lot", inLots(expires(30 * time.Minute)), viewOf(at(hour(0.5).Add(1))), lapse, never},
		{"too late for a lot that was sent", inLots(expires(30*time.Minute), cursor(4), withOpen(opened(1, span(0, 4)))), viewOf(at(hour(0.6)), settled(1, 4)),
			rest, hour(1)},
		{"too late for a lot that is open", inLots(expires(30*time.Minute), cursor(4), withOpen(opened(1, span(0, 4)))), viewOf(at(hour(0.6)), settled(1, 3)),
			lapse, never},
		{"too late for what came back", inLots(expires(30*time.Minute), cursor(4), returned(span(0, 1))), viewOf(at(hour(0.6))), lapse, never},
		{"too late for whose quiet hours have not ended", inLots(expires(30*time.Minute), cursor(4), later(hour(1.5), span(1, 2))), viewOf(at(hour(0.6))), lapse, never},
		{"quiet hours of a lot that is not too late", inLots(expires(30*time.Minute), cursor(6), later(hour(1.2), span(4, 5))), viewOf(at(hour(1.1))), rest, hour(1.2)},
		{"quiet hours last longer than to the next lot", inLots(cursor(4), later(hour(1.5), span(1, 2))), viewOf(), rest, hour(1)},
		{"lapsed in part, waits for returns", inLots(lateUntil(4, due), withOpen(opened(1, span(0, 4)))), viewOf(), wait, due.Add(actors.CancelPatience)},
		{"lapsed in part, returns are in", inLots(lateUntil(4, due), withOpen(opened(1, span(0, 4)))), viewOf(at(due.Add(actors.CancelPatience))), expire, never},
		{"lapsed in part and told", inLots(lateUntil(4, due)), viewOf(func(v *view) { v.expired = true }), rest, hour(1)},
		{"lapsed in part, the next is due", inLots(lateUntil(4, due)), viewOf(at(hour(1)), func(v *view) { v.expired = true }), openWindow, never},
		{"what came back too late is not sent", inLots(lateUntil(4, due), cursor(4), returned(span(0, 1))), viewOf(func(v *view) { v.expired = true }), rest, hour(1)},
		{"too late for the next lot, too", inLots(lateUntil(4, due), expires(30*time.Minute)), viewOf(at(hour(1.6))), lapse, never},
		{"too late for all", inLots(expires(30 * time.Minute)), viewOf(at(hour(2.6))), lapse, never},
		{"too late for all and told", inLots(lateUntil(0, hour(2.6)), expires(30*time.Minute)), viewOf(at(hour(2.7)), func(v *view) { v.expired = true }), idle, never},
	} {
		if got, when := c.s.next(c.v); got != c.want || !when.Equal(c.at) {
			t.Errorf("%s: %v at %v, want %v at %v", c.name, got, when, c.want, c.at)
		}
	}
}

func TestWindowsKeepToLots(t *testing.T) {
	hours := func(n int) func(*view) { return at(due.Add(time.Duration(n) * time.Hour)) }
	for _, c := range []struct {
		name string
		s    *Intent
		v    view
		want []actors.Span
		next uint32
	}{
		{"the first lot", inLots(), viewOf(), []actors.Span{span(0, 4)}, 4},
		{"nothing before its time", inLots(cursor(4)), viewOf(), nil, 4},
		{"two lots at once", inLots(), viewOf(hours(1)), []actors.Span{span(0, 4), span(4, 6)}, 6},
		{"all, and those who failed", inLots(cursor(4)), viewOf(hours(2)), []actors.Span{span(4, 6), span(6, 9)}, 10},
		{"what came back goes before the time of the next", inLots(cursor(4), returned(span(1, 2))), viewOf(), []actors.Span{span(1, 2)}, 4},
		{"not what is too late", inLots(cursor(1), returned(span(0, 1)), lateUntil(4, due)), viewOf(hours(1)), []actors.Span{span(4, 6)}, 6},
	} {
		paths, next := c.s.nextPaths(c.v)
		if !slices.Equal(paths, c.want) || next != c.next {
			t.Errorf("%s: %v and %d, want %v and %d", c.name, paths, next, c.want, c.next)
		}
	}
}

// A run at local time that had to wait for another keeps the times of its lots to whole minutes.
func TestDueOfWhatHadToWait(t *testing.T) {
	for _, local := range []bool{false, true} {
		s := inLots(func(s *Intent) { s.Accepted.Definition.LocalTime = local })
		s.Apply(Released{At: due.Add(90*time.Minute + 30*time.Second)})
		want := due.Add(90*time.Minute + 30*time.Second)
		if local {
			want = due.Add(90 * time.Minute)
		}
		if got := s.due(); !got.Equal(want) {
			t.Errorf("local time %t: due at %v, want %v", local, got, want)
		}
	}
}

// What of a run is too late is recorded, and told to the ledger; the rest is not.
func TestLotsLapse(t *testing.T) {
	s := inLots(expires(30*time.Minute), cursor(2), returned(span(0, 1)))
	v := viewOf(at(due.Add(40 * time.Minute)))
	e := s.lapsed(v)
	if e.Late != 4 || !e.At.Equal(v.now) {
		t.Fatalf("%+v", e)
	}
	if s.Apply(e); !slices.Equal(s.expired(), []actors.Span{span(0, 1), span(2, 4)}) || len(s.back()) > 0 || s.front() != 4 {
		t.Errorf("expired %v, back %v, next %d", s.expired(), s.back(), s.front())
	}
	if problem := s.refusesRedrive(actors.Redrive{State: actors.Failed}, view{now: v.now, counted: true}); problem != nil {
		t.Errorf("a redrive while others are not too late: %v", problem)
	}
	v.now = due.Add(3 * time.Hour)
	if e = s.lapsed(v); e.Late != 0 {
		t.Errorf("all are too late: %+v", e)
	}
	if s.Apply(e); !slices.Equal(s.expired(), []actors.Span{span(0, 1), span(2, 10)}) {
		t.Errorf("expired %v", s.expired())
	}
	if problem := s.refusesRedrive(actors.Redrive{State: actors.Failed}, view{now: v.now, counted: true}); problem == nil || problem.Status != 409 {
		t.Errorf("a redrive when all are too late: %v", problem)
	}
}

func lotOf(t *testing.T, l Lots, user string, values ...string) plan.Lot {
	t.Helper()
	var in plan.Input
	if err := l.Fill(&in); err != nil {
		t.Fatal(err)
	}
	return in.Lot(user, values)
}

// TestLocalTime: 09:00 comes to each zone at its own moment, also where clocks change that day, and every delay is within calendar.Spread.
func TestLocalTime(t *testing.T) {
	def := func(local string) actors.Definition {
		at, err := calendar.ParseLocal(local)
		if err != nil {
			t.Fatal(err)
		}
		return actors.Definition{LocalTime: true, ZoneColumn: "zone", Messages: json.RawMessage(`[{}]`), At: LocalDue(at)}
	}
	for _, c := range []struct{ local, zone, at, now string }{
		{"2026-11-20T09:00", "Pacific/Kiritimati", "2026-11-19T19:00Z", "09:00"},
		{"2026-11-20T09:00", "Asia/Tokyo", "2026-11-20T00:00Z", "09:00"},
		{"2026-11-20T09:00", "Asia/Kathmandu", "2026-11-20T03:15Z", "09:00"},
		{"2026-11-20T09:00", "", "2026-11-20T09:00Z", "09:00"},
		{"2026-11-20T09:00", "Pacific/Honolulu", "2026-11-20T19:00Z", "09:00"},
		{"2026-11-20T09:00", "Etc/GMT+12", "2026-11-20T21:00Z", "09:00"},
		{"2026-03-29T09:00", "Europe/Berlin", "2026-03-29T07:00Z", "09:00"}, // the night before was an hour shorter
		{"2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00Z", "03:00"}, // there is no 02:30
		{"2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30Z", "02:30"}, // the first of two
		{"2026-10-25T09:00", "Europe/Berlin", "2026-10-25T08:00Z", "09:00"},
		{"2026-03-08T02:30", "America/New_York", "2026-03-08T07:00Z", "03:00"},
	} {
		d := def(c.local)
		lot := lotOf(t, Lots{Definition: d, Due: d.At}, "U", c.zone)
		at, now := d.At.Add(lot.Delay), lot.Now(d.At)
		if got := at.UTC().Format("2006-01-02T15:04Z07:00"); got != c.at || now.Format("15:04") != c.now || !now.Equal(at) || lot.Delay > calendar.Spread {
			t.Errorf("%s in %s: at %s, now is %s, want %s and %s", c.local, c.zone, got, now, c.at, c.now)
		}
	}
	d := def("2026-11-20T09:00") // a campaign that had to wait for another goes to those at once whose time has passed
	if lot := lotOf(t, Lots{Definition: d, Due: d.At.Add(8 * time.Hour)}, "U", "Asia/Tokyo"); lot.Delay != 0 || lot.Offset != 9*3600 {
		t.Errorf("%+v", lot)
	}
	if lot := lotOf(t, Lots{Definition: d, Due: d.At.Add(8 * time.Hour)}, "U", "Pacific/Honolulu"); lot.Delay != 16*time.Hour {
		t.Errorf("%+v", lot)
	}
}

// Whose row says nothing has the zone of his settings, and then that of the campaign.
func TestWhoseZone(t *testing.T) {
	d := actors.Definition{LocalTime: true, ZoneColumn: "zone", Zone: "Asia/Seoul", Messages: json.RawMessage(`[{}]`), At: due}
	l := Lots{Definition: d, Due: due, Settings: func(user string) (actors.RecipientSettings, bool) {
		switch user {
		case "berlin":
			return actors.RecipientSettings{Zone: "Europe/Berlin"}, true
		case "opted out":
			return actors.RecipientSettings{OptOut: true}, true
		}
		return actors.RecipientSettings{}, false
	}}
	for _, c := range []struct {
		user, column string
		offset       int32
	}{
		{"nobody", "", 9 * 3600}, {"nobody", "America/New_York", -5 * 3600}, {"berlin", "", 3600}, {"berlin", "America/New_York", -5 * 3600},
		{"opted out", "", 9 * 3600}, {"berlin", "Nowhere/AtAll", 9 * 3600},
	} {
		if lot := lotOf(t, l, c.user, c.column); lot.Offset != c.offset {
			t.Errorf("%s with %q: %+v, want %d", c.user, c.column, lot, c.offset)
		}
	}
	var in plan.Input
	if err := l.Fill(&in); err != nil || !in.Apart("berlin") || !in.Apart("opted out") || in.Apart("nobody") {
		t.Errorf("who has settings of his own is kept apart, others are not: %v", err)
	}
	plain := Lots{Definition: actors.Definition{Messages: json.RawMessage(`[{}]`)}}
	if in = (plan.Input{}); plain.Fill(&in) != nil || in.Lot != nil || in.Apart != nil || in.Template == nil {
		t.Errorf("an ordinary campaign has no lots: %+v", in)
	}
}

// TestSeriesAtLocalTime: an occurrence a day, due where its time comes first, over the spring's change of clocks.
func TestSeriesAtLocalTime(t *testing.T) {
	begin := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	s := &Intent{Accepted: &Accepted{At: begin, Due: begin, Definition: actors.Definition{Cron: "0 9 * * *", Zone: "Europe/Berlin", LocalTime: true,
		Messages: json.RawMessage(`[{}]`), Overlap: actors.OverlapAllow, ExpireAfter: time.Hour}}}
	r, ok := s.rhythm()
	if !ok {
		t.Fatal("no rhythm")
	}
	var got []string
	last := time.Time{}
	for range 3 {
		due, _ := r.after(last, 0)
		d := r.occurrence(due, 0)
		lot := lotOf(t, Lots{Definition: d, Due: due}, "U", "Europe/Berlin")
		got = append(got, fmt.Sprint(due.UTC().Format("02T15:04"), " ", due.Add(lot.Delay).UTC().Format("02T15:04")))
		last = due
	}
	if want := []string{"28T19:00 29T07:00", "29T19:00 30T07:00", "30T19:00 31T07:00"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	first, _ := r.after(time.Time{}, 0)
	for hours, want := range map[int]turnKind{0: turnBegin, 20: turnBegin, 24: turnSkip} {
		if turn := s.turn(r, first.Add(time.Duration(hours)*time.Hour)); turn.do != want {
			t.Errorf("%d h late: %v (%s), want %v", hours, turn.do, turn.why, want)
		}
	}
}

// TestSeriesAddsVariantsUp over occurrences that are over and those that are not.
func TestSeriesAddsVariantsUp(t *testing.T) {
	var s Series
	s.occurred(Occurred{Campaign: "a"})
	s.occurred(Occurred{Campaign: "b"})
	s.ended(OccurrenceEnded{Campaign: "a", Totals: actors.Totals{actors.Delivered: 7, actors.Failed: 1},
		Variants: []actors.Totals{{actors.Delivered: 5}, {actors.Delivered: 2, actors.Failed: 1}}})
	for range 2 { // what is shown changes nothing
		r := s.shown(func(o actors.Occurrence) actors.Occurrence {
			o.Totals, o.Variants = actors.Totals{actors.Pending: 8}, []actors.Totals{{actors.Pending: 6}, {actors.Pending: 2}}
			return o
		})
		var sums [actors.Delivered + 1]uint64
		for _, v := range r.Variants {
			for k, n := range v {
				sums[k] += n
			}
		}
		if sums != r.Sums || r.Variants[0] != [7]uint64{actors.Pending: 6, actors.Delivered: 5} {
			t.Errorf("%v, variants %v", r.Sums, r.Variants)
		}
	}
}

// What is too late for some of a stretch is not for the others.
func TestALateStretchIsCut(t *testing.T) {
	paths := []actors.Span{span(0, 4), span(3, 6), span(6, 8)}
	if got := since(paths, 4); !slices.Equal(got, []actors.Span{span(4, 6), span(6, 8)}) {
		t.Errorf("behind 4 stand %v", got)
	}
	if got := since(paths, 0); !slices.Equal(got, paths) {
		t.Errorf("nobody is late, and left are %v", got)
	}
}
