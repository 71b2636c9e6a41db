package actors_test

import (
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// Both endpoints go beside each other, so the slower one counts.
func TestCallsTakeAtLeast(t *testing.T) {
	for _, tc := range []struct {
		limits actors.Limits
		sends  plan.Sends
		want   time.Duration
	}{
		{actors.LINELimits, plan.Sends{Pushes: 1_000_000}, 500 * time.Second},
		{actors.LINELimits, plan.Sends{Multicasts: 2000, MulticastRecipients: 1_000_000}, 10 * time.Second},
		{actors.LINELimits, plan.Sends{Pushes: 2000, Multicasts: 400}, 2 * time.Second},
		{actors.LINELimits, plan.Sends{Pushes: 1}, time.Millisecond},
		{actors.Limits{Push: 3}, plan.Sends{Pushes: 1, Multicasts: 1 << 31}, 334 * time.Millisecond},
		{actors.Limits{}, plan.Sends{Pushes: 9}, 0},
		{actors.LINELimits, plan.Sends{Failed: 9}, 0},
	} {
		if got := tc.limits.AtLeast(tc.sends); got != tc.want {
			t.Errorf("%+v at %+v: %s, want %s", tc.sends, tc.limits, got, tc.want)
		}
	}
}
