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
	if soonest := (killLatency + strays).Seconds(); f[firstCall] < soonest {
		t.Errorf("%v s after the kill a call may be a dead process's", f[firstCall])
	}
	if r.Sent != 3000 || f[never] != 0 || f[firstCall] <= 0 || f[seconds] < f[firstCall]-0.02 {
		t.Errorf("%+v", r)
	}
	// What was in flight was accepted, and comes again under another key: the fake has no better one.
	if f[repeated] != 0 {
		t.Errorf("under new keys no call is refused: repeated %v", f[repeated])
	}
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

// A system that has its keys from the work itself makes the calls in flight again under the same: none is delivered twice, and the
// provider says which were accepted before.
func TestRepeatedCallsAreCounted(t *testing.T) {
	r, err := killable(&fake{keyed: true}, 3000).runKill(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Figures; f[twice] != 0 || f[repeated] < 1 || f[repeated] > 2*defaultInFlight || r.Lost != 0 {
		t.Errorf("%+v", r)
	}
}

func TestStraysAreNoFirstCall(t *testing.T) {
	at := time.Unix(1000, 0)
	d := death{at: at, latency: 20 * time.Millisecond}
	for after, want := range map[time.Duration]bool{0: false, 39 * time.Millisecond: false, 40 * time.Millisecond: true} {
		if got := d.settled(at.Add(after)); got != want {
			t.Errorf("after %v: %v", after, got)
		}
	}
}
