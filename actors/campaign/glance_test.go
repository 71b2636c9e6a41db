package campaign

import (
	"slices"
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
		apply(Accepted{Definition: actors.Definition{Name: "n", Channel: "c", Experiment: "x", Variants: []actors.Variant{{Name: "a", Weight: 3}, {Name: "b", Weight: 1}},
			Topic: "news", ExpireAfter: time.Hour, Zone: "Asia/Tokyo"},
			Audience: actors.Audience{Rows: 9, Duplicates: 2}, At: base, Due: at()})
		steps := []func(){
			func() { apply(Paused{}) },
			func() { apply(Resumed{}) },
			func() { apply(CancelAsked{At: at()}) },
			func() { apply(Lapsed{At: at()}) },
			func() { apply(RunStarted{Run: "r"}) },
			func() { apply(Ranked{Priority: actors.PriorityLow, Weight: 7}) },
			func() { apply(QuotaWaived{}) },
			func() {
				apply(Planned{Table: plan.Table{Recipients: 7, Chunks: []plan.Entry{{Count: 7, Mode: plan.Multicast}},
					Lots: []plan.LotEntry{{}, {First: 3, Lot: plan.Lot{Variant: 1, Delay: time.Hour}}}}})
			},
			func() { apply(WindowOpened{Number: s.Last + 1, At: at(), Cursor: 7}) },
			func() { apply(WindowClosed{Number: s.Last}) },
			func() {
				apply(Finished{State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 7}, At: at(),
					Variants: []actors.Totals{{actors.Delivered: 3}, {actors.Delivered: 4}}})
			},
			func() { apply(RedriveAsked{Generation: s.Generation + 1, State: actors.Failed, At: at()}) },
			func() { apply(Replanned{Generation: s.Generation, Next: 7}) },
		}
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			steps[rapid.IntRange(0, len(steps)-1).Draw(t, "step")]()
		}
		now := at()
		info := g.Info("id", now)
		if want := s.state(view{}, now); info.State != want {
			t.Fatalf("state %s, want %s", info.State, want)
		}
		if p, weight := s.Rank(); info.Priority != p || info.Weight != weight {
			t.Fatalf("%s %d, want %s %d", info.Priority, info.Weight, p, weight)
		}
		a := &Campaign{intent: s}
		if info.Reason != a.reason() || info.Totals != a.totals() || info.Mode != mode(s.Table) || info.Sends != s.Table.Sends() || info.Run != s.Run ||
			info.Generation != s.Generation || !info.StartedAt.Equal(s.Started) {
			t.Fatalf("%+v of %+v", info, s)
		}
		if want := variants(&s.Accepted.Definition, a.variants()); !slices.Equal(info.Variants, want) || info.Experiment != "x" || info.Spread != s.Table.LastDelay() {
			t.Fatalf("%v of %q in %v, want %v", info.Variants, info.Experiment, info.Spread, want)
		}
		if *info.Schedule != *s.Accepted.Definition.Schedule() || info.Topic != "news" {
			t.Fatalf("%+v about %q", info.Schedule, info.Topic)
		}
		if g.Running() != (s.Run != "" && s.Finished == nil) || !g.Accepted() || g.Channel() != "c" {
			t.Fatalf("%+v", g)
		}
	})
}

// What is shown of a series follows from its events alike.
func TestGlanceOfASeriesAgrees(t *testing.T) {
	var s Intent
	var g Glance
	ended := actors.Totals{actors.Failed: 2, actors.Delivered: 5}
	amended := actors.Totals{actors.Delivered: 7}
	for _, e := range []Event{
		Accepted{Definition: actors.Definition{Name: "n", Channel: "c", Cron: "0 * * * *"}, Audience: actors.Audience{Rows: 7}, At: due, Due: due},
		Occurred{Campaign: "a", Due: due}, Occurred{Campaign: "b", Due: due.Add(time.Hour)}, Skipped{Due: due.Add(2 * time.Hour), Reason: skippedBusy},
		OccurrenceEnded{Campaign: "a", State: actors.StateFinished, Totals: ended, Variants: []actors.Totals{{actors.Failed: 2}, {actors.Delivered: 5}}},
		OccurrenceAmended{Campaign: "a", State: actors.StateFinished, Totals: amended, Variants: []actors.Totals{{actors.Delivered: 2}, {actors.Delivered: 5}}},
	} {
		s.Apply(e)
		g.Apply(e)
		if s.Accepted == nil || s.Series.Begun == 0 {
			continue
		}
		want := (&Campaign{intent: s}).recurrence()
		got := g.Info("id", due).Recurs
		if got.Sums != want.Sums || !slices.Equal(got.Variants, want.Variants) || got.Over != want.Over || got.Skipped != want.Skipped || got.Begun != want.Begun ||
			got.Newest[len(got.Newest)-1].Totals != want.Newest[len(want.Newest)-1].Totals {
			t.Errorf("after %T: %+v, want %+v", e, got, want)
		}
	}
	if sums := g.Info("id", due).Recurs.Sums; sums[actors.Delivered] != 7 || sums[actors.Failed] != 0 {
		t.Errorf("%v", sums)
	}
}
