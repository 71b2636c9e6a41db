package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/app"
	"hayauma.example/cmd/hayauma/internal/config"
)

// addresses of this machine that nobody listens on.
func addresses(t *testing.T, n int) (all []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		all = append(all, l.Addr().String())
	}
	return all
}

// routed is the configuration of one of three nodes with servers of their own.
func routed(t *testing.T) config.Config {
	t.Helper()
	free := addresses(t, 4)
	cfg := node(t, "a", "")
	cfg.Listen, cfg.NATS.Routes, cfg.NATS.ClusterListen, cfg.NATS.Replicas = free[0], free[1:], free[1], 3
	return cfg
}

// One of three waits for the others for as long as it takes, answers meanwhile, and stops when it is told to.
func TestStartAnswersWhileItWaits(t *testing.T) {
	cfg := routed(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := app.Start(ctx, cfg, app.Options{})
		ended <- err
	}()
	expect(t, "http://"+cfg.Listen+"/readyz", http.StatusServiceUnavailable,
		"waiting for NATS: 1 of 3 servers reached ("+cfg.NATS.Routes[1]+": connection refused; "+cfg.NATS.Routes[2]+": connection refused)")
	expect(t, "http://"+cfg.Listen+"/healthz", http.StatusOK, "ok")
	expect(t, "http://"+cfg.Listen+"/v1/channels", http.StatusServiceUnavailable, "waiting for NATS: 1 of 3 servers reached")
	cancel()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it has started alone")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on waiting")
	}
	if l, err := net.Listen("tcp", cfg.Listen); err != nil {
		t.Error("a start that failed leaves its listener behind:", err)
	} else {
		l.Close()
	}
}

// expect asks until the answer is as it should be.
func expect(t *testing.T, url string, status int, part string) {
	t.Helper()
	got := "nothing"
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(url)
		if err != nil {
			got = err.Error()
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got = resp.Status + " " + string(body); resp.StatusCode == status && strings.Contains(got, part) {
			return
		}
	}
	t.Fatalf("%s: %s, want %d and %q", url, got, status, part)
}

// A port that is taken is found before anything is joined or made, and the option named.
func TestTakenPortsAreFoundFirst(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	for option, take := range map[string]func(c *config.Config){
		"--listen":              func(c *config.Config) { c.Listen = taken },
		"--cluster-listen":      func(c *config.Config) { c.Cluster.Listen = taken },
		"--nats-cluster-listen": func(c *config.Config) { c.NATS.ClusterListen, c.NATS.Routes[0] = taken, taken },
	} {
		cfg := routed(t)
		cfg.Data += "/made-later"
		take(&cfg)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err := app.Start(ctx, cfg, app.Options{})
		cancel()
		if err == nil || !strings.Contains(err.Error(), "listen on "+taken+": the port is taken by another process: stop that one or choose another "+option) {
			t.Errorf("%s: %v", option, err)
		}
		if _, err := os.Stat(cfg.Data); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the store was begun: %v", option, err)
		}
	}
}

// Whoever stops while NATS is away has stored all that it acknowledged, waits for nobody, and has not failed.
func TestStopWithoutNATS(t *testing.T) {
	nats, away := stoppableNATS(t)
	var log bytes.Buffer
	a, c := start(t, node(t, "a", nats), slog.New(slog.NewTextHandler(&log, nil)))
	settled(t, c, 1)
	_, endpoint := simulator(t, "latency=20ms")
	addChannel(t, c, endpoint)
	submit(t, c, 20_000)
	back := away()
	began := time.Now()
	if err := a.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	took := time.Since(began)
	t.Logf("stopped in %v", took.Round(10*time.Millisecond))
	if took > 8*time.Second { // its whole time is 10 s
		t.Error("it has waited for an answer for too long")
	}
	if n := strings.Count(log.String(), "stopped without NATS quorum: its shards are taken over when its lease ends"); n != 1 {
		t.Errorf("said %d times why nothing was handed over\n%s", n, &log)
	}
	back()
}
