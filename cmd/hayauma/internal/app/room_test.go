package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cmd/hayauma/internal/config"
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
		{roomForEvents, 1 << 20, roomForOrders, false},
		{roomForOrders, 1, roomForOrders, true},
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

// TestRoomByKind: while a checker's events are refused, an operator's orders are taken.
func TestRoomByKind(t *testing.T) {
	record := func(kind string) journal.Record {
		return journal.Record{Grain: journal.Grain{Kind: kind}, Data: make([]byte, 100)}
	}
	for _, c := range []struct {
		kinds []string
		want  uint64
	}{
		{[]string{"campaign"}, roomForOrders},
		{[]string{"channel", "timetable"}, roomForOrders},
		{[]string{"checker"}, roomForEvents},
		{[]string{"campaign", "checker"}, roomForEvents},
		{[]string{"composer"}, roomForEvents},
	} {
		var records []journal.Record
		for _, kind := range c.kinds {
			records = append(records, record(kind))
		}
		if got := needed(records); got != c.want {
			t.Errorf("%v must leave %d bytes free, want %d", c.kinds, got, c.want)
		}
	}
}

// TestReadyOnAFullDisk: a daemon whose store refuses appends says so, and is ready again when there is space.
func TestReadyOnAFullDisk(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit = t.TempDir(), "127.0.0.1:0", 0
	a, err := Start(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop(context.WithoutCancel(t.Context()))
	var free atomic.Uint64
	a.room.free = func() (uint64, error) { return free.Load(), nil }
	store := a.objects.(roomyStore)
	for _, step := range []struct {
		free  uint64
		ready int
		full  bool // an event is refused
	}{{1 << 30, 200, false}, {roomToBeReady, 200, false}, {roomToBeReady - 1, 503, false}, {roomForEvents - 1, 503, true}, {1 << 30, 200, false}} {
		free.Store(step.free)
		resp, err := http.Get(a.URL() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != step.ready || step.ready == 503 && !strings.Contains(string(raw), "free disk space") {
			t.Errorf("%d bytes free: ready %d, want %d: %s", step.free, resp.StatusCode, step.ready, raw)
		}
		event := []journal.Record{{Grain: journal.Grain{Kind: "checker", ID: "r"}, First: 1, Count: 1}}
		if err := store.Append(t.Context(), journal.Claim{}, "id", event); errors.Is(err, journal.ErrFull) != step.full {
			t.Errorf("%d bytes free: an event: %v", step.free, err)
		}
	}
}

// switchboard notes what the gates are told.
type switchboard struct{ reason string }

func (s *switchboard) Suspend(reason string) { s.reason = reason }
func (s *switchboard) End(reason string)     { s.Suspend(reason) }
func (s *switchboard) Resume()               { s.reason = "" }
func (s *switchboard) Suspended() string     { return s.reason }

// TestFullDiskStopsCalls: no call starts while its outcome could not be recorded, and space alone doesn't start one under a wrong clock.
func TestFullDiskStopsCalls(t *testing.T) {
	gates, free := &switchboard{}, uint64(roomToBeReady)
	a := &App{gates: gates, room: &room{log: slog.New(slog.DiscardHandler), free: func() (uint64, error) { return free, nil }}}
	for _, step := range []struct {
		free   uint64
		skewed string
		want   string
	}{
		{roomToBeReady, "", ""},
		{roomToBeReady - 1, "", "free disk space"},
		{roomToBeReady - 1, "set the clock", "set the clock"},
		{roomToBeReady, "set the clock", "set the clock"},
		{0, "", "free disk space"},
		{roomToBeReady, "", ""},
	} {
		free = step.free
		a.hold(&a.held.skewed, step.skewed)
		a.checkRoom()
		if got := gates.reason; got == "" != (step.want == "") || !strings.Contains(got, step.want) {
			t.Errorf("%d bytes free, clock %q: held by %q, want %q", step.free, step.skewed, got, step.want)
		}
	}
}

// TestCopiesGivenUp: a server that keeps its copies no more is told once and makes the node unready; the daemon ends when there is space again,
// and a server alone is none of this.
func TestCopiesGivenUp(t *testing.T) {
	var log bytes.Buffer
	free, stores := uint64(1<<30), true
	disk := &room{log: slog.New(slog.DiscardHandler), free: func() (uint64, error) { return free, nil }}
	a := &App{log: slog.New(slog.NewTextHandler(&log, nil)), failed: make(chan error, 1), room: disk}
	a.checkCopies()
	a.stores = func() bool { return stores }
	for _, step := range []struct {
		free   uint64
		stores bool
		lines  int
		ends   bool
	}{{1 << 30, true, 0, false}, {0, true, 0, false}, {0, false, 1, false}, {roomForObjects - 1, false, 1, false}, {roomForObjects, false, 1, true}} {
		free, stores = step.free, step.stores
		a.checkCopies()
		if err := a.copies(); (err == nil) != step.stores || err != nil && !strings.Contains(err.Error(), givenUp) {
			t.Errorf("%+v: ready: %v", step, err)
		}
		if lines := strings.Count(log.String(), "level=ERROR"); lines != step.lines {
			t.Errorf("%+v: %d lines: %s", step, lines, &log)
		}
		if len(a.failed) > 0 != step.ends {
			t.Errorf("%+v: %d reasons to end", step, len(a.failed))
		}
	}
	if err := <-a.failed; !strings.Contains(err.Error(), "start the daemon again") || Rejoins(err) {
		t.Error(err)
	}
}

// TestStartWaitsForRoom: one of several starts as soon as there is space, says meanwhile what it waits for, and stops when told.
func TestStartWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		began := time.Now()
		free := func() (uint64, error) {
			if time.Since(began) >= 10*time.Second {
				return roomToBeReady, nil
			}
			return roomToBeReady - 1, nil
		}
		a := &App{log: slog.New(slog.NewTextHandler(&log, nil)), front: newFront(), room: &room{free: free}}
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		if err := a.awaitRoom(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 2500*time.Millisecond {
			t.Errorf("told to stop, it ends after %v: %v", time.Since(began), err)
		}
		if reason := *a.front.reason.Load(); !strings.Contains(reason, "free disk space") {
			t.Errorf("it waits: %s", reason)
		}
		if lines := strings.Count(log.String(), "level=WARN"); lines != 1 {
			t.Errorf("%d lines: %s", lines, &log)
		}
		if err := a.awaitRoom(t.Context()); err != nil || time.Since(began) != 10500*time.Millisecond { // it looks every second
			t.Errorf("it goes on after %v: %v", time.Since(began), err)
		}
	})
}
