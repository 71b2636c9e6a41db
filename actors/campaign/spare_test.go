package campaign

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
)

// sparedHistory is the life of a campaign whose recipients have settings.
func sparedHistory() []Event {
	plan := tableOf(pushes(6), multicasts(6))
	return []Event{
		Accepted{Upload: "u", At: due, Due: due, Definition: actors.Definition{Name: "n", Channel: "shop", Messages: []byte(`[{}]`), At: due, Topic: "news"},
			Audience: actors.Audience{Rows: 12, Parts: 1, PartsSHA256: []byte{1}, ContentSHA256: []byte{2}, Columns: []string{"name"}}},
		RunStarted{Run: "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
		Planned{Table: plan},
		Deferred{Entries: []actors.Deferral{{Until: due.Add(time.Hour), Paths: []actors.Span{span(2, 4)}}, {Until: due.Add(2 * time.Hour), Paths: []actors.Span{span(5, 6)}}}},
		WindowOpened{Number: 1, Paths: []actors.Span{span(0, 2), span(4, 5), span(6, 12)}, Cursor: 12, At: due,
			Suppressed: []Spared{{Reason: "opted_out", Paths: []actors.Span{span(1, 2), span(7, 9)}}, {Reason: "topic:news", Paths: []actors.Span{span(11, 12)}}}},
		WindowClosed{Number: 1, Paths: []actors.Span{span(6, 12)}},
		Deferred{Cursor: 12, Entries: []actors.Deferral{{Until: due.Add(2 * time.Hour), Paths: []actors.Span{span(3, 4)}}}},
		WindowOpened{Number: 2, Paths: []actors.Span{span(2, 3), span(6, 12)}, Cursor: 12, At: due.Add(time.Hour),
			Suppressed: []Spared{{Reason: "left out before", Paths: []actors.Span{span(7, 9), span(11, 12)}}, {Reason: "opted_out", Paths: []actors.Span{span(6, 7)}}}},
	}
}

// fold makes a campaign of events.
func fold(events ...Event) *Intent {
	s := &Intent{}
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

func laterOf(s *Intent) string {
	var text strings.Builder
	for _, d := range s.Later {
		fmt.Fprintf(&text, "%v %v; ", d.Until.Sub(due), d.Paths)
	}
	return text.String()
}

func TestWhoIsLeftOutAndDeferred(t *testing.T) {
	h := sparedHistory()
	s := fold(h[:5]...)
	w := s.Window(1)
	if w.Size != 9 || fmt.Sprint(w.Except.Spans()) != "[7-9 11-12]" || laterOf(s) != "1h0m0s [2-4]; 2h0m0s [5-6]; " || s.Cursor != 12 || !s.Unopened() {
		t.Errorf("size %d, except %v, later %s, cursor %d", w.Size, w.Except.Spans(), laterOf(s), s.Cursor)
	}
	if got := fmt.Sprint(s.calls(w)); got != "[0-1 4-5 6-12]" {
		t.Errorf("called for: %s", got)
	}
	if got := fmt.Sprint(s.unopened()); got != "[2-4 5-6]" {
		t.Errorf("not opened: %s", got)
	}
	s.Apply(h[5])
	if w.Size != 6 || fmt.Sprint(s.Back) != "[6-12]" { // those whom it left out have their outcome in it
		t.Errorf("size %d after the return, back %v", w.Size, s.Back)
	}
	s.Apply(h[6])
	if laterOf(s) != "1h0m0s [2-3]; 2h0m0s [5-6 3-4]; " {
		t.Errorf("later %s", laterOf(s))
	}
	s.Apply(h[7])
	if w = s.Window(2); w.Size != 4 || fmt.Sprint(w.Except.Spans()) != "[6-9 11-12]" || laterOf(s) != "2h0m0s [5-6 3-4]; " || len(s.Back) != 0 {
		t.Errorf("size %d, except %v, later %s, back %v", w.Size, w.Except.Spans(), laterOf(s), s.Back)
	}
	s.Apply(Replanned{Generation: 1, Paths: []actors.Span{span(6, 12)}})
	if !s.Spared.Empty() {
		t.Errorf("a new generation still leaves out %v", s.Spared.Spans())
	}
	s.Apply(Finished{State: actors.StateFinished})
	if len(s.Later) != 0 || s.Unopened() && s.Cursor == 12 {
		t.Errorf("at the end later is %s", laterOf(s))
	}
}

func TestPathOfWhomAllAreLeftOutIsNotCalled(t *testing.T) {
	s := fold(Planned{Table: tableOf(multicasts(4), multicasts(4), pushes(2))},
		WindowOpened{Number: 1, Paths: []actors.Span{span(0, 2), span(2, 4), span(4, 8), span(8, 10)}, Cursor: 10, At: due,
			Suppressed: []Spared{{Reason: "opted_out", Paths: []actors.Span{span(1, 5), span(8, 10)}}}})
	if got := fmt.Sprint(s.calls(s.Window(1))); got != "[0-2 4-8]" {
		t.Errorf("called for: %s", got)
	}
}

func TestNextWithWishes(t *testing.T) {
	later := func(s *Intent) {
		s.Cursor, s.Later = 10, []actors.Deferral{{Until: due.Add(time.Hour), Paths: []actors.Span{span(2, 4)}}, {Until: due.Add(2 * time.Hour), Paths: []actors.Span{span(5, 6)}}}
	}
	left := func(s *Intent) {
		w := window(1, 10)
		w.Suppressed = []Spared{{Reason: "opted_out", Paths: []actors.Span{span(1, 2)}}}
		s.Open, s.Cursor = []*Window{w}, 10
	}
	told := func(v *view) { v.spared = map[uint32]bool{1: true} }
	cancelled := func(s *Intent) { s.CancelAt = due }
	for _, c := range []struct {
		name string
		s    *Intent
		v    view
		want step
		at   time.Time
	}{
		{"only deferred ones are left", intentOf(later), viewOf(), rest, due.Add(time.Hour)},
		{"and windows are open", intentOf(later, withOpen(window(1, 8))), viewOf(settled(1, 3)), rest, due.Add(time.Hour)},
		{"the first are due", intentOf(later), viewOf(at(due.Add(time.Hour))), openWindow, time.Time{}},
		{"the first are due, the newest window is not half settled", intentOf(later, withOpen(window(1, 8))), viewOf(settled(1, 3), at(due.Add(time.Hour))), openWindow,
			time.Time{}},
		{"others were in no window yet", intentOf(later, func(s *Intent) { s.Cursor = 9 }), viewOf(), openWindow, time.Time{}},
		{"something came back", intentOf(later, back), viewOf(), openWindow, time.Time{}},
		{"paused", intentOf(later, func(s *Intent) { s.Paused = true }), viewOf(), idle, time.Time{}},
		{"cancelled", intentOf(later, cancelled), viewOf(), cancelRest, time.Time{}},
		{"too late", intentOf(later, expires(time.Minute)), viewOf(at(due.Add(2 * time.Minute))), lapse, time.Time{}},
		{"lapsed", intentOf(later, lapsed), viewOf(), expire, time.Time{}},
		{"being screened", intentOf(), viewOf(func(v *view) { v.screening = true }), idle, time.Time{}},
		{"somebody is left out", intentOf(left), viewOf(), tellLeftOut, time.Time{}},
		{"… of a cancelled run", intentOf(left, cancelled), viewOf(), tellLeftOut, time.Time{}},
		{"… of a paused run", intentOf(left, func(s *Intent) { s.Paused = true }), viewOf(), tellLeftOut, time.Time{}},
		{"… and being told", intentOf(left), viewOf(func(v *view) { v.given = true }), idle, time.Time{}},
		{"… and told", intentOf(left), viewOf(told), idle, time.Time{}},
		{"… before anything is asked", intentOf(left), viewOf(func(v *view) { v.looked = false }), lookAround, time.Time{}},
	} {
		if got, when := c.s.next(c.v); got != c.want || !when.Equal(c.at) {
			t.Errorf("%s: %v at %v, want %v at %v", c.name, got, when, c.want, c.at)
		}
	}
	w := intentOf(left).Open[0]
	for _, at := range []time.Duration{0, actors.GiveUpAfter} {
		v := viewOf(func(v *view) { v.now = due.Add(at) })
		if got := intentOf(left).care(watched{Window: w, silent: time.Hour}, v); got != carry {
			t.Errorf("a window of which the checker doesn't know whom it leaves out is looked after: %d", got)
		}
	}
}

func set(spans ...actors.Span) *actors.Set {
	s := actors.SetOf(spans...)
	return &s
}

func TestOpens(t *testing.T) {
	s := fold(Planned{Table: tableOf(pushes(6), multicasts(6))})
	now := viewOf()
	o := opening{paths: []actors.Span{span(0, 6), span(6, 12)}, cursor: 12}
	if got := s.opens(o, now); len(got) != 1 || got[0].(WindowOpened).Suppressed != nil || got[0].(WindowOpened).Cursor != 12 {
		t.Errorf("nobody has a wish: %+v", got)
	}
	o.findings = findings{
		spared: map[string]*actors.Set{"topic:news": set(span(9, 10)), "opted_out": set(span(1, 2), span(7, 8))},
		later:  map[time.Time]*actors.Set{due.Add(2 * time.Hour): set(span(5, 6)), due.Add(time.Hour): set(span(2, 3))},
	}
	got := s.opens(o, now)
	if want := "[{0 [{2026-11-20 10:00:00 +0000 UTC [2-3]} {2026-11-20 11:00:00 +0000 UTC [5-6]}]} " +
		"{1 [0-2 3-5 6-12] 12 2026-11-20 09:00:00 +0000 UTC [] [{opted_out [1-2 7-8]} {topic:news [9-10]}]}]"; fmt.Sprint(got) != want {
		t.Errorf("%v\nwant %v", got, want)
	}
	all := opening{paths: []actors.Span{span(0, 2)}, cursor: 2, findings: findings{later: map[time.Time]*actors.Set{due.Add(time.Hour): set(span(0, 2))}}}
	if got := fmt.Sprint(s.opens(all, now)); got != "[{2 [{2026-11-20 10:00:00 +0000 UTC [0-2]}]}]" {
		t.Errorf("all are deferred: %s", got)
	}
	s.Spared.Add(span(7, 9))
	again := s.opens(opening{paths: []actors.Span{span(6, 12)}, cursor: 12, findings: findings{spared: map[string]*actors.Set{"opted_out": set(span(8, 10))}}}, now)
	if got := fmt.Sprint(again[0].(WindowOpened).Suppressed); got != "[{left out before [7-8]} {opted_out [8-10]}]" {
		t.Errorf("who was left out before: %s", got)
	}
}

// TestWishesCoverTheRun opens windows with random wishes and returns, and finds every recipient in one window at a time, and in the end settled.
func TestWishesCoverTheRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fold(Planned{Table: tableOf(pushes(7), multicasts(8), multicasts(5), pushes(9))})
		n := s.Table.Recipients
		out := make([]string, n) // "suppressed", "sent"; empty: neither yet
		now, returns := due, 15
		for number := uint32(1); s.Unopened(); number++ {
			if number > 500 {
				t.Fatal("windows without end")
			}
			v := viewOf(at(now))
			ready, _ := s.rests(now)
			if !ready.IsZero() {
				now = ready
				number--
				continue
			}
			paths, cursor := s.fill(share{push: rapid.IntRange(1, 6).Draw(t, "push")}, s.Table.Recipients, s.dueAgain(now))
			o := opening{paths: paths, cursor: cursor, findings: findings{spared: map[string]*actors.Set{}, later: map[time.Time]*actors.Set{}}}
			for _, p := range byChunk(s.Table, paths) {
				for i := range p.Span.Each() {
					switch k := rapid.IntRange(0, 9).Draw(t, "wish"); {
					case k == 0:
						note(o.spared, "opted_out", i)
					case k < 3 && !p.Multicast:
						note(o.later, now.Add(time.Duration(1+k)*time.Hour), i)
					}
				}
			}
			events := s.opens(o, v)
			for _, e := range events {
				s.Apply(e)
			}
			w := s.Window(number)
			e, opens := events[len(events)-1].(WindowOpened)
			if !opens {
				number--
				continue
			}
			fresh := 0
			for _, x := range e.Suppressed {
				for _, p := range x.Paths {
					for i := range p.Each() {
						if out[i.Lo] == "sent" {
							t.Fatalf("%d was sent to and is left out of window %d", i.Lo, number)
						}
						if out[i.Lo] == "" {
							fresh++
						}
						out[i.Lo] = "suppressed"
					}
				}
			}
			sent := 0
			var back []actors.Span
			for _, p := range byChunk(s.Table, s.calls(w)) {
				left := 0
				for i := range p.Span.Each() {
					if out[i.Lo] == "sent" {
						t.Fatalf("%d is sent to twice", i.Lo)
					}
					if out[i.Lo] == "" {
						left++
					} else if !p.Multicast || !w.Except.Has(i.Lo) {
						t.Fatalf("%d is suppressed, and called in window %d", i.Lo, number)
					}
				}
				if left == 0 {
					t.Fatalf("%v is called for nobody", p.Span)
				}
				if returns > 0 && rapid.IntRange(0, 3).Draw(t, "return") == 0 {
					returns--
					back = append(back, p.Span)
					continue
				}
				for i := range p.Span.Each() {
					if out[i.Lo] == "" {
						out[i.Lo] = "sent"
						sent++
					}
				}
			}
			if len(back) > 0 {
				s.Apply(WindowClosed{Number: number, Paths: back})
			}
			if int(w.Size) != sent+fresh {
				t.Fatalf("window %d has size %d, %d are settled in it", number, w.Size, sent+fresh)
			}
			s.Apply(WindowOpened{Number: number + 1000, Cursor: s.Cursor, Settled: []uint32{number}}) // so that few are open
			s.Open, s.Last = nil, number
		}
		if i := slices.Index(out, ""); i >= 0 {
			t.Fatalf("%d was in no window: %v", i, out)
		}
	})
}
