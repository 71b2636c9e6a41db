package actors_test

import (
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/actors"
)

func TestOneOrderOfOutcomes(t *testing.T) {
	rising := []actors.Outcome{actors.Pending, actors.Expired, actors.Suppressed, actors.Cancelled, actors.Failed, actors.Unknown, actors.Delivered}
	for i, a := range rising {
		for j, b := range rising {
			if want := rising[max(i, j)]; actors.Merge(a, b) != want || actors.Merge(b, a) != want {
				t.Errorf("%v and %v: %v, want %v", a, b, actors.Merge(a, b), want)
			}
		}
		if o, ok := actors.ParseOutcome(a.String()); !ok || o != a || uint8(a) != uint8(i) {
			t.Errorf("%v is read as %v, number %d", a, o, a)
		}
	}
	if _, ok := actors.ParseOutcome("invalid"); ok || actors.Outcome(7).String() != "invalid" {
		t.Error("an outcome that is none has a name")
	}
}

func TestTotalsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var totals actors.Totals
		sum := uint32(0)
		for o := range totals {
			totals[o] = rapid.Uint32Range(0, 1000).Draw(t, "n")
			sum += totals[o]
		}
		if totals.Sum() != sum || totals.Settled()+totals[actors.Pending] != sum {
			t.Fatalf("%v: sum %d, settled %d", totals, totals.Sum(), totals.Settled())
		}
	})
}

func TestFinalStates(t *testing.T) {
	for s, want := range map[actors.State]bool{actors.StateAccepted: false, actors.StateScheduled: false, actors.StateRunning: false,
		actors.StatePaused: false, actors.StateFinished: true, actors.StateCancelled: true, actors.StateExpired: true} {
		if s.Final() != want {
			t.Errorf("%s: %v", s, s.Final())
		}
	}
}

func TestProblemSaysWhatToDo(t *testing.T) {
	if got := (actors.Problem{Title: "no such run"}).Error(); got != "no such run" {
		t.Error(got)
	}
	if got := (actors.Problem{Title: "busy", Detail: "wait"}).Error(); got != "busy: wait" {
		t.Error(got)
	}
}
