package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"storj.io/drpc/drpcconn"
	"storj.io/drpc/drpcstream"

	"hayauma.example/engine"
)

// link carries one lane's packets to one peer, over one connection after another.
type link struct {
	t    *Transport
	peer *peer
	lane engine.Lane
	box  *outbox

	connected  bool      // at least once; owned by run, as lapsed is
	lapsed     time.Time // since when there is no connection; zero: there is one
	reconnects atomic.Uint64
	noise      hush
}

// run ends with ctx.
func (l *link) run(ctx context.Context) {
	pause := l.t.cfg.RetryMin
	for ctx.Err() == nil {
		lived, err := l.once(ctx)
		if ctx.Err() != nil {
			return
		}
		l.report(ctx, err)
		l.down(lived, err)
		if lived {
			pause = l.t.cfg.RetryMin
		}
		if !rest(ctx, pause) {
			return
		}
		pause = min(2*pause, l.t.cfg.RetryMax)
	}
}

func (l *link) report(ctx context.Context, err error) {
	if l.lapsed.IsZero() {
		l.lapsed = time.Now()
	}
	level := slog.LevelWarn
	if passes(err) && time.Since(l.lapsed) < quiet {
		if l.lane != engine.Control {
			return // the other lane says it
		}
		level = slog.LevelInfo // of a peer that comes, leaves or dies, the members know more
	}
	if dropped, ok := l.noise.pass(level); ok {
		l.t.cfg.Log.Log(ctx, level, "no connection to a member", "peer", l.peer.name, "address", *l.peer.address.Load(),
			"lane", int(l.lane), "error", plainly(err).Error(), "dropped_lines", dropped)
	}
}

// passes tells whether an end of a connection goes by itself, most likely: views differ for a moment, and whoever left is about to be named
// by none.
func passes(err error) bool {
	verdict, ok := errors.AsType[*RefusedError](err)
	return ok && (verdict.Verdict == Stranger || verdict.Verdict == Mistaken) || refused(err) || errors.Is(plainly(err), errHungUp) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// rest waits for half of pause or longer, so that members that lost one peer don't come back to it in step.
func rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause/2 + rand.N(pause/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// once connects and carries packets until the connection ends.
func (l *link) once(ctx context.Context) (lived bool, err error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return false, err
	}
	streaming, end := context.WithCancel(ctx)
	conn.end = end
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client := drpcconn.NewWithOptions(conn, drpcconn.Options{Manager: l.t.cfg.options()})
	defer func() { _ = client.Close() }() // what matters of it was said by err
	stream, err := l.shake(streaming, conn, client)
	if err != nil {
		return false, conn.said(err)
	}
	if l.connected {
		l.reconnects.Add(1)
	}
	l.connected, l.lapsed = true, time.Time{}
	return true, l.carry(ctx, conn, stream)
}

func (l *link) dial(ctx context.Context) (*watched, error) {
	address := *l.peer.address.Load()
	if err := l.t.cfg.secure(address); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.t.cfg.DialTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if l.t.cfg.TLS == nil {
		return &watched{Conn: conn, tcp: conn, dead: l.t.cfg.DeadAfter}, nil
	}
	secure := tls.Client(conn, named(l.t.cfg.TLS, address))
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("remote: no TLS with the other side: %w", err)
	}
	return &watched{Conn: secure, tcp: conn, dead: l.t.cfg.DeadAfter}, nil
}

// named is c with the name that the listener's certificate has to carry: its host's, unless c says otherwise.
func named(c *tls.Config, address string) *tls.Config {
	if c.ServerName != "" || c.InsecureSkipVerify {
		return c
	}
	c = c.Clone()
	c.ServerName, _, _ = net.SplitHostPort(address) // it was dialled
	return c
}

// shake opens the stream and learns what the peer has received.
func (l *link) shake(ctx context.Context, conn net.Conn, client *drpcconn.Conn) (*drpcstream.Stream, error) {
	late := time.AfterFunc(l.t.cfg.HandshakeTimeout, func() { _ = conn.Close() })
	defer late.Stop()
	opened, err := client.NewStream(ctx, method, raw{})
	if err != nil {
		return nil, err
	}
	stream, ok := opened.(*drpcstream.Stream)
	if !ok {
		return nil, fmt.Errorf("remote: drpc gave a %T: %w", opened, errors.ErrUnsupported)
	}
	if err := transmit(stream, l.hello().append(nil)); err != nil {
		return nil, err
	}
	return stream, receive(stream, l.welcomed)
}

func (l *link) hello() hello {
	return hello{
		version: Version, lane: l.lane, maxMessage: uint32(l.t.cfg.maxMessage()),
		session: l.peer.session, oldest: l.box.oldest(), from: l.t.cfg.Incarnation, to: l.peer.name,
	}
}

func (l *link) welcomed(message []byte) error {
	a, err := decodeAnswer(message)
	switch {
	case err != nil:
		return err
	case a.verdict != Welcome:
		return &RefusedError{From: l.t.cfg.Incarnation, To: l.peer.name, Listener: a.listener, Verdict: a.verdict}
	case a.listener != l.peer.name:
		return &RefusedError{From: l.t.cfg.Incarnation, To: l.peer.name, Listener: a.listener, Verdict: Mistaken}
	}
	return l.box.resume(a.received)
}

// carry writes packets and reads acknowledgements until either fails.
func (l *link) carry(ctx context.Context, conn net.Conn, stream *drpcstream.Stream) error {
	var heard error
	broken := make(chan struct{})
	go func() {
		defer close(broken)
		heard = l.listen(conn, stream)
		_ = conn.Close() // a write may wait for a peer that reads no more
	}()
	err := l.write(ctx, stream, broken)
	_ = conn.Close()
	<-broken
	if err = plainly(err); errors.Is(err, errBroken) || errors.Is(err, net.ErrClosed) {
		return plainly(heard) // it broke the connection
	}
	return err
}

// listen reads acknowledgements. The peer repeats them when it is idle, so that silence means death, also where bytes come in.
func (l *link) listen(conn net.Conn, stream *drpcstream.Stream) error {
	dead := time.AfterFunc(l.t.cfg.DeadAfter, func() { _ = conn.Close() })
	defer dead.Stop()
	acknowledged := func(message []byte) error {
		dead.Reset(l.t.cfg.DeadAfter)
		received, err := decodeAck(message)
		if err != nil {
			return err
		}
		return l.box.acknowledge(received)
	}
	for {
		if err := receive(stream, acknowledged); err != nil {
			return err
		}
	}
}

// write sends what has collected whenever the last write has ended.
func (l *link) write(ctx context.Context, stream *drpcstream.Stream, broken <-chan struct{}) error {
	ping := time.NewTimer(l.t.cfg.beat())
	defer ping.Stop()
	for {
		if message, ok := l.box.take(); ok {
			if err := transmit(stream, message); err != nil {
				return err
			}
			continue
		}
		ping.Reset(l.t.cfg.beat())
		select {
		case <-l.box.wake:
			runtime.Gosched() // who was about to send too does so first: one system call carries them all
		case <-ping.C:
			if err := transmit(stream, l.box.ping(nil)); err != nil {
				return err
			}
		case <-broken:
			return errBroken
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
