package poster_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/enginetest/bubble"
)

var cluster = uuid.MustParse("6f0c8f3a-1c57-4f1e-9a53-0d6f8a1f7c11")

// world is posters around a real gate; channel, checker and provider are played. The channel grants everything at once.
type world struct {
	sys     *engine.System
	gates   *gate.Gates
	began   time.Time
	reports *enginetest.Probe[report]

	mu      sync.Mutex // guards what stands below
	answers []provider.Answer
	latency time.Duration
	held    bool
	calls   []call
	freed   int
}

type report struct {
	actors.Report
	at time.Duration
}

type call struct {
	provider.Call
	at time.Duration
}

func newWorld(t *testing.T, answers ...provider.Verdict) *world {
	return newWorldWith(t, nil, answers...)
}

// newWorldWith has books note who can't be reached; nil: nobody does.
func newWorldWith(t *testing.T, b *books, answers ...provider.Verdict) *world {
	w := &world{sys: enginetest.NewSystem(t, enginetest.Options{}), began: time.Now()}
	for _, v := range answers {
		w.answers = append(w.answers, provider.Answer{Verdict: v, Status: map[provider.Verdict]int{provider.Refused: 400}[v], RequestID: "id"})
	}
	w.reports = enginetest.NewProbe[report](t, w.sys, "reports")
	engine.Serve(w.sys, actors.Channels, func(string) engine.Actor[actors.ChannelMsg] { return channels{w} })
	engine.Serve(w.sys, actors.Checkers, func(string) engine.Actor[actors.CheckerMsg] { return checkers{w} })
	gates := gate.New(w.sys, gate.Deps{Provider: func(actors.Settings) (provider.Provider, error) { return w, nil }})
	w.gates = gates
	deps := poster.Deps{Cluster: cluster, Gates: gates}
	if b != nil {
		deps.Suppress = b.suppress
	}
	poster.Serve(w.sys, deps)
	return w
}

type channels struct{ w *world }

func (a channels) Handle(c *engine.Context[actors.ChannelMsg], m actors.ChannelMsg) {
	q, ok := m.(actors.WantTokens)
	if !ok {
		return
	}
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	answer := actors.Tokens{Seq: q.Seq, Again: 50 * time.Millisecond, Setup: actors.Settings{Name: "shop"}}
	for _, f := range q.Freed {
		a.w.freed += f.Bytes
	}
	for i, r := range q.Waiting {
		if a.w.held {
			answer.Held = append(answer.Held, r.Run)
			continue
		}
		for _, e := range []provider.Endpoint{provider.Push, provider.Multicast} {
			answer.Grants = append(answer.Grants, actors.Grant{ID: q.Seq*100 + uint64(i)*2 + uint64(e), Run: r.Run, Endpoint: e, Open: true})
		}
	}
	c.Respond(answer)
}

type checkers struct{ w *world }

func (a checkers) Handle(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	a.w.reports.Tell(report{m.(actors.Report), time.Since(a.w.began)})
}

// Send plays the provider: the answers in order, the last one for ever.
func (w *world) Send(ctx context.Context, c provider.Call) provider.Answer {
	w.mu.Lock()
	w.calls = append(w.calls, call{c, time.Since(w.began)})
	a, latency := w.answers[0], w.latency
	if len(w.answers) > 1 {
		w.answers = w.answers[1:]
	}
	w.mu.Unlock()
	select {
	case <-bubble.After(latency):
		return a
	case <-ctx.Done():
		return provider.Answer{Verdict: provider.Doubtful}
	}
}

func (w *world) Validate(context.Context, provider.Endpoint, json.RawMessage) provider.Answer {
	return provider.Answer{Verdict: provider.Accepted}
}

func (w *world) Quota(context.Context) (provider.Quota, error) { return provider.Quota{}, nil }

func (w *world) hold(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = on
}

func (w *world) called() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]call(nil), w.calls...)
}

func (w *world) givenBack() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.freed
}

func push() actors.Post {
	return actors.Post{Campaign: "c", Run: "r", Channel: "shop", Window: 1, Path: actors.Span{Lo: 3, Hi: 4}, To: []string{"u"},
		Messages: json.RawMessage(`[]`), Deadline: time.Now().Add(actors.CallDeadline), Demand: 100}
}

func (w *world) poster() engine.Ref[actors.PosterMsg] { return actors.Posters.Ref(w.sys, "shop/u") }

func (w *world) record(r report, split bool) {
	actors.Posters.Ref(w.sys, r.Poster).Tell(actors.Recorded{Run: r.Run, Window: r.Window, Path: r.Path, Split: split})
}

// settle lets everything happen that happens now.
func settle() { time.Sleep(time.Millisecond); synctest.Wait() }

func TestReportIsRepeatedUntilItIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Accepted)
		w.poster().Tell(push())
		first := w.reports.Wait(1)
		for i, want := range []time.Duration{0, 2, 6, 14, 29, 44} {
			r := w.reports.Wait(i + 1)
			if r.at-first.at != want*time.Second || r.What != actors.PathAccepted || r.Request != "id" || r.Tries != 1 || r.Doubt {
				t.Fatalf("report %d: %+v after %v, want %ds", i, r.Report, r.at-first.at, want)
			}
		}
		w.record(first, false)
		time.Sleep(time.Minute)
		if n := len(w.reports.Messages()); n != 6 {
			t.Errorf("%d reports, want none after the sixth", n)
		}
		if n := len(w.called()); n != 1 {
			t.Errorf("%d calls", n)
		}
		if key := actors.RetryKey(cluster, "r", 1, 0, actors.Span{Lo: 3, Hi: 4}); w.called()[0].Key != key {
			t.Errorf("key %s, want %s", w.called()[0].Key, key)
		}
	})
}

func TestDoubtIsTriedAgainUnderTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Doubtful, provider.Doubtful, provider.Refused)
		w.poster().Tell(push())
		r := w.reports.Wait(1)
		calls := w.called()
		if len(calls) != 3 || !r.Doubt || r.What != actors.PathRefused || r.Tries != 3 {
			t.Fatalf("%d calls, report %+v", len(calls), r.Report)
		}
		for i, want := range []time.Duration{500 * time.Millisecond, time.Second} {
			if gap := calls[i+1].at - calls[i].at; gap < want*4/5 || gap > want*6/5+100*time.Millisecond {
				t.Errorf("attempt %d comes %v after the one before, want %v", i+2, gap, want)
			}
			if calls[i+1].Key != calls[0].Key {
				t.Error("another key")
			}
		}
	})
}

func TestOnlyWhatIsUntriedIsGivenBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer provider.Verdict
		number uint32
		back   bool
	}{
		{"throttled", provider.Throttled, 0, true}, {"unauthorized", provider.Unauthorized, 0, true}, {"not sent", provider.Unsent, 0, true},
		{"in doubt", provider.Doubtful, 0, false}, {"re-driven", provider.Throttled, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, c.answer)
				m := push()
				m.Number = c.number
				w.poster().Tell(m)
				for len(w.called()) == 0 {
					settle()
				}
				w.hold(true)
				w.poster().Tell(actors.GiveBack{Run: "other"})
				settle()
				if n := len(w.reports.Messages()); n != 0 {
					t.Fatalf("%d reports for another run's GiveBack", n)
				}
				w.poster().Tell(actors.GiveBack{Run: "r"})
				settle()
				got := w.reports.Messages()
				if c.back != (len(got) == 1 && got[0].What == actors.PathReturned) {
					t.Errorf("reports %+v, want returned %v", got, c.back)
				}
			})
		})
	}
}

func TestNothingIsGivenBackDuringACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Accepted)
		w.latency = 5 * time.Second
		w.poster().Tell(push())
		for len(w.called()) == 0 {
			settle()
		}
		w.poster().Tell(actors.GiveBack{Run: "r"})
		w.poster().Tell(actors.Drop{Run: "r"})
		if r := w.reports.Wait(1); r.What != actors.PathAccepted {
			t.Errorf("report %+v", r.Report)
		}
	})
}

func TestReDriveTakesAReturnUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Accepted)
		w.hold(true)
		w.poster().Tell(push())
		settle()
		w.poster().Tell(actors.GiveBack{Run: "r"})
		returned := w.reports.Wait(1)
		m := push()
		m.Number = 1
		w.poster().Tell(m) // the checker recorded the re-drive first: it will ignore the return
		settle()
		w.hold(false)
		w.record(returned, false)
		r := w.reports.Wait(2)
		if returned.What != actors.PathReturned || r.What != actors.PathAccepted {
			t.Fatalf("%+v, then %+v", returned.Report, r.Report)
		}
		at := r.at
		if r = w.reports.Wait(3); r.at-at != 2*time.Second {
			t.Errorf("repeated after %v, want 2s: the return's own repeats go on", r.at-at)
		}
	})
}

func TestNewWindowHasANewKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Accepted)
		w.hold(true)
		w.poster().Tell(push())
		settle()
		w.poster().Tell(actors.GiveBack{Run: "r"})
		w.reports.Wait(1)
		m := push()
		m.Window = 2
		w.poster().Tell(m) // comes before the acknowledgement of the return
		w.record(w.reports.Wait(1), false)
		w.hold(false)
		if r := w.reports.Wait(2); r.Window != 2 || r.What != actors.PathAccepted {
			t.Errorf("%+v", r.Report)
		}
		if got := w.called(); len(got) != 1 || got[0].Key != actors.RetryKey(cluster, "r", 2, 0, m.Path) {
			t.Errorf("calls %+v", got)
		}
		w.record(w.reports.Wait(1), false) // the return's acknowledgement again, late: it ends nothing of window 2
		if r := w.reports.Wait(3); r.Window != 2 {
			t.Errorf("%+v", r.Report)
		}
	})
}

func TestDeadline(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer provider.Verdict
		want   int // reports
	}{{"untried is returned", provider.Throttled, 1}, {"what is in doubt is dropped", provider.Doubtful, 0}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, c.answer)
				m := push()
				m.Deadline = time.Now().Add(20 * time.Second)
				w.poster().Tell(m)
				time.Sleep(40 * time.Second)
				calls := w.called()
				if len(calls) == 0 || calls[len(calls)-1].at >= 20*time.Second {
					t.Fatalf("calls %v", calls)
				}
				got := w.reports.Messages()
				if first := len(got) > 0; first != (c.want == 1) || first && got[0].What != actors.PathReturned {
					t.Errorf("reports %+v", got)
				}
			})
		})
	}
}

func TestHalvesOfASplitAreSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Refused, provider.Accepted)
		m := push()
		m.Endpoint, m.Path, m.To = provider.Multicast, actors.Span{Lo: 10, Hi: 13}, []string{"a", "b", "c"}
		actors.Posters.Ref(w.sys, actors.MulticastPoster("shop", "r", m.Path)).Tell(m)
		r := w.reports.Wait(1)
		if r.What != actors.PathSplit {
			t.Fatalf("%+v", r.Report)
		}
		w.record(r, true)
		w.record(r, true)
		for i := range 2 {
			w.record(w.reports.Wait(i+2), false)
		}
		time.Sleep(time.Minute)
		calls := w.called()
		if len(calls) != 3 || len(calls[1].To)+len(calls[2].To) != 3 || calls[1].Key == calls[2].Key || calls[1].Key == calls[0].Key {
			t.Errorf("calls %+v", calls)
		}
		if n := w.givenBack(); n != 100 {
			t.Errorf("%d bytes of demand given back, want 100", n)
		}
	})
}

func TestDemandIsGivenBackOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Accepted)
		w.poster().Tell(push())
		again := push()
		again.Demand = 7
		w.poster().Tell(again)
		w.record(w.reports.Wait(1), false)
		time.Sleep(time.Minute)
		if n := w.givenBack(); n != 107 || len(w.called()) != 1 {
			t.Errorf("%d bytes given back by %d calls, want 107 by one", n, len(w.called()))
		}
	})
}
