package checker_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/tally"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// inVariants is a run of six pushes, of which the first two and the last one get the variant a.
var inVariants = plan.Table{Recipients: 6,
	Chunks: []plan.Entry{{Count: 2, Mode: plan.Push}, {First: 2, Count: 3, Mode: plan.Push}, {First: 5, Count: 1, Mode: plan.Failed}},
	Lots:   []plan.LotEntry{{}, {First: 2, Lot: plan.Lot{Variant: 1}}, {First: 5, Lot: plan.Lot{Delay: time.Hour}}}}

func (o *office) try(run string) actors.Progress {
	o.Helper()
	m := actors.Open{Campaign: "c", Run: run, Channel: "shop", Due: time.Now(), Table: inVariants, Variants: []string{"a", "b"}, Experiment: "greeting"}
	p, err := engine.Ask[actors.Progress](o.Context(), actors.Checkers.Ref(o.sys, run), actors.CheckerMsg(m))
	if err != nil {
		o.Fatal(err)
	}
	return p
}

// experiment shows started, finished, requests, pending, delivered, failed and unknown of each variant.
func (o *office) experiment(name string) (out []string) {
	o.Helper()
	synctest.Wait()
	all, err := engine.Ask[actors.AllOfThem](o.Context(), actors.Experiments.Ref(o.sys, actors.ExperimentID("shop", name)), actors.TallyMsg(actors.AllFigures{}))
	if err != nil {
		o.Fatal(err)
	}
	for _, f := range all.Figures {
		n := f.Outcomes
		out = append(out, fmt.Sprintf("%s %d/%d %d %d+%d+%d+%d", f.Month, f.Started, f.Finished, f.Requests, n[actors.Pending], n[actors.Delivered],
			n[actors.Failed], n[actors.Unknown]))
	}
	return out
}

func (o *office) wantExperiment(want ...string) {
	o.Helper()
	if got := o.experiment("greeting"); fmt.Sprint(got) != fmt.Sprint(want) {
		o.Errorf("%q, want %q", got, want)
	}
}

// TestVariantsAreCounted in the answers to campaigns, and by the experiment over all runs that name it; what changes after the end, too.
func TestVariantsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		o := newOffice(t, store)
		if p := o.try("r"); len(p.Variants) != 2 || p.Variants[0] != (actors.Totals{actors.Pending: 2, actors.Failed: 1}) ||
			p.Variants[1] != (actors.Totals{actors.Pending: 3}) {
			t.Fatalf("%v", p.Variants)
		}
		o.report("r", 0, actors.PathAccepted, time.Now())
		o.report("r", 2, actors.PathRefused, time.Now())
		time.Sleep(11 * time.Second)
		o.wantExperiment("a 1/0 2 1+1+1+0", "b 1/0 2 2+0+1+0")
		for i := range uint32(5) {
			what := actors.PathAccepted
			if i == 3 {
				what = actors.PathSplit // of one recipient: unknown
			}
			o.report("r", i, what, time.Now())
		}
		time.Sleep(time.Second)
		o.wantExperiment("a 1/1 4 0+2+1+0", "b 1/1 8 0+2+0+1")
		o.report("r", 3, actors.PathAccepted, time.Now()) // late
		time.Sleep(time.Second)
		o.wantExperiment("a 1/1 4 0+2+1+0", "b 1/1 10 0+3+0+0")

		o.try("s")
		o.sys.Kill()
		o = newOffice(t, store)
		time.Sleep(3 * time.Minute)
		o.wantExperiment("a 2/1 4 2+2+2+0", "b 2/1 10 3+3+0+0")
		if got := o.experiment("another"); got != nil {
			t.Errorf("an experiment that nobody named has %v", got)
		}
		o.want(actors.Statistics, "2000-01", "2/1 14 5+2+0")
	})
}

// TestExperimentForgetsRuns, and still counts what comes later once.
func TestExperimentForgetsRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, enginetest.NewStore())
		finish := func(run string, last actors.What) {
			o.try(run)
			for i := range uint32(5) {
				what := actors.PathAccepted
				if i == 4 {
					what = last
				}
				o.report(run, i, what, time.Now())
			}
		}
		finish("r", actors.PathSplit)
		time.Sleep(25 * time.Hour)
		finish("s", actors.PathAccepted) // a word by which old runs are forgotten
		time.Sleep(time.Hour)
		o.wantExperiment("a 2/2 8 0+4+2+0", "b 2/2 12 0+5+0+1")
		o.report("r", 4, actors.PathAccepted, time.Now())
		time.Sleep(time.Hour)
		o.wantExperiment("a 2/2 8 0+4+2+0", "b 2/2 14 0+6+0+0")
	})
}

// TestExperimentThatIsAwayIsToldLater, without a loss for the others; and a forgotten run stays counted.
func TestExperimentThatIsAwayIsToldLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, enginetest.NewStore(), actors.Experiments)
		o.try("r")
		for i := range uint32(5) {
			o.report("r", i, actors.PathAccepted, time.Now())
		}
		time.Sleep(time.Second)
		o.want(actors.Statistics, "2000-01", "1/1 10 5+1+0")
		forget := func() error {
			_, err := engine.Ask[actors.Done](t.Context(), actors.Checkers.Ref(o.sys, "r"), actors.CheckerMsg(actors.Forget{Run: "r"}))
			return err
		}
		if err := forget(); err == nil {
			t.Error("it is forgotten before the experiment knows of it")
		}
		tally.Serve(o.sys, actors.Experiments)
		time.Sleep(time.Hour)
		o.wantExperiment("a 1/1 4 0+2+1+0", "b 1/1 6 0+3+0+0")
		if err := forget(); err != nil {
			t.Error(err)
		}
		actors.Checkers.Ref(o.sys, "r").Tell(actors.TellAgain{})
		time.Sleep(time.Hour)
		o.wantExperiment("a 1/1 4 0+2+1+0", "b 1/1 6 0+3+0+0")
		p, err := engine.Ask[actors.Progress](t.Context(), actors.Checkers.Ref(o.sys, "r"), actors.CheckerMsg(actors.Totalled{Run: "r"}))
		if err != nil || len(p.Variants) != 2 || p.Variants[1] != (actors.Totals{actors.Delivered: 3}) {
			t.Errorf("%v, %v", p.Variants, err)
		}
	})
}

// TestVariantsFollowRedrives: who is reopened is pending in his variant.
func TestVariantsFollowRedrives(t *testing.T) {
	k := checker.New(checker.Deps{})
	var l checker.Ledger
	for _, e := range []checker.Event{
		checker.Opened{Campaign: "c", Run: "r", Channel: "shop", Table: inVariants, Variants: []string{"a", "b"}, Experiment: "greeting"},
		checker.Settled{Entries: []checker.Entry{{Path: actors.Span{Lo: 0, Hi: 2}, Window: 1, Outcome: actors.Failed, Tries: 1},
			{Path: actors.Span{Lo: 2, Hi: 5}, Window: 1, Outcome: actors.Failed, Tries: 1}}},
		checker.Reopened{Generation: 1, After: 1, State: actors.Failed, Paths: []actors.Span{{Lo: 1, Hi: 4}}},
		checker.Settled{Entries: []checker.Entry{{Path: actors.Span{Lo: 1, Hi: 2}, Window: 2, Outcome: actors.Delivered, Tries: 1}}},
	} {
		k.Apply(e)
		l.Apply(e)
	}
	p := l.Progress()
	if p.Variants[0] != (actors.Totals{actors.Failed: 2, actors.Delivered: 1}) || p.Variants[1] != (actors.Totals{actors.Pending: 2, actors.Failed: 1}) {
		t.Errorf("%v", p.Variants)
	}
	k.Apply(checker.Forgotten{})
	restored := checker.New(checker.Deps{})
	restored.Restore(k.Snapshot())
	if r := restored.Snapshot().(checker.Remains); r.Experiment != "greeting" || len(r.Variants) != 2 || r.Variants[1] != p.Variants[1] {
		t.Errorf("%+v", r)
	}
}
