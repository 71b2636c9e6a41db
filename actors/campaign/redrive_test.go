package campaign_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// composed is the n-th word to a composer, which is to begin a window.
func (w *world) composed(n int) actors.Compose {
	w.t.Helper()
	m, ok := w.composers.Wait(n).ComposerMsg.(actors.Compose)
	if !ok {
		w.t.Fatalf("word %d to a composer: %+v", n, w.composers.Wait(n))
	}
	return m
}

// report tells the checker what became of recipients of a window.
func (w *world) report(m actors.Compose, what ...actors.What) {
	for i, x := range what {
		actors.Checkers.Ref(w.sys, m.Run).Tell(actors.Report{Run: m.Run, Window: m.Window, Path: actors.Span{Lo: uint32(i), Hi: uint32(i) + 1}, What: x, Tries: 1,
			Doubt: x == actors.PathSplit, Reason: "bad", At: time.Now()})
	}
	time.Sleep(time.Second)
	synctest.Wait()
}

func (w *world) refused(status int, m actors.CampaignMsg) {
	w.t.Helper()
	var problem actors.Problem
	if r, err := engine.Ask[actors.Redriving](w.t.Context(), w.ref(), m); !errors.As(err, &problem) || problem.Status != status {
		w.t.Errorf("%+v: %+v %v, want a %d", m, r, err, status)
	}
}

// outcomes are delivered, failed, unknown and pending.
func outcomes(i actors.Info) [4]uint32 {
	t := i.Totals
	return [4]uint32{t[actors.Delivered], t[actors.Failed], t[actors.Unknown], t[actors.Pending]}
}

// TestRedrive: a finished campaign runs again for those who failed, and once more for those who are unknown; each time in a window of its own.
func TestRedrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		failed, unknown := actors.Redrive{State: actors.Failed}, actors.Redrive{State: actors.Unknown, Acknowledged: true}
		w.refused(404, failed)
		ask[actors.Info](w, w.upload("u"))
		first := w.composed(1)
		w.report(first, actors.PathAccepted, actors.PathRefused, actors.PathSplit) // a refusal in doubt is unknown
		i := ask[actors.Info](w, actors.Show{})
		if i.State != actors.StateFinished || outcomes(i) != [4]uint32{1, 1, 1, 0} || i.Generation != 0 {
			t.Fatalf("%+v", i)
		}
		w.refused(422, actors.Redrive{State: actors.Delivered})
		w.refused(422, actors.Redrive{State: actors.Unknown})

		r := ask[actors.Redriving](w, failed)
		if r.Recipients != 1 || r.Left != 0 || r.Info.Generation != 1 || r.Info.State != actors.StateRunning || outcomes(r.Info) != [4]uint32{1, 0, 1, 1} {
			t.Fatalf("%+v", r)
		}
		second := w.composed(2)
		if second.Window != first.Window+1 || second.Generation != 1 || second.Number != 0 ||
			len(second.Paths) != 1 || second.Paths[0].Span != (actors.Span{Lo: 1, Hi: 2}) {
			t.Fatalf("%+v", second)
		}
		if want := time.Now().Add(actors.CallDeadline); second.Deadline.Before(want.Add(-2*time.Second)) || second.Deadline.After(want) {
			t.Errorf("the window's deadline is %v, want its own: %v", second.Deadline, want)
		}
		if r := ask[actors.Redriving](w, failed); r.Recipients != 0 || r.Info.Generation != 1 {
			t.Errorf("nothing is failed any more: %+v", r)
		}
		w.report(actors.Compose{Run: first.Run, Window: first.Window}, 0, actors.PathRefused) // the old window's, late
		if i = ask[actors.Info](w, actors.Show{}); outcomes(i) != [4]uint32{1, 0, 1, 1} {
			t.Errorf("a report of the old window counts for the new one: %+v", i)
		}
		w.report(second, 0, actors.PathAccepted)
		if i = ask[actors.Info](w, actors.Show{}); i.State != actors.StateFinished || outcomes(i) != [4]uint32{2, 0, 1, 0} || i.Generation != 1 {
			t.Fatalf("%+v", i)
		}

		if r = ask[actors.Redriving](w, unknown); r.Recipients != 1 || r.Info.Generation != 2 {
			t.Fatalf("%+v", r)
		}
		third := w.composed(3)
		w.report(third, 0, 0, actors.PathRefused)
		if i = ask[actors.Info](w, actors.Show{}); i.State != actors.StateFinished || outcomes(i) != [4]uint32{2, 0, 1, 0} {
			t.Errorf("unknown is replaced by nothing but delivered: %+v", i)
		}
		w.refused(422, actors.Redrive{State: actors.Unknown}) // the acknowledgement is needed every time
	})
}

// TestRedriveWhileRunning: those who failed go into the next window; the open one keeps the rest.
func TestRedriveWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ask[actors.Info](w, w.upload("u"))
		first := w.composed(1)
		w.report(first, actors.PathRefused)
		if r := ask[actors.Redriving](w, actors.Redrive{State: actors.Failed}); r.Recipients != 1 {
			t.Fatalf("%+v", r)
		}
		second := w.composed(2)
		if len(second.Paths) != 1 || second.Paths[0].Span != (actors.Span{Lo: 0, Hi: 1}) {
			t.Fatalf("%+v", second)
		}
		time.Sleep(actors.StallAfter + time.Second) // both are silent: each sends again what is its own
		again := map[uint32][]actors.Path{}
		for n := range 2 {
			m := w.composed(3 + n)
			again[m.Window] = m.Paths
		}
		if a, b := again[first.Window], again[second.Window]; len(a) != 1 || a[0].Span != (actors.Span{Lo: 1, Hi: 3}) ||
			len(b) != 1 || b[0].Span != second.Paths[0].Span {
			t.Errorf("sent again: %+v", again)
		}
		w.report(second, actors.PathAccepted)
		w.report(first, 0, actors.PathAccepted, actors.PathAccepted)
		if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StateFinished || outcomes(i) != [4]uint32{3, 0, 0, 0} {
			t.Errorf("%+v", i)
		}
	})
}

// TestRedriveOfWhatIsOver: a cancelled campaign is never sent again, nor one that came too late.
func TestRedriveOfWhatIsOver(t *testing.T) {
	for name, end := range map[string]func(*world){
		"cancelled": func(w *world) {
			ask[actors.Info](w, actors.Cancel{})
			w.refused(409, actors.Redrive{State: actors.Failed}) // while it is being cancelled
			time.Sleep(time.Minute)
		},
		"too late": func(*world) { time.Sleep(2 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				accept := w.upload("u")
				accept.Definition.ExpireAfter = time.Hour
				ask[actors.Info](w, accept)
				w.report(w.composed(1), actors.PathRefused)
				end(w)
				w.refused(409, actors.Redrive{State: actors.Failed})
			})
		})
	}
}

// TestRedriveOutlivesADeath: once asked for it is carried out, by whichever activation, without anybody asking again.
func TestRedriveOutlivesADeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ask[actors.Info](w, w.upload("u"))
		w.report(w.composed(1), actors.PathRefused, actors.PathAccepted, actors.PathAccepted)
		for _, point := range []string{"campaign.redrive.asked", "campaign.replanned"} {
			n := len(w.composers.Messages())
			w.dieAt(point)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if r, err := engine.Ask[actors.Redriving](ctx, w.ref(), actors.CampaignMsg(actors.Redrive{State: actors.Failed})); err == nil {
				t.Fatalf("%s: an answer of somebody who died: %+v", point, r)
			}
			cancel()
			m := w.composed(n + 1) // a reminder wakes it
			w.report(m, actors.PathRefused)
			if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StateFinished || outcomes(i) != [4]uint32{2, 1, 0, 0} {
				t.Errorf("%s: %+v", point, i)
			}
		}
		if got := ask[actors.Info](w, actors.Show{}).Generation; got != 2 {
			t.Errorf("generation %d, want 2", got)
		}
	})
}
