package campaign

import (
	"testing"
	"time"
)

// TestRedriveNumbersOfActivations: those of a later activation are greater, though it comes within the same second and knows nothing of the
// earlier one's, and one that asks twice at an instant tells its questions apart.
func TestRedriveNumbersOfActivations(t *testing.T) {
	s := Intent{Started: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)}
	at := func(ms int) time.Time { return s.Started.Add(time.Duration(ms) * time.Millisecond) }
	first := s.redriveNumber(0, at(100))
	second := s.redriveNumber(first, at(100))
	later := s.redriveNumber(0, at(400))
	if first == 0 || second <= first || later <= second {
		t.Errorf("numbers %d and %d, and %d of the next activation", first, second, later)
	}
	if n := s.redriveNumber(0, at(-50)); n == 0 { // the clock of a node that is behind
		t.Error("0 is the first dispatch's")
	}
}
