package engine

import (
	"testing"
	"time"
)

func TestStampsBeginAnew(t *testing.T) {
	for _, c := range []struct {
		from, to uint32
		want     time.Duration
	}{
		{1, 1, 0}, {1, 101, 100 * time.Millisecond}, {101, 1, 0},
		{wrap, 1, time.Millisecond}, {wrap - 99, 101, 200 * time.Millisecond}, {101, wrap - 99, 0},
	} {
		if got := between(c.from, c.to); got != c.want {
			t.Errorf("from %d to %d it is %v, want %v", c.from, c.to, got, c.want)
		}
	}
}
