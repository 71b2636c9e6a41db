package gate

import (
	"testing"
	"time"
)

// TestWidthFollowsLatency plays providers of which each serves a number of calls at once: the width settles where more company would only wait.
func TestWidthFollowsLatency(t *testing.T) {
	for _, tt := range []struct {
		name     string
		latency  time.Duration // of an idle provider
		capacity int           // calls served at once without waiting
		from, to int
	}{
		{"fast and narrow", 200 * time.Microsecond, 4, 32, 128},
		{"20 ms, wide", 20 * time.Millisecond, 400, 400, 1200},
		{"100 ms, very wide", 100 * time.Millisecond, 100_000, 2048, 2048},
		{"dead: every call runs into its time-out", 10 * time.Second, 1, 32, 64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWidth(2048)
			now := time.Unix(0, 0)
			for range 4000 * widthSamples {
				w.allows(w.limit) // the next one has to wait
				took := time.Duration(float64(tt.latency) * max(1, float64(w.limit)/float64(tt.capacity)))
				now = now.Add(took / time.Duration(w.limit))
				w.ended(took, w.limit-1, now)
			}
			if w.limit < tt.from || w.limit > tt.to {
				t.Errorf("width %d, want %d to %d", w.limit, tt.from, tt.to)
			}
		})
	}
}

func TestWidthStaysWithinItsBounds(t *testing.T) {
	w := newWidth(5)
	for i := range 100 * widthSamples {
		w.allows(5)
		w.ended(time.Duration(i%7)*time.Second, 4, time.Unix(int64(i), 0))
		if w.limit < 1 || w.limit > 5 {
			t.Fatalf("width %d after %d calls", w.limit, i)
		}
	}
}

func TestWidthGrowsOnlyWhenReached(t *testing.T) {
	w := newWidth(2048)
	for range 10 * widthSamples {
		w.ended(time.Millisecond, 1, time.Unix(0, 0))
	}
	if w.limit != widthLeast {
		t.Errorf("width %d grew without need", w.limit)
	}
}

// TestWidthShrinksOnceForOneOvershoot: the calls that were in flight at a decrease were slow in the company before it, and say nothing of
// the width after it.
func TestWidthShrinksOnceForOneOvershoot(t *testing.T) {
	w := newWidth(2048)
	now := time.Unix(0, 0)
	for range widthSamples {
		w.ended(20*time.Millisecond, 0, now) // the base
	}
	w.limit = 1024
	for inFlight := 1023; inFlight >= 0; inFlight-- {
		w.ended(100*time.Millisecond, inFlight, now)
	}
	if want := 1024 * 7 / 8; w.limit != want {
		t.Errorf("width %d after one overshoot of 1024 calls, want %d", w.limit, want)
	}
}

// TestWidthForgetsTheCallsBeforeAGrowth: calls that were quick in the smaller company don't make it grow again.
func TestWidthForgetsTheCallsBeforeAGrowth(t *testing.T) {
	w := newWidth(2048)
	now := time.Unix(0, 0)
	for range widthSamples {
		w.ended(20*time.Millisecond, 0, now) // the base
	}
	w.limit = 512
	for range widthSamples - 1 {
		w.ended(20*time.Millisecond, 511, now)
	}
	for inFlight := 511; inFlight >= 0; inFlight-- {
		w.allows(w.limit) // more always wait
		w.ended(20*time.Millisecond, inFlight, now)
	}
	if w.limit != 1024 {
		t.Errorf("width %d once the 512 calls of the width before have ended, want 1024", w.limit)
	}
}

// TestWidthIsNotMisledByItsFirstCalls: they open connections, and are slow whatever the width.
func TestWidthIsNotMisledByItsFirstCalls(t *testing.T) {
	w := newWidth(2048)
	now := time.Unix(0, 0)
	for i := range 100 * widthSamples {
		w.allows(w.limit)
		took := time.Duration(w.limit) * 50 * time.Microsecond // 20,000 a second, however many at once
		if i < widthLeast {
			took = 30 * time.Millisecond
		}
		now = now.Add(50 * time.Microsecond)
		w.ended(took, w.limit-1, now)
		if w.limit > 2*widthLeast {
			t.Fatalf("width %d after %d calls", w.limit, i)
		}
	}
	if w.base != widthLeast*50*time.Microsecond {
		t.Errorf("base %v", w.base)
	}
}

// TestWidthTakesBackWhatBringsNothing: with a queue on this side every call takes longer as there are more of them, though never much longer
// than the base and its slack allow.
func TestWidthTakesBackWhatBringsNothing(t *testing.T) {
	w := newWidth(2048)
	now := time.Unix(0, 0)
	widest := 0
	for range 100 * widthSamples {
		w.allows(w.limit)
		took := time.Duration(w.limit) * 5 * time.Microsecond // 200,000 a second, however many at once
		now = now.Add(5 * time.Microsecond)
		w.ended(took, 0, now)
		widest = max(widest, w.limit)
	}
	if w.limit != widthLeast || widest != 2*widthLeast {
		t.Errorf("width %d, at most %d; want %d, and %d tried", w.limit, widest, widthLeast, 2*widthLeast)
	}
}

// TestWidthTakesBackAGrowthThatHurts as a whole, and not by eighths.
func TestWidthTakesBackAGrowthThatHurts(t *testing.T) {
	w := newWidth(2048)
	now := time.Unix(0, 0)
	for i := range 100 * widthSamples {
		w.allows(w.limit)
		took := time.Duration(w.limit*w.limit) * 4 * time.Microsecond // 4 ms, and 16 in twice the company
		now = now.Add(100 * time.Microsecond)
		w.ended(took, w.limit-1, now)
		if w.limit != widthLeast && w.limit != 2*widthLeast {
			t.Fatalf("width %d after %d calls", w.limit, i)
		}
	}
}
