package jetstream

import (
	"testing"
	"time"
)

// TestWedgesTellOfLongRefusals: of a subject that is refused without a pause, once in each second.
func TestWedgesTellOfLongRefusals(t *testing.T) {
	type note struct {
		at      time.Duration
		subject string
		refused bool
		stuck   bool
	}
	const a, b = "a", "b"
	for name, notes := range map[string][]note{
		"refused for a second, and for another": {
			{0, a, true, false}, {999 * time.Millisecond, a, true, false}, {time.Second, a, true, true},
			{1500 * time.Millisecond, a, true, false}, {2 * time.Second, a, true, true},
		},
		"one passes":               {{0, a, true, false}, {900 * time.Millisecond, a, false, false}, {time.Second, a, true, false}},
		"another subject's":        {{0, a, true, false}, {time.Second, b, true, false}, {time.Second, b, false, false}, {time.Second, a, true, true}},
		"renewals, seconds apart":  {{0, a, true, false}, {9 * time.Second, a, true, true}},
		"long ago, once":           {{0, a, true, false}, {10 * time.Second, a, true, false}, {11 * time.Second, a, true, true}},
		"long ago, while b is now": {{0, a, true, false}, {5 * time.Second, b, true, false}, {12 * time.Second, b, true, true}, {13 * time.Second, a, true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var w wedges
			for _, n := range notes {
				if got := w.stuck(n.subject, n.refused, time.Unix(0, 0).Add(n.at)); got != n.stuck {
					t.Errorf("after %v: stuck %v, want %v", n.at, got, n.stuck)
				}
			}
		})
	}
}
