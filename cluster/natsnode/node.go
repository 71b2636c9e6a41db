package natsnode

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// ErrOldServer: the server is too old for atomic batches.
var ErrOldServer = errors.New("natsnode: the NATS server is older than 2.12 and has no atomic batches: upgrade it")

// ErrUnreachable: no connection within the time to open.
var ErrUnreachable = errors.New("natsnode: NATS is unreachable: check --nats, the network and the server's log")

// Node is a connection to NATS and, embedded, the server behind it.
type Node struct {
	cfg    Config
	conn   *nats.Conn
	drop   chan struct{} // closed when the connection is
	server *server.Server
	logins logins  // embedded
	lock   dirLock // of the data directory
	watch  sync.WaitGroup

	once   sync.Once
	closed error // set by once
}

// Open starts or reaches NATS. The context bounds the start only.
func Open(ctx context.Context, cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if cfg.OpenTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cfg.OpenTimeout)
		defer cancel()
	}
	if cfg.URL != "" {
		return openExternal(ctx, cfg)
	}
	return openEmbedded(ctx, cfg)
}

// Conn is the client's connection, open until Close.
func (n *Node) Conn() *nats.Conn { return n.conn }

// Embedded says whether the server runs in this process.
func (n *Node) Embedded() bool { return n.server != nil }

// Stores tells whether the embedded server keeps its part of the store. One of several that found its disk full or unwritable has given
// that up, and goes on giving the others' answers; it stores again when it was closed and opened, and not before. Of an external server
// nothing is known: true.
func (n *Node) Stores() bool { return n.server == nil || n.server.JetStreamEnabled() }

// Reached is how many of the embedded servers that keep the store together there is a route to, this one among them. of is 0 where there
// are no routes.
func (n *Node) Reached() (servers, of int) {
	if len(n.cfg.Routes.Servers) == 0 {
		return 0, 0
	}
	return len(n.reached()) + 1, len(n.cfg.Routes.Servers)
}

// Close drains the client, shuts an embedded server down and waits for it, so that a later Open recovers nothing.
func (n *Node) Close(ctx context.Context) error {
	n.once.Do(func() { n.closed = n.close(ctx) })
	return n.closed
}

func (n *Node) close(ctx context.Context) error {
	err := n.drain(ctx)
	n.watch.Wait() // it ends with the connection
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	}
	return errors.Join(err, n.lock.release())
}

func (n *Node) drain(ctx context.Context) error {
	defer n.conn.Close()
	if n.conn.IsClosed() {
		return nil
	}
	if err := n.conn.Drain(); err != nil {
		return nil // it isn't connected: there is nothing to drain
	}
	select {
	case <-n.drop:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("natsnode: drain: %w", context.Cause(ctx))
	}
}

// options are those of every connection: a dead one is noticed after 1 s and dialled again for ever.
func options(cfg Config, drop chan struct{}) []nats.Option {
	closed := sync.OnceFunc(func() { close(drop) })
	return []nats.Option{
		nats.Name(cfg.Name),
		nats.PingInterval(500 * time.Millisecond),
		nats.MaxPingsOutstanding(2),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		nats.ReconnectBufSize(-1), // what is sent without a connection fails at once: a repeat is the caller's decision
		nats.DrainTimeout(5 * time.Second),
		nats.ClosedHandler(func(*nats.Conn) { closed() }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				cfg.Logger.Warn("nats disconnected", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { cfg.Logger.Info("nats reconnected", "url", c.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			subject := ""
			if s != nil {
				subject = s.Subject
			}
			cfg.Logger.Warn("nats error", "error", err, "subject", subject)
		}),
	}
}
