package poster_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// TestNewGenerationBeginsAnew: what a poster knows of the older generation is told, and none of its doubts goes over.
func TestNewGenerationBeginsAnew(t *testing.T) {
	const latency = 100 * time.Millisecond
	newer := func() actors.Post {
		m := push()
		m.Window, m.Generation = 7, 1
		return m
	}
	type told struct {
		window uint32
		what   actors.What
		doubt  bool
	}
	for _, c := range []struct {
		name    string
		answers []provider.Verdict
		calls   []uint32 // by window
		after   time.Duration
		want    []told
	}{
		{name: "in doubt, waiting", answers: []provider.Verdict{provider.Doubtful, provider.Refused}, after: 200 * time.Millisecond, calls: []uint32{1, 7},
			want: []told{{7, actors.PathRefused, false}}},
		{name: "calling, then in doubt", answers: []provider.Verdict{provider.Doubtful, provider.Refused}, after: 50 * time.Millisecond, calls: []uint32{1, 7},
			want: []told{{7, actors.PathRefused, false}}},
		{name: "calling, then accepted", answers: []provider.Verdict{provider.Accepted}, after: 50 * time.Millisecond, calls: []uint32{1},
			want: []told{{1, actors.PathAccepted, false}}},
		{name: "calling, then refused", answers: []provider.Verdict{provider.Refused, provider.Accepted}, after: 50 * time.Millisecond, calls: []uint32{1, 7},
			want: []told{{1, actors.PathRefused, false}, {7, actors.PathAccepted, false}}},
		{name: "refusal not recorded", answers: []provider.Verdict{provider.Refused, provider.Accepted}, after: 200 * time.Millisecond, calls: []uint32{1, 7},
			want: []told{{1, actors.PathRefused, false}, {7, actors.PathAccepted, false}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, c.answers...)
				w.latency = latency
				w.poster().Tell(push())
				for len(w.called()) == 0 {
					settle()
				}
				time.Sleep(c.after)
				w.poster().Tell(newer())
				again := newer()
				again.Demand = 7
				w.poster().Tell(again) // a repeat
				for i, want := range c.want {
					r := w.reports.Wait(i + 1)
					if got := (told{r.Window, r.What, r.Doubt}); got != want {
						t.Fatalf("report %d: %+v, want %+v", i+1, got, want)
					}
					w.record(r, false)
				}
				time.Sleep(time.Minute)
				if n := len(w.reports.Messages()); n != len(c.want) {
					t.Errorf("%d reports, want %d", n, len(c.want))
				}
				path := push().Path
				for i, call := range w.called() {
					if i >= len(c.calls) || call.Key != actors.RetryKey(cluster, "r", c.calls[i], 0, path) {
						t.Errorf("call %d of %d has not the key of its window", i+1, len(w.called()))
					}
				}
				if n := w.givenBack(); n != 207 {
					t.Errorf("%d bytes of demand given back, want 207", n)
				}
			})
		})
	}
}

// TestNewGenerationLeaves: a poster that goes to another node gives back what it had not begun.
func TestNewGenerationLeaves(t *testing.T) {
	for name, number := range map[string]uint32{"untried": 0, "sent again": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, provider.Accepted)
				w.latency = 5 * time.Second
				dropped := enginetest.NewProbe[actors.Dropped](t, w.sys, "dropped")
				engine.Serve(w.sys, actors.Campaigns, func(string) engine.Actor[actors.CampaignMsg] { return campaigns{dropped} })
				w.poster().Tell(push())
				for len(w.called()) == 0 {
					settle()
				}
				m := push()
				m.Window, m.Generation, m.Number = 7, 1, number
				w.poster().Tell(m)
				settle()
				w.vacate(t)
				time.Sleep(time.Minute)
				got, gone := w.reports.Messages(), map[uint32]bool{}
				for _, d := range dropped.Messages() {
					gone[d.Window] = true
				}
				returned := len(got) == 1 && got[0].Window == 7 && got[0].What == actors.PathReturned
				if returned != (number == 0) || !gone[1] || gone[7] == returned {
					t.Errorf("reports %+v, dropped of windows %v", got, gone)
				}
				if n := w.givenBack(); n != 200 {
					t.Errorf("%d bytes of demand given back, want 200", n)
				}
			})
		})
	}
}
