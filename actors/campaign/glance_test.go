package campaign

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// A glance shows what the campaign itself would show, as far as events tell.
func TestGlanceAgreesWithIntent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := time.Unix(1_800_000_000, 0)
		at := func() time.Time {
			return base.Add(time.Duration(rapid.Int64Range(-3600, 3600).Draw(t, "seconds")) * time.Second)
		}
		var s Intent
		var g Glance
		apply := func(e Event) { s.Apply(e); g.Apply(e) }
		apply(Accepted{Definition: actors.Definition{Name: "n", Channel: "c"}, Audience: actors.Audience{Rows: 9, Duplicates: 2}, At: base, Due: at()})
		steps := []func(){
			func() { apply(Paused{}) },
			func() { apply(Resumed{}) },
			func() { apply(CancelAsked{At: at()}) },
			func() { apply(Lapsed{At: at()}) },
			func() { apply(RunStarted{Run: "r"}) },
			func() {
				apply(Planned{Table: plan.Table{Recipients: 7, Chunks: []plan.Entry{{Count: 7, Mode: plan.Multicast}}}})
			},
			func() { apply(WindowOpened{Number: s.Last + 1, At: at(), Cursor: 7}) },
			func() { apply(WindowClosed{Number: s.Last}) },
			func() {
				apply(Finished{State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 7}, At: at()})
			},
		}
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			steps[rapid.IntRange(0, len(steps)-1).Draw(t, "step")]()
		}
		now := at()
		info := g.Info("id", now)
		if want := s.state(view{}, now); info.State != want {
			t.Fatalf("state %s, want %s", info.State, want)
		}
		a := &Campaign{intent: s}
		if info.Reason != a.reason() || info.Totals != a.totals() || info.Mode != mode(s.Table) || info.Run != s.Run || !info.StartedAt.Equal(s.Started) {
			t.Fatalf("%+v of %+v", info, s)
		}
		if g.Running() != (s.Run != "" && s.Finished == nil) || !g.Accepted() || g.Channel() != "c" {
			t.Fatalf("%+v", g)
		}
	})
}
