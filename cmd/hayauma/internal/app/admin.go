package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"hayauma.example/cmd/hayauma/internal/admin"
	"hayauma.example/cmd/hayauma/internal/config"
)

// openAdmin starts the flight recorder and the listener for whoever looks after the process, where they are asked for. It comes first, so
// that a start or a stop that hangs can be looked at.
func (a *App) openAdmin(ctx context.Context) error {
	if err := a.startFlight(); err != nil || a.cfg.Admin == "" {
		return err
	}
	host, port, err := net.SplitHostPort(a.cfg.Admin)
	if err != nil {
		return fmt.Errorf("admin-listen %q is not HOST:PORT: %w", a.cfg.Admin, err)
	}
	if host == "" {
		host = "127.0.0.1" // not everywhere, as elsewhere
	}
	address := net.JoinHostPort(host, port)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return listenError("--admin-listen", address, err)
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
		Handler: admin.New(admin.Config{
			Token: a.cfg.Token, Level: a.opts.Level, Flight: a.flight, Log: a.log, Version: a.opts.Version, Node: a.cfg.Node,
			Metrics: a.scrape, Cluster: a.seen, Temp: a.tempFile,
		}),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("the admin listener ended", "error", err) // the daemon's work goes on
		}
	}()
	a.onStop("admin listener", func(context.Context) error {
		defer func() { <-ended }()
		return server.Close() // a profile that is being taken is of no use any more
	})
	a.log.Info("admin listener", "url", "http://"+listener.Addr().String())
	return nil
}

// tempFile is an empty file that is gone when it is closed: beside those of uploads, or, while the daemon starts, where the system has its own.
func (a *App) tempFile() (*os.File, error) {
	name := "dump-" + rand.Text()
	if !a.whole.Load() {
		f, err := os.CreateTemp("", name)
		if err == nil {
			err = os.Remove(f.Name())
		}
		return f, err
	}
	f, err := a.temp.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = a.temp.Remove(name)
	}
	return f, err
}

// scrape is what answers a scrape; nil: nothing yet.
func (a *App) scrape() http.Handler {
	if !a.whole.Load() {
		return nil
	}
	return a.metrics.Handler()
}

// seen is the fleet as this node sees it; nil: not yet.
func (a *App) seen() any {
	if !a.whole.Load() {
		return nil
	}
	return fleetView{a}.Status()
}

// startFlight starts the recorder. What it keeps goes into the data directory, where there is one.
func (a *App) startFlight() (err error) {
	if a.cfg.Flight == 0 {
		return nil
	}
	var dir *os.Root
	if a.cfg.Store == config.StoreJetStream {
		if err := os.MkdirAll(a.cfg.Data, 0o700); err != nil {
			return fmt.Errorf("data directory: %w; choose one that can be written", err)
		}
		if dir, err = os.OpenRoot(a.cfg.Data); err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
		a.onStop("data directory", func(context.Context) error { return dir.Close() })
	}
	if a.flight, err = admin.StartFlight(a.cfg.Flight, dir); err != nil {
		return err
	}
	a.onStop("flight recorder", func(context.Context) error { a.flight.Stop(); return nil })
	return nil
}
