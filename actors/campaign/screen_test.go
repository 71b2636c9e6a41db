package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/template"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest/bubble"
)

// people are the settings of the channel's users, and what is asked of them.
type people struct {
	mu      sync.Mutex
	users   map[string]actors.RecipientSettings
	fetched int
	fails   int
	err     error
	slow    time.Duration
}

func (p *people) fetch(ctx context.Context, channel string) (campaign.Settings, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetched++
	if channel != "shop" {
		return nil, errors.New("another channel")
	}
	if p.fails > 0 {
		p.fails--
		return nil, p.err
	}
	slow := p.slow
	p.mu.Unlock()
	select {
	case <-bubble.After(slow):
	case <-ctx.Done():
	}
	p.mu.Lock()
	return settings(p.users), ctx.Err()
}

func (p *people) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetched
}

func (p *people) wish(user string, s actors.RecipientSettings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	users := map[string]actors.RecipientSettings{user: s}
	for u, old := range p.users {
		if u != user {
			users[u] = old
		}
	}
	p.users = users
}

// settings are those of some users.
type settings map[string]actors.RecipientSettings

func (s settings) Of(user string) (actors.RecipientSettings, bool) {
	v, ok := s[user]
	return v, ok
}

func (s settings) Len() int { return len(s) }

// newSparing is a world whose campaign has three recipients, ua, ub and uc: pushes, or one multicast.
func newSparing(t *testing.T, p *people, mode plan.Mode) *world {
	return newSparingLots(t, p, mode, nil)
}

// newSparingLots divides them into lots, by user.
func newSparingLots(t *testing.T, p *people, mode plan.Mode, lots map[string]plan.Lot) *world {
	var w *world
	w = newWorldOf(t, func(k *checker.Checker) durableChecker { return k }, func(d *campaign.Deps) {
		d.Settings = p.fetch
		d.Plan = func(j campaign.PlanJob) (plan.Table, error) { return freezeThree(t, w, j.Chunks, mode, lots) }
	})
	return w
}

type sink struct{ parts [][]byte }

func (s *sink) Part(_ int, data []byte) error {
	s.parts = append(s.parts, slices.Clone(data))
	return nil
}

func freezeThree(t *testing.T, w *world, chunks string, mode plan.Mode, lots map[string]plan.Lot) (plan.Table, error) {
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		return plan.Table{}, err
	}
	defer func() { _ = dir.Close() }()
	s := &sink{}
	sum, err := audience.Ingest(context.Background(), audience.Source{Reader: strings.NewReader("user_id,name\nua,1\nub,2\nuc,3\n")}, s,
		audience.Options{Dir: dir, Needs: []string{"name"}, ID: func([]byte) bool { return true }})
	if err != nil {
		return plan.Table{}, err
	}
	messages := `[{"type":"text","text":"hi {{ name }}"}]`
	if mode == plan.Multicast {
		messages = `[{"type":"text","text":"hi"}]`
	}
	tmpl, err := template.Parse([]byte(messages), template.Options{})
	if err != nil {
		return plan.Table{}, err
	}
	in := plan.Input{Parts: sum.Parts, Template: tmpl, Now: time.Now(), Part: func(n int) ([]byte, error) { return s.parts[n], nil }}
	if lots != nil {
		in.Templates = []*template.Template{tmpl}
		in.Lot = func(user string, _ []string) plan.Lot { return lots[user] }
	}
	return plan.Freeze(context.Background(), in, plan.Options{Dir: dir}, func(n int, _ plan.Entry, data []byte) error {
		return w.store.Put(context.Background(), campaign.ChunkName(chunks, uint32(n)), data)
	})
}

// first is the n-th word to the composers, which is an order.
func (w *world) order(n int) (actors.Compose, time.Time) {
	w.t.Helper()
	m := w.composers.Wait(n)
	order, ok := m.ComposerMsg.(actors.Compose)
	if !ok {
		w.t.Fatalf("%+v", m)
	}
	return order, m.at
}

func pathsOf(m actors.Compose) string {
	var spans []actors.Span
	for _, p := range m.Paths {
		spans = append(spans, p.Span)
	}
	return fmt.Sprint(spans, m.Except)
}

// accept says of paths of a window that the provider has taken them.
func (w *world) accepted(m actors.Compose) {
	for _, p := range m.Paths {
		paths := []actors.Span{p.Span}
		if !p.Multicast {
			paths = slices.Collect(p.Span.Each())
		}
		for _, q := range paths {
			actors.Checkers.Ref(w.sys, m.Run).Tell(actors.Report{Run: m.Run, Window: m.Window, Path: q, What: actors.PathAccepted, Tries: 1})
		}
	}
	time.Sleep(time.Second)
}

// One window is one question; where nobody has settings no chunk is read, and nothing is stored otherwise.
func TestAWindowIsOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{}
		w := newSparing(t, p, plan.Push)
		ask[actors.Info](w, w.upload("u"))
		m, _ := w.order(1)
		if pathsOf(m) != "[0-3] []" || p.times() != 1 {
			t.Errorf("%s after %d questions", pathsOf(m), p.times())
		}
		w.accepted(m)
		if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StateFinished || p.times() != 1 {
			t.Errorf("%s, %d questions", i.State, p.times())
		}
	})
}

func TestSettingsThatCanNotBeReadAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{fails: 3, err: errors.New("no answer")}
		w := newSparing(t, p, plan.Push)
		began := time.Now()
		ask[actors.Info](w, w.upload("u"))
		if _, at := w.order(1); p.times() != 4 || at.Sub(began) > 2*time.Second {
			t.Errorf("%d questions, %v", p.times(), at.Sub(began))
		}
	})
}

// A pause, or a cancel, that comes while settings are read holds the window.
func TestWhatChangesMeanwhileRules(t *testing.T) {
	for name, order := range map[string]actors.CampaignMsg{"pause": actors.Pause{}, "cancel": actors.Cancel{}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &people{slow: 3 * time.Second, users: map[string]actors.RecipientSettings{"ub": {OptOut: true}}}
				w := newSparing(t, p, plan.Push)
				ask[actors.Info](w, w.upload("u"))
				time.Sleep(time.Second)
				ask[actors.Info](w, order)
				time.Sleep(10 * time.Second)
				if n := len(w.composers.Messages()); n != 0 {
					t.Errorf("%d orders", n)
				}
				i := ask[actors.Info](w, actors.Show{})
				if want := map[string]actors.State{"pause": actors.StatePaused, "cancel": actors.StateCancelled}[name]; i.State != want {
					t.Errorf("%s", i.State)
				}
			})
		})
	}
}

// Nothing of a window is told to the composer before the checker knows whom it leaves out, whoever dies between.
func TestTheCheckerIsToldFirst(t *testing.T) {
	for _, point := range []string{"", "campaign.window.opened", "campaign.spared.before", "campaign.spared.after"} {
		for mode, want := range map[plan.Mode]string{plan.Push: "[0-1 2-3] []", plan.Multicast: "[0-3] [1-2]"} {
			t.Run(fmt.Sprint(point, mode), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &people{users: map[string]actors.RecipientSettings{"ub": {OptOut: true}}}
					w := newSparing(t, p, mode)
					w.dieAt(point)
					ask[actors.Info](w, w.upload("u"))
					m, _ := w.order(1)
					if pathsOf(m) != want || m.Number > 0 != (point != "") {
						t.Errorf("order %d: %s, want %s", m.Number, pathsOf(m), want)
					}
					outcomes, err := engine.Ask[actors.Outcomes](t.Context(), actors.Checkers.Ref(w.sys, m.Run), actors.CheckerMsg(actors.Page{Span: actors.Span{Hi: 3}}))
					if err != nil || outcomes.Outcomes[1] != actors.Suppressed || outcomes.Reasons[1] != "opted_out" {
						t.Errorf("%+v: %v", outcomes, err)
					}
					p.wish("ub", actors.RecipientSettings{}) // too late for this window, and for any other
					w.accepted(m)
					i := ask[actors.Info](w, actors.Show{})
					if want := (actors.Totals{actors.Suppressed: 1, actors.Delivered: 2}); i.Totals != want || i.State != actors.StateFinished {
						t.Errorf("%s %v, want %v", i.State, i.Totals, want)
					}
				})
			})
		}
	}
}

// A multicast that came back is opened again: who was left out stays so, and who has opted out since is left out too.
func TestANewWindowLeavesOutMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{users: map[string]actors.RecipientSettings{"ub": {OptOut: true}}}
		w := newSparing(t, p, plan.Multicast)
		ask[actors.Info](w, w.upload("u"))
		m, _ := w.order(1)
		p.wish("ub", actors.RecipientSettings{})
		p.wish("uc", actors.RecipientSettings{Suppressed: actors.Suppression{Reason: "gone"}})
		actors.Checkers.Ref(w.sys, m.Run).Tell(actors.Report{Run: m.Run, Window: 1, Path: actors.Span{Hi: 3}, What: actors.PathReturned})
		time.Sleep(time.Second)
		again, _ := w.order(2)
		if again.Window != 2 || pathsOf(again) != "[0-3] [1-3]" {
			t.Fatalf("window %d: %s", again.Window, pathsOf(again))
		}
		w.accepted(again)
		i := ask[actors.Info](w, actors.Show{})
		if want := (actors.Totals{actors.Suppressed: 2, actors.Delivered: 1}); i.Totals != want || i.State != actors.StateFinished {
			t.Errorf("%s %v, want %v", i.State, i.Totals, want)
		}
		if n := w.local.Figures.Suppressed.Load(); n != 2 {
			t.Errorf("%d are counted as left out, want 2", n)
		}
	})
}

// Quiet hours end to the second, and who has opted out until then gets nothing.
func TestQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{users: map[string]actors.RecipientSettings{
			"ua": {Quiet: "00:00-01:30"}, "ub": {Quiet: "00:00-02:00"}, "uc": {Quiet: "00:00-01:30"}, // the bubble begins at midnight of UTC
		}}
		w := newSparing(t, p, plan.Push)
		began := time.Now()
		ask[actors.Info](w, w.upload("u"))
		time.Sleep(time.Minute)
		i := ask[actors.Info](w, actors.Show{})
		if i.State != actors.StateRunning || i.Reason != "waits for quiet hours until 2000-01-01T01:30:00Z" || len(w.composers.Messages()) != 0 {
			t.Errorf("%s (%s)", i.State, i.Reason)
		}
		layout := ask[actors.RunLayout](w, actors.Layout{})
		if got := fmt.Sprint(layout.Later); got != "[{2000-01-01 01:30:00 +0000 UTC [0-1 2-3]} {2000-01-01 02:00:00 +0000 UTC [1-2]}]" {
			t.Errorf("%s", got)
		}
		w.dieAt("campaign.deferred")
		p.wish("uc", actors.RecipientSettings{OptOut: true})
		p.wish("ub", actors.RecipientSettings{Quiet: "00:00-03:00"}) // longer than he had said
		time.Sleep(88*time.Minute + 30*time.Second)
		first, at := w.order(1)
		if at.Sub(began) != 90*time.Minute || pathsOf(first) != "[0-1] []" {
			t.Errorf("%s after %v", pathsOf(first), at.Sub(began))
		}
		w.accepted(first)
		time.Sleep(89 * time.Minute)
		second, at := w.order(2)
		if after := at.Sub(began); after < 3*time.Hour || after > 3*time.Hour+5*time.Second || pathsOf(second) != "[1-2] []" {
			t.Errorf("%s after %v", pathsOf(second), after)
		}
		w.accepted(second)
		i = ask[actors.Info](w, actors.Show{})
		if want := (actors.Totals{actors.Suppressed: 1, actors.Delivered: 2}); i.Totals != want || i.State != actors.StateFinished {
			t.Errorf("%s %v, want %v", i.State, i.Totals, want)
		}
		if n := w.local.Figures.Deferred.Load(); n != 4 { // one of them twice
			t.Errorf("%d times somebody was put off, want 4", n)
		}
	})
}

// Quiet hours of who has no zone of his own are by the clock of where his row says that he is, on the day on which it is put on, too.
func TestQuietHoursWhereTheRecipientIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local, err := calendar.ParseLocal("2000-03-26T09:00") // Berlin's clock is put on at 02:00, and New York's a week later
		if err != nil {
			t.Fatal(err)
		}
		due := campaign.LocalDue(local)
		d := actors.Definition{Name: "n", Channel: "shop", LocalTime: true, At: due, Zone: "Asia/Tokyo", ZoneColumn: "zone", Messages: []byte(`[]`)}
		var in plan.Input
		if err := (campaign.Lots{Definition: d, Due: due}).Fill(&in); err != nil {
			t.Fatal(err)
		}
		lots := map[string]plan.Lot{}
		for user, zone := range map[string]string{"ua": "Europe/Berlin", "ub": "America/New_York", "uc": "Europe/Berlin"} {
			lots[user] = in.Lot(user, []string{zone})
		}
		quiet := actors.RecipientSettings{Quiet: "00:00-09:30"}
		own := actors.RecipientSettings{Quiet: "00:00-09:30", Zone: "Asia/Tokyo"} // where it is 16:00
		w := newSparingLots(t, &people{users: map[string]actors.RecipientSettings{"ua": quiet, "ub": quiet, "uc": own}}, plan.Push, lots)
		time.Sleep(time.Until(due))
		accept := w.upload("u")
		accept.Definition = d
		ask[actors.Info](w, accept)
		orders := 0
		for _, want := range []struct{ at, user string }{{"07:00", "uc"}, {"07:30", "ua"}, {"14:30", "ub"}} {
			at, err := time.Parse(time.DateTime, "2000-03-26 "+want.at+":00")
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(at) - 30*time.Second)
			if n := len(w.composers.Messages()); n != orders {
				t.Errorf("before %s: %d orders, want %d", want.at, n, orders)
			}
			orders++
			m, sent := w.order(orders)
			chunk, err := campaign.LoadChunk(t.Context(), w.store, m.Chunks, m.Paths[0].Chunk)
			if err != nil {
				t.Fatal(err)
			}
			user := chunk.Recipients[m.Paths[0].Span.Lo-chunk.First].User
			if late := sent.Sub(at); late < 0 || late > 5*time.Second || user != want.user || len(m.Paths) != 1 {
				t.Errorf("%s and %d more at %v, want %s at %s", user, len(m.Paths)-1, sent, want.user, want.at)
			}
			w.accepted(m)
		}
	})
}

// What is still deferred expires and is cancelled as anything else.
func TestDeferredExpireAndAreCancelled(t *testing.T) {
	for _, c := range []struct {
		expire time.Duration
		order  actors.CampaignMsg
		want   actors.Totals
		state  actors.State
	}{
		{expire: time.Hour, order: actors.Show{}, want: actors.Totals{actors.Expired: 3}, state: actors.StateExpired},
		{order: actors.Cancel{}, want: actors.Totals{actors.Cancelled: 3}, state: actors.StateCancelled},
	} {
		synctest.Test(t, func(t *testing.T) {
			quiet := actors.RecipientSettings{Quiet: "00:00-12:00"}
			w := newSparing(t, &people{users: map[string]actors.RecipientSettings{"ua": quiet, "ub": quiet, "uc": quiet}}, plan.Push)
			accept := w.upload("u")
			accept.Definition.ExpireAfter = c.expire
			ask[actors.Info](w, accept)
			time.Sleep(time.Minute)
			ask[actors.Info](w, c.order)
			time.Sleep(time.Hour + 10*time.Second)
			if i := ask[actors.Info](w, actors.Show{}); i.Totals != c.want || i.State != c.state || len(w.composers.Messages()) != 0 {
				t.Errorf("%s %v, %d orders", i.State, i.Totals, len(w.composers.Messages()))
			}
		})
	}
}

// Whose time passes while settings are read has expired, and gets nothing: the window that was looked at is not opened.
func TestWhatExpiresMeanwhileIsNotOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{slow: 30 * time.Second, users: map[string]actors.RecipientSettings{"ub": {OptOut: true}}}
		second := plan.Lot{Delay: 10 * time.Minute}
		w := newSparingLots(t, p, plan.Push, map[string]plan.Lot{"ub": second, "uc": second})
		accept := w.upload("u")
		accept.Definition.ExpireAfter = 30 * time.Minute
		ask[actors.Info](w, accept)
		ask[actors.Info](w, actors.Pause{})
		time.Sleep(29*time.Minute + 50*time.Second)
		ask[actors.Info](w, actors.Resume{})
		time.Sleep(2 * time.Minute)
		m, _ := w.order(1)
		w.accepted(m)
		i := ask[actors.Info](w, actors.Show{})
		if want := (actors.Totals{actors.Expired: 1, actors.Suppressed: 1, actors.Delivered: 1}); pathsOf(m) != "[2-3] []" || i.Totals != want {
			t.Errorf("%s, %s %v, want %v", pathsOf(m), i.State, i.Totals, want)
		}
	})
}

// Where only the first lot came too late, a window of another that leaves somebody out goes out once, and isn't taken back.
func TestALapsedLotTakesNoOtherBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{users: map[string]actors.RecipientSettings{"ub": {OptOut: true}}}
		second := plan.Lot{Delay: time.Hour}
		w := newSparingLots(t, p, plan.Multicast, map[string]plan.Lot{"ub": second, "uc": second})
		accept := w.upload("u")
		accept.Definition.ExpireAfter = 30 * time.Minute
		ask[actors.Info](w, accept)
		ask[actors.Info](w, actors.Pause{})
		began := time.Now()
		time.Sleep(40 * time.Minute)
		ask[actors.Info](w, actors.Resume{})
		time.Sleep(19*time.Minute + 30*time.Second)
		before := len(w.composers.Messages())
		m, at := w.order(before + 1)
		if pathsOf(m) != "[1-3] [1-2]" || at.Sub(began) > 61*time.Minute {
			t.Errorf("%s after %v", pathsOf(m), at.Sub(began))
		}
		time.Sleep(time.Second)
		if n := len(w.composers.Messages()); n != before+1 {
			t.Errorf("%d words to composers after the order", n-before-1)
		}
	})
}
