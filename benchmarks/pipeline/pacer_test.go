package pipeline

import (
	"testing"
	"time"
)

// fits checks that no stretch of the turns holds more than its length and the slack allow.
func fits(t *testing.T, turns []time.Duration, rate int) {
	t.Helper()
	for i := range turns {
		for j := i; j < len(turns); j += 7 {
			if allowed := int((turns[j]-turns[i]+PaceSlack)*time.Duration(rate)/time.Second) + 1; j-i+1 > allowed {
				t.Fatalf("%d turns from %s to %s, %d are allowed", j-i+1, turns[i], turns[j], allowed)
			}
		}
	}
}

func TestAPacerKeepsTheRate(t *testing.T) {
	const look = 2 * time.Millisecond
	for _, rate := range []int{1, 7, 200, 2000} {
		start := time.Unix(0, 0)
		p := NewPacer(rate, start)
		var turns []time.Duration
		for at := time.Duration(0); at <= 3*time.Second; at += look {
			for p.Take(start.Add(at)) {
				turns = append(turns, at)
			}
		}
		fits(t, turns, rate)
		if want := 3*rate + 1; len(turns) < want-1 || len(turns) > want {
			t.Errorf("%d turns in 3 s at %d per second", len(turns), rate)
		}
	}
}

func TestAPacerThatWasHeldUpHasTheTurnsOfTheSlack(t *testing.T) {
	start := time.Unix(0, 0)
	p := NewPacer(200, start)
	n := 0
	for p.Take(start.Add(time.Hour)) {
		n++
	}
	if want := int(PaceSlack/(5*time.Millisecond)) + 1; n != want {
		t.Errorf("%d turns were kept, want %d", n, want)
	}
	if p.Take(start) {
		t.Error("a clock that goes back made a turn")
	}
}

func TestReservedTurnsAreSpaced(t *testing.T) {
	start := time.Unix(0, 0)
	p := NewPacer(100, start.Add(time.Second))
	for i := range 5 {
		if got, want := p.Reserve(start), time.Second+time.Duration(i)*10*time.Millisecond; got != want {
			t.Errorf("turn %d is %v away, want %v", i, got, want)
		}
	}
	if got := p.Reserve(start.Add(time.Minute)); got != -PaceSlack {
		t.Errorf("after a pause the next turn is %v away, want %v", got, -PaceSlack)
	}
}

func TestAPacerWithoutALimitOnlyHasABeginning(t *testing.T) {
	start := time.Unix(0, 0)
	p := NewPacer(0, start)
	if p.Take(start.Add(-1)) {
		t.Error("a turn before the first")
	}
	for range 1000 {
		if !p.Take(start) || p.Reserve(start) != 0 {
			t.Fatal("no turn")
		}
	}
}
