package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/app"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

func simulator(t *testing.T, spec string) (*linesim.Server, string) {
	t.Helper()
	faults, err := linesim.ParseFaults(spec)
	if err != nil {
		t.Fatal(err)
	}
	sim := linesim.NewServer(linesim.Options{Faults: faults, Limits: linesim.Limits{Off: true}})
	server := httptest.NewServer(sim)
	t.Cleanup(func() {
		sim.Close()
		server.Close()
	})
	return sim, server.URL
}

func start(t *testing.T, cfg config.Config, log *slog.Logger) (*app.App, *client.Client) {
	t.Helper()
	a, err := app.Start(t.Context(), cfg, app.Options{Log: log, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(a.URL(), cfg.Token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return a, c
}

func stop(t *testing.T, a *app.App) {
	t.Helper()
	began := time.Now()
	if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: %v", err)
	}
	if took := time.Since(began); took > app.StopTimeout {
		t.Errorf("stopping took %s", took)
	}
}

func memory() config.Config {
	cfg := config.Default()
	cfg.Store, cfg.Listen, cfg.MemoryLimit = config.StoreMemory, "127.0.0.1:0", 0
	return cfg
}

func addChannel(t *testing.T, c *client.Client, endpoint string) {
	t.Helper()
	t.Setenv("APP_TEST_TOKEN", "secret")
	n := api.NewChannel{Name: "shop", Provider: "line", Endpoint: endpoint, TokenEnv: "APP_TEST_TOKEN", Limits: &api.Limits{}}
	if _, err := c.AddChannel(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

func submit(t *testing.T, c *client.Client, n int) string {
	t.Helper()
	var rows strings.Builder
	rows.WriteString("user_id,name\n")
	for i := range n {
		fmt.Fprintf(&rows, "U%032x,friend %d\n", i, i)
	}
	const definition = `{"name":"n","channel":"shop","messages":[{"type":"text","text":"hi {{ name }}"}]}`
	id, err := c.Submit(t.Context(), t.Name(), []byte(definition), client.Audience{Data: strings.NewReader(rows.String()), Type: "text/csv"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func follow(t *testing.T, c *client.Client, id string, seen func(api.Campaign)) api.Campaign {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	end, err := c.Follow(ctx, id, time.Second, seen)
	if err != nil {
		t.Fatalf("after %+v: %v", end, err)
	}
	return end
}

func TestMemoryStoreSendsAndSaysSoLoudly(t *testing.T) {
	sim, endpoint := simulator(t, "")
	var log bytes.Buffer
	a, c := start(t, memory(), slog.New(slog.NewTextHandler(&log, nil)))
	addChannel(t, c, endpoint)
	id := submit(t, c, 500)
	states := 0
	end := follow(t, c, id, func(api.Campaign) { states++ })
	if end.State != "finished" || end.Delivered != 500 || end.Mode != "push" || states == 0 {
		t.Errorf("end %+v after %d states", end, states)
	}
	if l := sim.Sim.Ledger(); l.Users != 500 || l.Duplicates != 0 {
		t.Errorf("ledger %+v", l)
	}
	scrape := get(t, a.URL()+"/metrics")
	for _, want := range []string{`hayauma_actor_mailbox_depth{actor="shop",kind="channel"} 0`, "hayauma_build_info{",
		`hayauma_journal_append_seconds_count`, `hayauma_clock_skew_seconds{peer="store"} 0`} {
		if !strings.Contains(scrape, want) {
			t.Errorf("the scrape lacks %s", want)
		}
	}
	if user := fmt.Sprintf("U%032x", 7); strings.Contains(scrape, user) {
		t.Error("the scrape shows a user id")
	}
	stop(t, a)
	stop(t, a)
	if !strings.Contains(log.String(), "THE STORE IS MEMORY ONLY") {
		t.Errorf("log: %s", log.String())
	}
	if _, err := c.Campaign(t.Context(), id); err == nil {
		t.Error("a stopped daemon answers")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Stopped in the middle, with a watcher on the line, it goes on where it was at the next start; nobody gets a message twice.
func TestStopAndGoOn(t *testing.T) {
	sim, endpoint := simulator(t, "latency=30ms,500-after=0.05,seed=3")
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit, cfg.MaxInFlight = t.TempDir(), "127.0.0.1:0", 0, 32
	a, c := start(t, cfg, nil)
	addChannel(t, c, endpoint)
	const recipients = 2000
	id := submit(t, c, recipients)
	for info, err := range c.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if info.Delivered > recipients/10 {
			break
		}
	}
	stop(t, a)
	if l := sim.Sim.Ledger(); l.Users == 0 || l.Users == recipients {
		t.Fatalf("stopped with %d of %d users served: not in the middle", l.Users, recipients)
	}
	a, c = start(t, cfg, nil)
	defer stop(t, a)
	end := follow(t, c, id, func(api.Campaign) {})
	if end.State != "finished" || end.Delivered != recipients {
		t.Errorf("end %+v", end)
	}
	if l := sim.Sim.Ledger(); l.Users != recipients || l.Deliveries != recipients || l.Duplicates != 0 {
		t.Errorf("ledger %+v", l)
	}
	left, err := os.ReadDir(cfg.Temp())
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files: %v, %v", left, err)
	}
}

func TestFailedStartLeavesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg := config.Default()
	cfg.Data, cfg.Listen = filepath.Join(t.TempDir(), "data"), taken.Addr().String()
	if _, err := app.Start(t.Context(), cfg, app.Options{}); err == nil || !strings.Contains(err.Error(), "the port is taken by another process") {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(cfg.Data); !os.IsNotExist(err) {
		t.Errorf("the data directory exists: %v", err)
	}

	cfg.Listen = "127.0.0.1:0"
	a, _ := start(t, cfg, nil)
	if _, err := app.Start(t.Context(), cfg, app.Options{}); err == nil || !strings.Contains(err.Error(), "is in use by process") {
		t.Fatalf("error %v", err)
	}
	stop(t, a)
	a, _ = start(t, cfg, nil) // the failed start has not left the lock
	stop(t, a)
}

func TestUnwritableDataDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Data, cfg.Listen = path, "127.0.0.1:0"
	if _, err := app.Start(t.Context(), cfg, app.Options{}); err == nil || !strings.Contains(err.Error(), "data directory") {
		t.Errorf("error %v", err)
	}
}
