package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cmd/hayauma/internal/config"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

func TestTroublesBeginOnce(t *testing.T) {
	var all troubles
	stuck := map[string]bool{"poster": true}
	begin := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, look := range []struct {
		after time.Duration
		signs signs
		want  []string
	}{
		{0, signs{}, nil},
		{1 * time.Second, signs{failed: map[string]uint64{"channel": 1, "poster": 0}}, []string{"channel failed"}},
		{2 * time.Second, signs{failed: map[string]uint64{"channel": 1, "poster": 0}}, nil},
		{3 * time.Second, signs{failed: map[string]uint64{"channel": 2, "poster": 0}}, nil},
		{4 * time.Second, signs{failed: map[string]uint64{"channel": 2, "poster": 4}, fences: 1}, []string{"poster failed", "the lease ran out"}},
		{5 * time.Second, signs{failed: map[string]uint64{"channel": 2, "poster": 4}, fences: 1, stuck: stuck}, []string{"poster is stuck"}},
		{64 * time.Second, signs{failed: map[string]uint64{"channel": 3, "poster": 4}, fences: 2, stuck: stuck},
			[]string{"channel failed", "the lease ran out"}},
		{65 * time.Second, signs{failed: map[string]uint64{"channel": 3, "poster": 4}, fences: 2}, nil},
		{124 * time.Second, signs{failed: map[string]uint64{"channel": 3, "poster": 4}, fences: 2, stuck: stuck}, []string{"poster is stuck"}},
	} {
		if got := all.begun(look.signs, begin.Add(look.after)); !slices.Equal(got, look.want) {
			t.Errorf("after %v: %q, want %q", look.after, got, look.want)
		}
	}
}

// busy is an actor that is held up by its first message.
type busy struct{ until chan struct{} }

func (b busy) Handle(_ *engine.Context[string], m string) {
	if m == "fail" {
		panic("broken")
	}
	<-b.until
}

func TestSignsOfTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		b := busy{make(chan struct{})}
		ref, err := engine.Spawn(sys, "busy", func() engine.Actor[string] { return b })
		if err != nil {
			t.Fatal(err)
		}
		ref.Tell("wait")
		ref.Tell("fail")
		time.Sleep(stuckAfter - 200*time.Millisecond) // ages are exact to 100 ms
		if s := signsOf(sys); s.stuck["cell"] || s.failed["cell"] != 0 {
			t.Errorf("too early: %+v", s)
		}
		time.Sleep(400 * time.Millisecond)
		if s := signsOf(sys); !s.stuck["cell"] || s.failed["cell"] != 0 {
			t.Errorf("one is stuck: %+v", s)
		}
		close(b.until)
		synctest.Wait()
		if s := signsOf(sys); s.stuck["cell"] || s.failed["cell"] != 1 {
			t.Errorf("one has failed: %+v", s)
		}
	})
}

type failing struct{}

func (failing) Handle(*engine.Context[string], string) { panic("broken") }

// What led to an actor's failure is kept in the data directory, though its supervision only begins it anew.
func TestTroubleLeavesAFlightRecord(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit, cfg.Flight = t.TempDir(), "127.0.0.1:0", 0, 1<<20
	a, err := Start(t.Context(), cfg, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	ref, err := engine.Spawn(a.sys, "failing", func() engine.Actor[string] { return failing{} })
	if err != nil {
		t.Fatal(err)
	}
	ref.Tell("x")
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		files, _ := os.ReadDir(filepath.Join(cfg.Data, "debug")) // not there yet
		if len(files) == 1 && strings.HasSuffix(files[0].Name(), ".trace") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no flight record: %v", files)
		}
	}
}
