package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// front is the HTTP server from the first moment on: until open it answers that the daemon starts, and why that takes so long.
type front struct {
	reason  atomic.Pointer[string]
	handler atomic.Pointer[http.Handler]
}

func newFront() *front {
	f := &front{}
	f.say("the parts are put together")
	h := api.Starting(func() string { return *f.reason.Load() })
	f.handler.Store(&h)
	return f
}

// say tells what the start waits for now.
func (f *front) say(reason string) { f.reason.Store(&reason) }

// open has h answer from now on.
func (f *front) open(h http.Handler) { f.handler.Store(&h) }

// ServeHTTP implements [http.Handler].
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*f.handler.Load()).ServeHTTP(w, r)
}

// step is a part of Start.
type step struct {
	what    string
	do      func(ctx context.Context) error
	endless bool // it waits for others as long as the start may take; any other step has startTimeout
}

func (a *App) steps() []step {
	return []step{
		{what: "reading certificates", do: a.loadCertificates},
		{what: "listening", do: a.openAdmin},
		{what: "listening", do: a.listen},
		{what: "listening", do: a.tryAddresses},
		{what: "listening", do: a.serveHTTP},
		{what: "opening the store", do: a.openStore, endless: len(a.cfg.NATS.Routes) > 0},
		{what: "making the temporary directory", do: a.openTemp},
		{what: "joining the fleet", do: a.startActors},
		{what: "asking for the store's clock", do: a.watchClock},
		{what: "opening the API", do: a.openAPI},
	}
}

func (a *App) run(ctx context.Context, s step) error {
	a.front.say(s.what)
	if !s.endless {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, startTimeout)
		defer cancel()
	}
	return s.do(ctx)
}

// listen takes the port of the API.
func (a *App) listen(ctx context.Context) (err error) {
	a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.Listen)
	if err != nil {
		return listenError("--listen", a.cfg.Listen, err)
	}
	a.onStop("listener", func(context.Context) error {
		if err := a.listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil // the HTTP server has closed it
	})
	return nil
}

// tryAddresses looks whether the addresses can be had that are listened on later, before anything is joined.
func (a *App) tryAddresses(ctx context.Context) error {
	for _, try := range []struct{ option, address string }{
		{"--cluster-listen", a.cfg.Cluster.Listen}, {"--nats-cluster-listen", a.cfg.NATS.ClusterListen}, {"--nats-listen", a.cfg.NATS.Listen},
	} {
		if try.address == "" {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", try.address)
		if err != nil {
			return listenError(try.option, try.address, err)
		}
		_ = l.Close() // it is listened on again, in its turn
	}
	return nil
}

// listenError says what to do about an address that can't be had.
func listenError(option, address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("listen on %s: the port is taken by another process: stop that one or choose another %s", address, option)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("listen on %s: not allowed: choose a port above 1023 (%s)", address, option)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("listen on %s: this machine doesn't have that address: choose one of its own (%s)", address, option)
	}
	return fmt.Errorf("listen on %s (%s): %w", address, option, err)
}

// serveHTTP answers from now on, first of all that the daemon starts.
func (a *App) serveHTTP(context.Context) error {
	server := &http.Server{
		Handler:           a.front,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			a.fail(fmt.Errorf("the HTTP server ended: %w", err))
		}
	}()
	a.endHTTP = func(ctx context.Context) error {
		defer func() { <-ended }()
		ctx, cancel := context.WithTimeout(ctx, drainFor)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			return server.Close() // what is still being sent is cut off, and its client sends it again
		}
		return nil
	}
	a.onStop("http server", a.endHTTP) // of a start that fails
	return nil
}

// openAPI lets requests in. A stop begins with them.
func (a *App) openAPI(ctx context.Context) error {
	h := a.handler()
	if err := a.startIngress(ctx, h); err != nil {
		return err
	}
	a.front.open(a.console(h))
	a.onStop("http server", a.endHTTP)
	a.serving.Store(true)
	a.whole.Store(true)
	return nil
}

// waiting is what NATS is waited for.
func (a *App) waiting(reason string) {
	a.front.say("waiting for NATS: " + cmp.Or(reason, "it gives no answer"))
}
