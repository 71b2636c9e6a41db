package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/config"
	"hayauma.example/engine"
)

type failing struct{}

func (failing) Handle(*engine.Context[string], string) { panic("broken") }

// What led to an escalated failure is kept in the data directory.
func TestAnEscalationLeavesAFlightRecord(t *testing.T) {
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
	ref, err := engine.Spawn(a.sys, "failing", func() engine.Actor[string] { return failing{} },
		engine.WithSupervision(engine.Supervision{Decide: func(engine.Failure) engine.Directive { return engine.Escalate }}))
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
