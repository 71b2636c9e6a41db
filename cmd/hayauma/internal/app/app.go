package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"hayauma.example/actors/campaign"
	"hayauma.example/actors/catalog"
	"hayauma.example/actors/provider/line"
	"hayauma.example/cluster"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/remote"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/config"
	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// Options are what a daemon gets besides its configuration. The zero value is useful.
type Options struct {
	Log     *slog.Logger // nil: nothing is logged
	Version string
	Getenv  func(name string) string // of channels' tokens and of crash points; nil: os.Getenv
}

// StopTimeout is how long a daemon may take to stop; what is not done by then is left to the next start.
const StopTimeout = 10 * time.Second

const (
	startTimeout = 30 * time.Second
	natsTimeout  = time.Minute     // until enough of several embedded servers have come
	drainFor     = 3 * time.Second // requests that are being answered when the daemon stops
)

// App is a running daemon.
type App struct {
	cfg     config.Config
	opts    Options
	log     *slog.Logger
	closers []closer // in the order in which they were made
	failed  chan error
	serving atomic.Bool
	late    chan struct{} // closed when the daemon begins to stop
	stop    sync.Once

	listener net.Listener
	temp     *os.Root
	locked   bool           // the data directory is this process's alone
	nats     *natsnode.Node // nil: the store is memory
	store    journal.Store
	objects  journal.Objects
	room     *room // nil: the store's disk is not ours
	held     holds
	home     *home // nil: there is no data directory
	sys      *engine.System
	gates    suspender
	pool     *line.Pool // connections to providers, of all channels
	metrics  *metrics.Registry
	list     *catalog.Catalog

	shared    objects.Store // what the members of the fleet share
	member    *cluster.Member
	secured   *tls.Config       // between nodes; nil: plain, on loopback
	transport *remote.Transport // nil: alone
	campaigns *campaign.Local
	posters   atomic.Int32                    // active nodes that carry posters
	active    atomic.Pointer[[]roster.Member] // active nodes, as this one has seen them last; nil: it has seen none yet
	starts    string                          // the file of this data directory's starts; empty: the store is ours alone
	left      sync.Once
	leftErr   error // set by left
}

// closer undoes one step of Start.
type closer struct {
	what string
	do   func(ctx context.Context) error
}

// suspender stops provider calls.
type suspender interface {
	Suspend(reason string)
	Resume()
	Suspended() string
}

// Start brings a daemon up; cfg is valid. ctx bounds the start only.
func Start(ctx context.Context, cfg config.Config, opts Options) (*App, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Getenv == nil {
		opts.Getenv = os.Getenv
	}
	a := &App{cfg: cfg, opts: opts, log: opts.Log, failed: make(chan error, 1), late: make(chan struct{})}
	limitMemory(cfg.MemoryLimit, opts.Getenv)
	ctx, cancel := context.WithTimeout(ctx, startFor(cfg))
	defer cancel()
	for _, step := range []func(context.Context) error{a.loadCertificates, a.listen, a.openStore, a.openTemp, a.startActors, a.watchClock, a.serveHTTP} {
		if err := step(ctx); err != nil {
			after, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopTimeout)
			defer cancel()
			return nil, errors.Join(err, a.undo(after))
		}
	}
	a.log.Info("serving", "url", a.URL(), "store", cfg.Store, "data", cfg.Data, "version", opts.Version)
	return a, nil
}

// startFor is how long a start may take. Several embedded servers wait for each other.
func startFor(cfg config.Config) time.Duration {
	if len(cfg.NATS.Routes) > 0 {
		return natsTimeout + startTimeout
	}
	return startTimeout
}

// limitMemory sets the collector's target, unless the operator has set GOMEMLIMIT.
func limitMemory(limit int64, getenv func(string) string) {
	if limit > 0 && getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}

// onStop adds a step of Stop; later ones come first.
func (a *App) onStop(what string, do func(ctx context.Context) error) {
	a.closers = append(a.closers, closer{what, do})
}

// URL is where the API is reached.
func (a *App) URL() string { return "http://" + a.listener.Addr().String() }

// Failed yields why the daemon can't go on, at most once.
func (a *App) Failed() <-chan error { return a.failed }

func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default: // the first reason counts
	}
}

// Stop ends the daemon: alone requests first, then actors, then the store; in a fleet it hands over first, and answers requests meanwhile.
// It returns when nothing of it runs, or when ctx is over. A second call does nothing.
func (a *App) Stop(ctx context.Context) (err error) {
	a.stop.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, StopTimeout)
		defer cancel()
		a.serving.Store(false)
		a.log.Info("stopping")
		close(a.late)
		if a.accompanied() {
			_ = a.leave(ctx) // requests are answered meanwhile; its error comes with those of undo
		}
		if err = a.undo(ctx); err == nil {
			a.log.Info("stopped")
		}
	})
	return err
}

func (a *App) undo(ctx context.Context) error {
	var errs []error
	for _, c := range slices.Backward(a.closers) {
		if err := c.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.what, err))
		}
	}
	return errors.Join(errs...)
}

func (a *App) listen(ctx context.Context) (err error) {
	a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.Listen)
	if err != nil {
		return listenError(a.cfg.Listen, err)
	}
	a.onStop("listener", func(context.Context) error {
		if err := a.listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil // the HTTP server has closed it
	})
	return nil
}

// listenError says what to do about an address that can't be had.
func listenError(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("listen on %s: the port is taken by another process: stop that one or choose another --listen", address)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("listen on %s: not allowed: choose a port above 1023", address)
	}
	return fmt.Errorf("listen on %s: %w", address, err)
}

// ready tells what keeps the daemon from its work.
func (a *App) ready() error {
	if !a.serving.Load() {
		return errors.New("the daemon is starting or stopping")
	}
	if err := a.takesPart(); err != nil {
		return err
	}
	if reason := a.gates.Suspended(); reason != "" {
		return errors.New("no provider call starts: " + reason)
	}
	return a.room.ready()
}

func (a *App) serveHTTP(context.Context) error {
	server := &http.Server{
		Handler:           a.handler(),
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
	a.onStop("http server", func(ctx context.Context) error {
		defer func() { <-ended }()
		ctx, cancel := context.WithTimeout(ctx, drainFor)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			return server.Close() // what is still being sent is cut off, and its client sends it again
		}
		return nil
	})
	a.serving.Store(true)
	return nil
}
