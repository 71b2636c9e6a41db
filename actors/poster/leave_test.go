package poster_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

type campaigns struct {
	dropped *enginetest.Probe[actors.Dropped]
}

func (a campaigns) Handle(_ *engine.Context[actors.CampaignMsg], m actors.CampaignMsg) {
	a.dropped.Tell(m.(actors.Dropped))
}

// vacate has all posters go to another node, which takes at most 800 ms.
func (w *world) vacate(t *testing.T) (took time.Duration) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
	defer cancel()
	w.sys.Vacate(ctx, engine.Departure{Role: actors.RolePoster, Group: func(string) int { return 0 }})
	return time.Since(began)
}

// TestLeaving: what a poster holds when it goes to another node, what it says of it, and that its demand and its tokens are free again.
func TestLeaving(t *testing.T) {
	multicast := func() actors.Post {
		p := push()
		p.Endpoint, p.Path, p.To = provider.Multicast, actors.Span{Lo: 0, Hi: 3}, []string{"a", "b", "u"}
		return p
	}
	accepted := []actors.Report{{What: actors.PathAccepted, Path: actors.Span{Lo: 3, Hi: 4}}}
	for name, c := range map[string]struct {
		answers []provider.Verdict
		post    actors.Post
		held    bool          // no token comes
		latency time.Duration // of a call
		took    time.Duration
		reports []actors.Report // to the checker
		relayed []actors.Report // to the campaign, which tells the checker
		dropped bool
	}{
		"untried":        {post: push(), held: true, reports: []actors.Report{{What: actors.PathReturned, Path: actors.Span{Lo: 3, Hi: 4}}}},
		"sent again":     {post: func() actors.Post { p := push(); p.Number = 1; return p }(), held: true, dropped: true},
		"in doubt":       {answers: []provider.Verdict{provider.Doubtful}, post: push(), dropped: true},
		"call ends":      {post: push(), latency: 500 * time.Millisecond, took: 498 * time.Millisecond, dropped: true, reports: accepted, relayed: accepted},
		"call cancelled": {post: push(), latency: 5 * time.Second, took: 800 * time.Millisecond, dropped: true},
		"not recorded":   {post: push(), dropped: true, reports: accepted, relayed: accepted},
		"split": {answers: []provider.Verdict{provider.Refused}, post: multicast(), dropped: true,
			reports: []actors.Report{{What: actors.PathSplit, Path: actors.Span{Hi: 3}}}, relayed: []actors.Report{
				{What: actors.PathSplit, Path: actors.Span{Hi: 3}}, {What: actors.PathReturned, Path: actors.Span{Hi: 2}},
				{What: actors.PathReturned, Path: actors.Span{Lo: 2, Hi: 3}},
			}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c.answers == nil {
					c.answers = []provider.Verdict{provider.Accepted}
				}
				w := newWorld(t, c.answers...)
				dropped := enginetest.NewProbe[actors.Dropped](t, w.sys, "dropped")
				engine.Serve(w.sys, actors.Campaigns, func(string) engine.Actor[actors.CampaignMsg] { return campaigns{dropped} })
				if c.held {
					w.gates.Suspend("the test")
				}
				w.mu.Lock()
				w.latency = c.latency
				w.mu.Unlock()
				w.poster().Tell(c.post)
				settle()
				settle()
				if took := w.vacate(t); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				time.Sleep(time.Second) // the gate's next question
				synctest.Wait()
				var told, relayed []actors.Report
				for _, r := range w.reports.Messages() {
					told = append(told, actors.Report{What: r.What, Path: r.Path})
				}
				all := dropped.Messages()
				for _, d := range all {
					for _, r := range d.Reports {
						relayed = append(relayed, actors.Report{What: r.What, Path: r.Path, Poster: r.Poster})
					}
				}
				if !slices.Equal(told, c.reports) || !slices.Equal(relayed, c.relayed) {
					t.Errorf("reports %+v and by the campaign %+v, want %+v and %+v", told, relayed, c.reports, c.relayed)
				}
				if n := len(all); (n == 1) != c.dropped {
					t.Errorf("%d paths are dropped, want any: %v", n, c.dropped)
				}
				if n := w.givenBack(); n != c.post.Demand {
					t.Errorf("%d bytes of demand are free again, want %d", n, c.post.Demand)
				}
				if n := w.gates.Figures("shop").InFlight.Load(); n != 0 {
					t.Errorf("the gate takes %d calls to be in flight", n)
				}
			})
		})
	}
}
