package checker_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// world is one checker; its posters and its campaign are probes.
type world struct {
	t        *testing.T
	sys      *engine.System
	progress *enginetest.Probe[actors.CampaignMsg]
	recorded *enginetest.Probe[recorded]
	judged   *checker.Judged
}

type recorded struct {
	actors.Recorded
	poster string
	at     time.Time
}

type posters struct {
	to *enginetest.Probe[recorded]
	id string
}

func (p posters) Handle(c *engine.Context[actors.PosterMsg], m actors.PosterMsg) {
	p.to.Tell(recorded{m.(actors.Recorded), p.id, c.Now()})
}

type campaigns struct {
	to *enginetest.Probe[actors.CampaignMsg]
}

func (p campaigns) Handle(_ *engine.Context[actors.CampaignMsg], m actors.CampaignMsg) { p.to.Tell(m) }

func newWorld(t *testing.T, store journal.Store) *world {
	reg := codec.NewRegistry()
	checker.Register(reg)
	w := &world{t: t, judged: &checker.Judged{}, sys: enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: reg})}
	w.progress = enginetest.NewProbe[actors.CampaignMsg](t, w.sys, "campaign-probe")
	w.recorded = enginetest.NewProbe[recorded](t, w.sys, "poster-probe")
	engine.Serve(w.sys, actors.Posters, func(id string) engine.Actor[actors.PosterMsg] { return posters{w.recorded, id} })
	engine.Serve(w.sys, actors.Campaigns, func(string) engine.Actor[actors.CampaignMsg] { return campaigns{w.progress} })
	checker.Serve(w.sys, checker.Deps{Judged: w.judged, History: func(context.Context, string) iter.Seq2[checker.Recorded, error] {
		return func(yield func(checker.Recorded, error) bool) { yield(checker.Recorded{}, errNoHistory) }
	}})
	return w
}

var errNoHistory = errors.New("no history here")

func (w *world) ref() engine.Ref[actors.CheckerMsg] { return actors.Checkers.Ref(w.sys, "r") }

func ask[R any](w *world, m actors.CheckerMsg) R {
	w.t.Helper()
	r, err := engine.Ask[R](w.t.Context(), w.ref(), m)
	if err != nil {
		w.t.Fatalf("%T: %v", m, err)
	}
	return r
}

// open begins a run of 600 pushes and a multicast of 100.
func (w *world) open() actors.Progress {
	w.t.Helper()
	return ask[actors.Progress](w, actors.Open{Campaign: "c", Run: "r", Table: plan.Table{Recipients: 700,
		Chunks: []plan.Entry{{First: 0, Count: 500, Mode: plan.Push}, {First: 500, Count: 100, Mode: plan.Push}, {First: 600, Count: 100, Mode: plan.Multicast}}}})
}

func report(i uint32, what actors.What) actors.Report {
	return actors.Report{Run: "r", Window: 1, Path: actors.Span{Lo: i, Hi: i + 1}, What: what, Poster: "shop/u"}
}

var multicast = actors.Span{Lo: 600, Hi: 700}

func TestReportsArePackedFor100Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		w := newWorld(t, store)
		w.open()
		began := time.Now()
		w.ref().Tell(report(0, actors.PathAccepted))
		time.Sleep(60 * time.Millisecond)
		w.ref().Tell(report(1, actors.PathRefused))
		for i := range 2 {
			if at := w.recorded.Wait(i + 1).at.Sub(began); at != 100*time.Millisecond {
				t.Errorf("report %d acknowledged after %v, want 100ms", i, at)
			}
		}
		p := w.progress.Wait(1).(actors.Progress)
		if p.Totals[actors.Delivered] != 1 || p.Totals[actors.Failed] != 1 || p.Windows[1] != 2 {
			t.Errorf("progress %+v", p)
		}
		time.Sleep(time.Second)
		if n := len(w.progress.Messages()); n != 1 {
			t.Errorf("%d records for one pack", n)
		}
	})
}

func TestFullPackDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open()
		began := time.Now()
		for i := range uint32(501) {
			w.ref().Tell(report(i, actors.PathAccepted))
		}
		if at := w.recorded.Wait(500).at.Sub(began); at != 0 {
			t.Errorf("the 500th was acknowledged after %v", at)
		}
		if at := w.recorded.Wait(501).at.Sub(began); at != 100*time.Millisecond {
			t.Errorf("the 501st was acknowledged after %v, want 100ms", at)
		}
	})
}

func TestNothingIsAcknowledgedBeforeItsRecordIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		w := newWorld(t, store)
		w.open()
		enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: codec.NewRegistry()}) // fences the first
		w.ref().Tell(report(0, actors.PathAccepted))
		time.Sleep(10 * time.Second)
		if got := w.recorded.Messages(); len(got) != 0 {
			t.Errorf("acknowledged without a record: %v", got)
		}
		if got := w.progress.Messages(); len(got) != 0 {
			t.Errorf("progress without a record: %v", got)
		}
	})
}

func TestLedgerSurvivesACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		w := newWorld(t, store)
		w.open()
		w.ref().Tell(report(0, actors.PathAccepted))
		w.recorded.Wait(1)
		w.sys.Kill()
		w = newWorld(t, store)
		if p := w.open(); p.Totals[actors.Delivered] != 1 || p.Totals.Sum() != 700 {
			t.Errorf("a second Open after a crash: %v", p.Totals)
		}
	})
}

func TestRepeatedReportIsAcknowledgedAndChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open()
		for n := range 3 { // two in one pack, one later
			w.ref().Tell(report(0, actors.PathAccepted))
			if n == 1 {
				w.recorded.Wait(2)
			}
		}
		w.recorded.Wait(3)
		if n := len(w.progress.Messages()); n != 1 {
			t.Errorf("%d records", n)
		}
		if p := w.open(); p.Totals[actors.Delivered] != 1 || p.Windows[1] != 1 {
			t.Errorf("opened twice: %+v", p)
		}
	})
}

func TestHalvesAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open()
		r := actors.Report{Run: "r", Window: 1, Path: multicast, What: actors.PathSplit, Poster: "shop/r/600-700"}
		w.ref().Tell(r)
		w.ref().Tell(r)
		if !w.recorded.Wait(1).Split || w.recorded.Wait(2).Split {
			t.Errorf("split told as %v", w.recorded.Messages())
		}
		u := ask[actors.UnsettledPaths](w, actors.Unsettled{Run: "r", Window: 1, Number: 1, Paths: []actors.Span{multicast}})
		if len(u.Paths) != 2 || u.Paths[0] != (actors.Span{Lo: 600, Hi: 650}) {
			t.Errorf("unsettled %v, want the halves", u.Paths)
		}
	})
}

// TestReDriveIsJudgedAfterWhatCameBefore: a split request that waits in the pack would become unknown for a hundred recipients.
func TestReDriveIsJudgedAfterWhatCameBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open()
		began := time.Now()
		w.ref().Tell(actors.Report{Run: "r", Window: 1, Path: multicast, What: actors.PathSplit, Poster: "shop/r/600-700"})
		u := ask[actors.UnsettledPaths](w, actors.Unsettled{Run: "r", Window: 1, Number: 1, Paths: []actors.Span{multicast}})
		if len(u.Paths) != 2 || u.Progress.Totals[actors.Unknown] != 0 {
			t.Errorf("unsettled %v, %v", u.Paths, u.Progress.Totals)
		}
		if at := time.Since(began); at != 0 {
			t.Errorf("answered after %v", at)
		}
	})
}

// TestReDriveIsJudgedAfterWhatItBrings: the halves of a split are untried though its poster's own word comes only after the question, and that word
// changes nothing then.
func TestReDriveIsJudgedAfterWhatItBrings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open()
		a, b := multicast.Halves()
		known := []actors.Report{report(0, actors.PathAccepted), report(1, actors.PathRefused), {Run: "r", Window: 1, Path: multicast, What: actors.PathSplit},
			{Run: "r", Window: 1, Path: a, What: actors.PathReturned}, {Run: "r", Window: 1, Path: b, What: actors.PathReturned}}
		u := ask[actors.UnsettledPaths](w, actors.Unsettled{Run: "r", Window: 1, Number: 1, Paths: []actors.Span{{Lo: 0, Hi: 3}, multicast}, Reports: known})
		if len(u.Paths) != 1 || u.Paths[0] != (actors.Span{Lo: 2, Hi: 3}) {
			t.Errorf("unsettled %v, want 2-3", u.Paths)
		}
		for _, r := range known {
			w.ref().Tell(r)
		}
		time.Sleep(time.Second)
		p := ask[actors.Progress](w, actors.Totalled{Run: "r", Windows: []uint32{1}})
		var back []actors.Span
		for _, r := range p.Returned {
			back = append(back, r.Paths...)
		}
		if !slices.Equal(back, []actors.Span{a, b}) {
			t.Errorf("returned %v, want each half once", back)
		}
		if p.Totals[actors.Delivered] != 1 || p.Totals[actors.Failed] != 1 || p.Totals[actors.Unknown] != 0 {
			t.Errorf("%v", p.Totals)
		}
	})
}

func TestReDriveExcludesReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		w := newWorld(t, store)
		w.open()
		w.ref().Tell(report(0, actors.PathReturned))
		w.recorded.Wait(1)
		window := []actors.Span{{Lo: 0, Hi: 3}}
		for range 2 {
			u := ask[actors.UnsettledPaths](w, actors.Unsettled{Run: "r", Window: 1, Number: 1, Paths: window})
			if len(u.Paths) != 1 || u.Paths[0] != (actors.Span{Lo: 1, Hi: 3}) {
				t.Fatalf("unsettled %v, want 1-3", u.Paths)
			}
			if r := u.Progress.Returned; len(r) != 1 || r[0].Paths[0] != (actors.Span{Lo: 0, Hi: 1}) {
				t.Fatalf("returned %v, want 0-1", r)
			}
			w.sys.Kill()
			w = newWorld(t, store)
		}
		w.ref().Tell(report(1, actors.PathReturned))
		w.recorded.Wait(1)
		if p := ask[actors.Progress](w, actors.Totalled{Run: "r", Windows: []uint32{1}}); len(p.Returned) != 1 {
			t.Errorf("a re-driven path was returned: %v", p.Returned)
		}
	})
}

func TestStretchOfAComposerIsAnsweredOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open()
		before := time.Now()
		ask[actors.Done](w, actors.Untold{Run: "r", Window: 1, Paths: []actors.Span{{Lo: 10, Hi: 20}}, What: actors.PathAltered})
		if took := time.Since(before); took != 0 {
			t.Errorf("recorded after %v: a cancel waits for it", took)
		}
		p := ask[actors.Progress](w, actors.Totalled{Run: "r", Windows: []uint32{1}})
		if len(p.Returned) != 1 || p.Returned[0].Paths[0].Len() != 10 || !p.Returned[0].Anew {
			t.Errorf("returned %+v", p.Returned)
		}
	})
}

func TestGiveUpLeavesWhatWasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open()
		w.ref().Tell(report(0, actors.PathReturned)) // still in the pack
		p := ask[actors.Progress](w, actors.GiveUp{Run: "r", Window: 1, Paths: []actors.Span{{Lo: 0, Hi: 4}}, Reason: "late"})
		if p.Totals[actors.Unknown] != 3 {
			t.Errorf("%v unknown, want 3", p.Totals)
		}
		p = ask[actors.Progress](w, actors.Direct{Run: "r", Paths: []actors.Span{{Lo: 0, Hi: 700}}, Outcome: actors.Cancelled})
		if p.Totals != (actors.Totals{actors.Unknown: 3, actors.Cancelled: 697}) {
			t.Errorf("after the cancel: %v", p.Totals)
		}
		if again := ask[actors.Progress](w, actors.Direct{Run: "r", Paths: []actors.Span{{Lo: 0, Hi: 700}}, Outcome: actors.Expired}); again.Totals != p.Totals {
			t.Errorf("a repeat changed %v to %v", p.Totals, again.Totals)
		}
	})
}

func TestUnknownRunAndUnknownRecipientAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		var problem actors.Problem
		if _, err := engine.Ask[actors.Outcomes](t.Context(), w.ref(), actors.CheckerMsg(actors.Page{})); !errors.As(err, &problem) || problem.Status != 404 {
			t.Errorf("page of an unknown run: %v", err)
		}
		w.open()
		if _, err := engine.Ask[actors.Account](t.Context(), w.ref(), actors.CheckerMsg(actors.Story{Index: 700})); !errors.As(err,
			&problem) || problem.Status != 404 {
			t.Errorf("story of an unknown recipient: %v", err)
		}
		if _, err := engine.Ask[actors.Account](t.Context(), w.ref(), actors.CheckerMsg(actors.Story{Index: 1})); !errors.Is(err, errNoHistory) {
			t.Errorf("story without a history: %v", err)
		}
	})
}
