package natsnode

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// maxPayload holds the journal's largest record with its headers.
const maxPayload = 1 << 20

func openEmbedded(ctx context.Context, cfg Config) (_ *Node, err error) {
	n := &Node{drop: make(chan struct{}), routed: len(cfg.Routes.Servers)}
	if n.lock, err = lock(cfg.DataDir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			n.abort()
		}
	}()
	opts, err := serverOptions(cfg)
	if err != nil {
		return nil, err
	}
	if n.server, err = server.NewServer(opts); err != nil {
		return nil, fmt.Errorf("natsnode: configure the embedded server: %w", err)
	}
	n.server.SetLoggerV2(serverLog{cfg.Logger}, false, false, false)
	n.server.Start()
	if !n.server.ReadyForConnections(until(ctx)) {
		return nil, fmt.Errorf("natsnode: the embedded server did not start on %s: see its log", cfg.DataDir)
	}
	n.conn, err = nats.Connect("", append(options(cfg, n.drop), nats.InProcessServer(n.server), nats.UserInfo(opts.Username, opts.Password))...)
	if err != nil {
		return nil, fmt.Errorf("natsnode: connect to the embedded server: %w", err)
	}
	if cfg.Routes.wanted() {
		if err := n.awaitQuorum(ctx, cfg); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *Node) abort() {
	if n.conn != nil {
		n.conn.Close()
	}
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	}
	_ = n.lock.release() // the first error counts
}

func until(ctx context.Context) time.Duration {
	deadline, _ := ctx.Deadline() // Open has set one
	return time.Until(deadline)
}

// serverOptions: no signals, no port, every write synced, and the caches that cost memory bounded.
func serverOptions(cfg Config) (*server.Options, error) {
	dir, err := storeDir(cfg)
	if err != nil {
		return nil, err
	}
	opts := &server.Options{
		ServerName:             "hayauma",
		DontListen:             true,
		NoSigs:                 true,
		NoSystemAccount:        true,
		DisableJetStreamBanner: true,
		MaxPayload:             maxPayload,
		JetStream:              true,
		StoreDir:               dir,
		SyncAlways:             true,
		JetStreamMaxMemory:     64 << 20,
		JetStreamMaxStore:      1 << 50, // the streams have their own limits, and a full disk speaks for itself
	}
	if cfg.Routes.wanted() {
		if err := routed(opts, cfg.Routes); err != nil {
			return nil, err
		}
	}
	if cfg.Listen == "" {
		return opts, nil
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("natsnode: listen address %q: want HOST:PORT: %w", cfg.Listen, err)
	}
	if opts.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("natsnode: listen address %q: %w", cfg.Listen, err)
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	opts.Host, opts.DontListen = host, false
	opts.Username, opts.Password = "", "" // the operator has opened it
	return opts, nil
}

// serverLog passes on what an operator must see.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(format string, v ...any) { l.log.Debug(serverSaid, "text", text(format, v)) }
func (l serverLog) Warnf(format string, v ...any)   { l.log.Warn(serverSaid, "text", text(format, v)) }
func (l serverLog) Fatalf(format string, v ...any)  { l.log.Error(serverSaid, "text", text(format, v)) }
func (l serverLog) Errorf(format string, v ...any)  { l.log.Error(serverSaid, "text", text(format, v)) }
func (l serverLog) Debugf(string, ...any)           {}
func (l serverLog) Tracef(string, ...any)           {}

const serverSaid = "nats server"

func text(format string, v []any) fmt.Stringer { return lazyText{format, v} }

// lazyText is formatted only where the level is on.
type lazyText struct {
	format string
	v      []any
}

// String implements fmt.Stringer.
func (t lazyText) String() string { return fmt.Sprintf(t.format, t.v...) }
