package pipeline

import (
	"testing"
	"time"
)

func killable(f *fake, recipients int) cell {
	c := f.cell(recipients)
	c.latency = killLatency
	return c
}

func TestADurableSystemGoesOnAfterAKill(t *testing.T) {
	r, err := killable(&fake{}, 3000).runKill(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := r.Figures
	if r.Sent != 3000 || f[never] != 0 || f[firstCall] <= 0 || f[seconds] < f[firstCall]-0.02 {
		t.Errorf("%+v", r)
	}
	// What was in flight was accepted, and comes again under another key: the fake has no better one.
	if f[twice] < 1 || f[twice] > 2*defaultInFlight || r.Lost != -int64(f[twice]) {
		t.Errorf("twice %v, lost %d", f[twice], r.Lost)
	}
}

func TestAForgetfulSystemLosesTheRest(t *testing.T) {
	for _, f := range []*fake{{forgets: true}, {forgets: true, lost: true}} {
		began := time.Now()
		r, err := killable(f, 3000).runKill(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := r.Figures[never]; n < 1000 || n > 1500 || r.Lost != int64(n) {
			t.Errorf("half of 3000: %+v", r)
		}
		if _, ok := r.Figures[seconds]; ok {
			t.Errorf("nothing was called after the kill: %+v", r.Figures)
		}
		if took := time.Since(began); f.lost && took < forgetPatience {
			t.Errorf("it was given up after %v", took)
		}
	}
}

func TestAJobThatEndsBeforeItsKill(t *testing.T) {
	_, err := killable(&fake{loses: 80}, 100).runKill(t.Context())
	if e := wants[*UnkilledError](t, err); e.Reached > 20 || e.Recipients != 100 {
		t.Errorf("%+v", e)
	}
}
