package natsnode

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// maxPayload holds the journal's largest record with its headers.
const maxPayload = 1 << 20

func openEmbedded(ctx context.Context, cfg Config) (_ *Node, err error) {
	n := &Node{cfg: cfg, drop: make(chan struct{})}
	if n.lock, err = lock(cfg.DataDir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			n.abort()
		}
	}()
	if cfg.Routes.wanted() {
		if err := cfg.Routes.unique(ctx); err != nil {
			return nil, err
		}
	}
	opts, logins, err := serverOptions(cfg)
	if n.logins = logins; err != nil {
		return nil, err
	}
	if n.server, err = server.NewServer(opts); err != nil {
		return nil, fmt.Errorf("natsnode: configure the embedded server: %w", err)
	}
	n.server.SetLoggerV2(newServerLog(cfg.Logger), false, false, false)
	n.server.Start()
	if !n.server.ReadyForConnections(until(ctx)) {
		return nil, fmt.Errorf("natsnode: the embedded server did not start on %s: see its log", cfg.DataDir)
	}
	with := append(options(cfg, n.drop), nats.InProcessServer(n.server), logins.own.option())
	if cfg.Clients.wanted() {
		with = append(with, nats.CustomInboxPrefix(ownInbox))
	}
	n.conn, err = nats.Connect("", with...)
	if err != nil {
		return nil, fmt.Errorf("natsnode: connect to the embedded server: %w", err)
	}
	if cfg.Routes.wanted() {
		if err := n.awaitQuorum(ctx); err != nil {
			return nil, err
		}
		n.watchRoutes(context.WithoutCancel(ctx))
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

// readyFor is how long a server without routes may take to read its store, where ctx has no end.
const readyFor = 10 * time.Minute

func until(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return readyFor
}

// serverOptions: no signals, no port, every write synced, and the caches that cost memory bounded.
func serverOptions(cfg Config) (opts *server.Options, by logins, err error) {
	dir, err := storeDir(cfg)
	if err != nil {
		return nil, by, err
	}
	opts = &server.Options{
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
			return nil, by, err
		}
		by.own = login{opts.Username, opts.Password}
		by.answerer = by.own
	}
	switch {
	case cfg.Clients.wanted():
		by, err = cfg.Clients.open(opts)
		return opts, by, err
	case cfg.Listen == "":
		return opts, by, nil
	}
	by = logins{} // the operator has opened it
	return opts, by, listen(opts, cfg)
}

// listen opens the port for everybody and everything.
func listen(opts *server.Options, cfg Config) error {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return fmt.Errorf("natsnode: listen address %q: want HOST:PORT: %w", cfg.Listen, err)
	}
	if opts.Port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("natsnode: listen address %q: %w", cfg.Listen, err)
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	opts.Host, opts.DontListen = host, false
	opts.Username, opts.Password = "", ""
	return nil
}
