package remote

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"storj.io/drpc"
	"storj.io/drpc/drpcserver"
	"storj.io/drpc/drpcstream"
)

// accept serves connections until the listener is closed.
func (t *Transport) accept() {
	for {
		select {
		case t.knocks <- struct{}{}:
		case <-t.ctx.Done():
			return
		}
		conn, err := t.listener.Accept()
		if err == nil {
			t.work.Go(func() { t.serve(conn) })
			continue
		}
		<-t.knocks
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if dropped, ok := t.noise.pass(slog.LevelWarn); ok {
			t.cfg.Log.WarnContext(t.ctx, "can't accept a connection", "error", err.Error(), "dropped_lines", dropped)
		}
		if !rest(t.ctx, t.cfg.RetryMin) { // out of files, most likely
			return
		}
	}
}

func (t *Transport) serve(conn net.Conn) {
	ctx, end := context.WithCancel(t.ctx)
	w := &watched{Conn: conn, tcp: conn, end: end, dead: t.cfg.DeadAfter}
	if t.cfg.TLS != nil {
		w.Conn = tls.Server(conn, t.cfg.TLS)
	}
	c := &inbound{t: t, conn: w, received: make(chan struct{}, 1), soon: time.NewTimer(moment)}
	defer c.soon.Stop()
	defer c.close()
	defer context.AfterFunc(ctx, c.close)()
	c.late = time.AfterFunc(t.cfg.HandshakeTimeout, c.close)
	if err := greetTLS(ctx, w.Conn); err != nil {
		c.shaken()
		c.err = fmt.Errorf("remote: no TLS with the dialler: %w", err)
		c.report()
		return
	}
	err := drpcserver.NewWithOptions(c, drpcserver.Options{Manager: t.cfg.options()}).
		ServeOne(ctx, w)
	c.shaken()
	c.err = plainly(cmp.Or(c.err, err))
	if t.ctx.Err() == nil && !harmless(c.err) {
		c.report()
	}
}

// greetTLS shakes hands here where there is TLS: drpc would pass a refused certificate on as the end of a connection.
func greetTLS(ctx context.Context, conn net.Conn) error {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return nil
	}
	if err := secure.HandshakeContext(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil // its first read tells an end that is worth no line
}

func (c *inbound) report() {
	level := slog.LevelWarn
	if passes(c.err) {
		level = slog.LevelDebug // the dialler tries again, and says so where it lasts
	}
	dropped, ok := c.t.noise.pass(level)
	if !ok {
		return
	}
	log := c.t.cfg.Log
	if p, is := errors.AsType[*PanicError](c.err); is {
		log = log.With("stack", string(p.Stack))
	}
	log.Log(c.t.ctx, level, "a connection to this member ended", "peer", c.from, "address", c.conn.RemoteAddr().String(),
		"error", c.err.Error(), "dropped_lines", dropped)
}

// harmless says whether the end of a connection is not worth a line: the dialler says why it went.
func harmless(err error) bool {
	return err == nil || errors.Is(err, errSuperseded) || errors.Is(err, errHungUp) || errors.Is(err, net.ErrClosed) ||
		drpc.ClosedError.Has(err)
}

// moment is how long few packets wait for others to be acknowledged with: an acknowledgement costs each side a system call. Many don't wait,
// see Config.enough.
const moment = 2 * time.Millisecond

// inbound is a connection that was accepted.
type inbound struct {
	t        *Transport
	conn     net.Conn
	late     *time.Timer   // closes it unless hands are shaken
	free     bool          // it has given its knock back; owned by the serving goroutine
	received chan struct{} // holds a token when there is enough to acknowledge
	soon     *time.Timer   // fires when the little that there is has waited for a moment
	waiting  atomic.Bool   // soon runs, or has fired just now
	owed     int           // bytes received since received had its last token; owned by the serving goroutine

	from string // the dialler's incarnation; owned by the serving goroutine, as err is
	err  error
}

func (c *inbound) close() { _ = c.conn.Close() }

// shaken says that hands are shaken, or never will be.
func (c *inbound) shaken() {
	c.late.Stop()
	if !c.free {
		c.free = true
		<-c.t.knocks
	}
}

// HandleRPC implements drpc.Handler: the one stream of this connection.
func (c *inbound) HandleRPC(opened drpc.Stream, rpc string) error {
	defer c.close() // one stream is all
	stream, ok := opened.(*drpcstream.Stream)
	if !ok || rpc != method {
		c.err = malformed("the method %.40q", rpc)
		return c.err
	}
	c.err = c.handle(stream)
	return c.err
}

func (c *inbound) handle(stream *drpcstream.Stream) error {
	var in *inbox
	err := receive(stream, func(message []byte) (err error) {
		in, err = c.greet(stream, message)
		return err
	})
	if err != nil {
		return err
	}
	c.shaken()
	ctx, cancel := context.WithCancel(c.t.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.acknowledge(ctx, stream, in)
	}()
	defer func() {
		cancel()
		c.close()
		<-ended
	}()
	return c.take(stream, in)
}

// greet answers a hello.
func (c *inbound) greet(stream *drpcstream.Stream, message []byte) (*inbox, error) {
	h, err := decodeHello(message)
	if err != nil {
		return nil, err
	}
	c.from = h.from
	in, received, verdict := c.admit(h)
	a := answer{version: min(h.version, Version), verdict: verdict, received: received, listener: c.t.cfg.Incarnation}
	if err := transmit(stream, a.append(nil)); err != nil {
		return nil, err
	}
	if verdict != Welcome {
		return nil, &RefusedError{From: h.from, To: h.to, Listener: c.t.cfg.Incarnation, Verdict: verdict}
	}
	return in, nil
}

func (c *inbound) admit(h hello) (in *inbox, received uint64, v Verdict) {
	p := c.t.peers.Load().named(h.from)
	switch {
	case h.to != c.t.cfg.Incarnation:
		return nil, 0, Mistaken
	case p == nil:
		return nil, 0, Stranger
	case int64(h.maxMessage) > int64(c.t.cfg.maxMessage()):
		return nil, 0, Oversize
	}
	in = p.in[h.lane]
	received, v = in.admit(h, c)
	return in, received, v
}

// take delivers packets until the connection ends. While one is being received nothing more is read.
func (c *inbound) take(stream *drpcstream.Stream, in *inbox) error {
	r := c.t.receiver
	batch := func(message []byte) error {
		err := in.deliver(c, message, r)
		c.owe(len(message))
		return err
	}
	for {
		if err := receive(stream, batch); err != nil {
			return err
		}
	}
}

// owe has the packets of a batch be acknowledged: at once when there are many, else with those of the next moment.
func (c *inbound) owe(n int) {
	if c.owed += n; c.owed >= c.t.cfg.enough() {
		c.owed = 0
		select {
		case c.received <- struct{}{}:
		default: // it is about to be
		}
	} else if c.waiting.CompareAndSwap(false, true) {
		c.soon.Reset(moment)
	}
}

// acknowledge tells how far the packets were received, and again when there is nothing new: so the dialler knows that this member
// lives, however slow its receiver is.
func (c *inbound) acknowledge(ctx context.Context, stream *drpcstream.Stream, in *inbox) {
	beat := time.NewTicker(c.t.cfg.beat())
	defer beat.Stop()
	message := make([]byte, 0, 8)
	for {
		select {
		case <-c.received:
		case <-c.soon.C:
			c.waiting.Store(false)
		case <-beat.C:
		case <-ctx.Done():
			return
		}
		if transmit(stream, appendAck(message, in.received.Load())) != nil {
			c.close()
			return
		}
	}
}
