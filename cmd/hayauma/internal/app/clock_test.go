package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/config"
	"hayauma.example/engine/journal"
)

// elsewhere is a store whose clock is off.
type elsewhere struct {
	journal.Store
	skew time.Duration
}

func (e elsewhere) Skew(context.Context) (time.Duration, error) { return e.skew, nil }

func TestWrongClockStopsCalls(t *testing.T) {
	cfg := config.Default()
	cfg.Store, cfg.Listen, cfg.MemoryLimit = config.StoreMemory, "127.0.0.1:0", 0
	var log strings.Builder
	a, err := Start(t.Context(), cfg, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop(context.WithoutCancel(t.Context()))
	good := a.store
	for _, step := range []struct {
		skew  time.Duration
		ready int
	}{{0, 200}, {4 * time.Minute, 200}, {-6 * time.Minute, 503}, {-6 * time.Minute, 503}, {time.Second, 200}} {
		a.store = elsewhere{good, step.skew}
		a.checkClock(t.Context())
		resp, err := http.Get(a.URL() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != step.ready {
			t.Errorf("skew %s: ready %d, want %d: %s", step.skew, resp.StatusCode, step.ready, raw)
		}
		if step.ready == 503 && !strings.Contains(string(raw), "-6m0s off the store's: set the clock") {
			t.Errorf("problem %s", raw)
		}
	}
	if n := strings.Count(log.String(), "provider calls suspended"); n != 1 {
		t.Errorf("the suspension is logged %d times", n)
	}
}
