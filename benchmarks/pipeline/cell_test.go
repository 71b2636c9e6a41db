package pipeline

import (
	"testing"
	"time"
)

func TestACellAgainstTheSimulator(t *testing.T) {
	before, err := processors()
	if err != nil {
		t.Fatal(err)
	}
	c := (&fake{}).cell(600)
	c.latency = 20 * time.Millisecond
	r, err := c.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := r.Figures
	if r.Sent != 600 || r.Lost != 0 || f[twice] != 0 || f[refused] != 0 || f[goroutines] != 7 {
		t.Errorf("%+v", r)
	}
	// 600 calls, 256 at once: three rounds, the last of which begins after two answers. Only its acceptance counts, not its answer.
	if late := f[lateP99]; late < 40 || r.Seconds < 0.04 || f[rate] > 600/0.04 {
		t.Errorf("256 at once and answers after 20 ms: the last came after %v s, p99 %v ms", r.Seconds, late)
	}
	if f[calls] < 2 || f[calls] > defaultInFlight {
		t.Errorf("the simulator saw %v calls at once, %d may be", f[calls], defaultInFlight)
	}
	if f[peakRSS] <= 0 || f[accept] <= 0 {
		t.Errorf("%+v", f)
	}
	after, err := processors()
	if err != nil || len(after) != len(before) {
		t.Errorf("the cell leaves processors %v of %v: %v", after, before, err)
	}
}

func TestACellCountsWhatIsLost(t *testing.T) {
	r, err := (&fake{loses: 3, doubles: 2}).cell(50).run(t.Context())
	if err != nil || r.Lost != 3 || r.Figures[twice] != 2 {
		t.Errorf("3 of 50 are never called for and 2 twice: %+v, %v", r, err)
	}
}

func TestACellCountsWhatComesTwice(t *testing.T) {
	r, err := (&fake{doubles: 2}).cell(50).run(t.Context())
	if err != nil || r.Lost != -2 || r.Figures[twice] != 2 {
		t.Errorf("2 of 50 are called for twice: %+v, %v", r, err)
	}
}

func TestACellRefusesAnEarlyCall(t *testing.T) {
	_, err := (&fake{lead: 500 * time.Millisecond, early: true}).cell(50).run(t.Context())
	if by := wants[*EarlyError](t, err).By; by <= 0 || by > 500*time.Millisecond {
		t.Errorf("early by %v", by)
	}
}

func TestACellRefusesStrangers(t *testing.T) {
	_, err := (&fake{strangers: 4}).cell(50).run(t.Context())
	if got := wants[*StrangerError](t, err).Deliveries; got != 4 {
		t.Errorf("%d strangers", got)
	}
}

// The fake knows no pace: beyond LINE's 200 it is refused, and comes again.
func TestACellCountsRefusals(t *testing.T) {
	c := (&fake{}).cell(350)
	c.kind, c.limited = Multicast, true
	r, err := c.run(t.Context())
	if err != nil || r.Lost != 0 || r.Figures[refused] < 1 {
		t.Errorf("350 multicasts at once at 200/s: %+v, %v", r, err)
	}
}

// What is started before a job comes is not charged to the job.
func TestOpeningIsNotCharged(t *testing.T) {
	r, err := (&fake{burns: 400 * time.Millisecond}).cell(50).run(t.Context())
	if v, ok := r.Figures[cpu]; err != nil || ok {
		t.Errorf("%v s per 100k, %v", v, err)
	}
}

func TestReadyIsAfterPlanning(t *testing.T) {
	r, err := (&fake{lead: 400 * time.Millisecond, planning: 200 * time.Millisecond}).cell(50).run(t.Context())
	if f := r.Figures; err != nil || f[readyAfter] < 0.2 || f[readyAfter] > f[accept]+0.4 || f[accept] > 0.2 {
		t.Errorf("%+v, %v", f, err)
	}
}
