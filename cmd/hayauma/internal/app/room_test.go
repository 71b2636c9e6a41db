package app

import (
	"errors"
	"log/slog"
	"testing"

	"hayauma.example/engine/journal"
)

// TestRoom: objects stop first, appends long after, and what is refused is refused as full.
func TestRoom(t *testing.T) {
	for _, c := range []struct {
		free, size, least uint64
		full              bool
	}{
		{1 << 40, 1 << 20, roomForObjects, false},
		{roomForObjects + 1<<20, 1 << 20, roomForObjects, false},
		{roomForObjects + 1<<20, 1<<20 + 1, roomForObjects, true},
		{roomForObjects, 1 << 20, roomForEvents, false},
		{roomForEvents, 1, roomForEvents, true},
		{0, 0, roomForEvents, true},
	} {
		r := &room{log: slog.New(slog.DiscardHandler), free: func() (uint64, error) { return c.free, nil }}
		if err := r.check(c.size, c.least); errors.Is(err, journal.ErrFull) != c.full {
			t.Errorf("%+v: %v", c, err)
		}
	}
	blind := &room{log: slog.New(slog.DiscardHandler), free: func() (uint64, error) { return 0, errors.New("no such directory") }}
	if err := blind.check(1, roomForEvents); err != nil {
		t.Errorf("what can't be measured is refused: %v", err)
	}
}

// TestRoomOfADirectory: the real disk has some space, or this test could not have been built.
func TestRoomOfADirectory(t *testing.T) {
	if free, err := newRoom(t.TempDir(), nil).free(); err != nil || free == 0 {
		t.Errorf("%d bytes free: %v", free, err)
	}
}
