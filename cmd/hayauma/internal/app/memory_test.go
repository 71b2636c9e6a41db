package app

import (
	"bytes"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"
)

func TestMemoryLimitFollowsWhatIsInUse(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	const least = 120 << 20
	debug.SetMemoryLimit(least)
	var log bytes.Buffer
	m := memory{least: least, set: least, log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, step := range []struct {
		live uint64
		want int64
		warn int // lines so far
	}{
		{live: 10 << 20, want: least},
		{live: 90 << 20, want: least},
		{live: 150 << 20, want: 200 << 20, warn: 1},
		{live: 153 << 20, want: 200 << 20, warn: 1}, // not for so little
		{live: 300 << 20, want: 400 << 20, warn: 1},
		{live: 150 << 20, want: 200 << 20, warn: 1},
		{live: 20 << 20, want: least, warn: 1},
		{live: 93 << 20, want: least, warn: 1}, // a twentieth is not worth it
		{live: 120 << 20, want: 160 << 20, warn: 2},
	} {
		m.look(step.live)
		if got := debug.SetMemoryLimit(-1); got > step.want || got < step.want-4 {
			t.Errorf("%d in use: limit %d, want %d", step.live, got, step.want)
		}
		if got := strings.Count(log.String(), "memory-limit"); got != step.warn {
			t.Errorf("%d in use: %d warnings, want %d", step.live, got, step.warn)
		}
	}
	if got := limitFor(least, math.MaxUint64); got < least {
		t.Errorf("limit %d", got)
	}
	if live() == 0 {
		t.Error("nothing is in use")
	}
}
