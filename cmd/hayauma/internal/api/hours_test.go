package api

import (
	"testing"
	"time"

	"hayauma.example/actors"
)

// Work goes on in the hours only, over as many of them as it takes.
func TestWorkEndsInItsHours(t *testing.T) {
	noon := time.Date(2035, 1, 1, 12, 0, 0, 0, time.UTC) // a Monday
	for _, c := range []struct {
		hours      string
		work, want time.Duration
	}{
		{"", time.Hour, time.Hour},
		{"00:00-24:00", 50 * time.Hour, 50 * time.Hour},
		{"12:00-13:00", 0, 0},
		{"12:00-13:00", time.Hour, time.Hour},
		{"12:00-13:00", time.Hour + time.Minute, 24*time.Hour + time.Minute},
		{"10:00-11:00", time.Minute, 22*time.Hour + time.Minute},
		{"sat 12:00-13:00", 3*time.Hour - time.Second, (5*24+14*24)*time.Hour + time.Hour - time.Second},
		{"11:00-12:01", 5000 * time.Minute, 0}, // longer than is looked at: told as less
	} {
		got := hoursOf(actors.Definition{Hours: c.hours}).end(noon, c.work).Sub(noon)
		if got != c.want && (c.want != 0 || c.work == 0) || got < c.work {
			t.Errorf("%q, %s: after %s, want %s", c.hours, c.work, got, c.want)
		}
	}
}
