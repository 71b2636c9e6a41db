package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/actors/campaign"
	"hayauma.example/actors/catalog"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/message"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/recipient"
	"hayauma.example/actors/webhook"
	"hayauma.example/cluster"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/remote"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/admin"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/census"
	"hayauma.example/cmd/hayauma/internal/config"
	"hayauma.example/cmd/hayauma/internal/ingress"
	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/cmd/hayauma/internal/tracing"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// Options are what a daemon gets besides its configuration. The zero value is useful.
type Options struct {
	Log     *slog.Logger // nil: nothing is logged
	Version string
	Getenv  func(name string) string // of channels' tokens and of crash points; nil: os.Getenv
	Level   *slog.LevelVar           // of Log, so that it can be changed; nil: changing it has no effect
}

// StopTimeout is how long a daemon may take to stop; what is not done by then is left to the next start.
const StopTimeout = 10 * time.Second

const (
	startTimeout = 30 * time.Second // for each step; several embedded servers wait for each other without an end
	drainFor     = 3 * time.Second  // requests that are being answered when the daemon stops
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
	front    *front
	endHTTP  func(ctx context.Context) error
	temp     *os.Root
	locked   bool           // the data directory is this process's alone
	nats     *natsnode.Node // nil: the store is memory
	store    journal.Store
	objects  journal.Objects
	flight   *admin.Flight    // nil: off
	whole    atomic.Bool      // every part is there, since the end of the start
	tracing  *tracing.Tracing // nil: nothing is traced
	room     *room            // nil: the store's disk is not ours
	stores   func() bool      // whether the embedded server, one of several, keeps its copies; nil: it is none of several
	bereft   bool             // it was said that it doesn't; owned by watchClock
	held     holds
	home     *home // nil: there is no data directory
	sys      *engine.System
	gates    suspender
	pool     *line.Pool // connections to providers, of all channels
	books    *recipient.Addresses
	sets     *recipient.Sets
	metrics  *metrics.Registry
	list     *catalog.Catalog
	census   *census.Census
	traffic  api.Traffic
	judged   *checker.Judged
	figures  *channel.AllFigures
	webhooks *webhook.Figures
	singles  *message.Counted
	ingress  atomic.Pointer[ingress.Ingress] // nil: requests are not answered over NATS
	outlet   journal.Publisher               // nil: events are not published

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
	End(reason string)
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
	if opts.Level == nil {
		opts.Level = new(slog.LevelVar)
		opts.Level.Set(cfg.LogLevel)
	}
	a := &App{cfg: cfg, opts: opts, log: opts.Log, failed: make(chan error, 1), late: make(chan struct{}), front: newFront()}
	a.limitMemory(cfg.MemoryLimit)
	for _, s := range a.steps() {
		if err := a.run(ctx, s); err != nil {
			after, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopTimeout)
			defer cancel()
			return nil, errors.Join(err, a.undo(after))
		}
	}
	a.log.Info("serving", "url", a.URL(), "store", cfg.Store, "data", cfg.Data, "version", opts.Version)
	return a, nil
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
		_ = a.endIngress(ctx) // before anything is handed over; its error comes with those of undo
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

// ready tells what keeps the daemon from its work.
func (a *App) ready() error {
	if !a.serving.Load() {
		return errors.New("the daemon is starting or stopping")
	}
	if err := a.takesPart(); err != nil {
		return err
	}
	if err := a.copies(); err != nil {
		return err
	}
	if reason := a.gates.Suspended(); reason != "" {
		return errors.New("no provider call starts: " + reason)
	}
	return a.room.ready()
}
