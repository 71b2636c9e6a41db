package remote

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"storj.io/drpc/drpcconn"
	"storj.io/drpc/drpcstream"

	"hayauma.example/engine"
)

// stranger is the name that a probe gives: nobody's, so that no connection of a peer is superseded by it.
const stranger = "probe"

// Probe tells whether an incarnation is certainly dead: its address refuses connections, or another incarnation answers there. That
// nobody answers proves nothing. It takes DialTimeout and HandshakeTimeout at most, and ctx.
func (t *Transport) Probe(ctx context.Context, address, incarnation string) (dead bool) {
	listener, err := t.Ask(ctx, address, incarnation)
	if err != nil {
		return refused(err)
	}
	return listener != incarnation
}

// Ask tells which incarnation answers at an address where one is looked for, this one's own not excepted. An error that is
// syscall.ECONNREFUSED says that nobody listens there; any other proves nothing. It takes DialTimeout and HandshakeTimeout at most, and ctx.
func (t *Transport) Ask(ctx context.Context, address, incarnation string) (listener string, err error) {
	p := &peer{name: incarnation}
	p.address.Store(&address)
	l := &link{t: t, peer: p, lane: engine.Control}
	conn, err := l.dial(ctx)
	if err != nil {
		return "", err
	}
	streaming, end := context.WithCancel(ctx)
	conn.end = end
	defer func() { _ = conn.Close() }() // nothing hangs on it
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer time.AfterFunc(t.cfg.HandshakeTimeout, func() { _ = conn.Close() }).Stop()
	client := drpcconn.NewWithOptions(conn, drpcconn.Options{Manager: t.cfg.options()})
	defer func() { _ = client.Close() }()
	opened, err := client.NewStream(streaming, method, raw{})
	if err != nil {
		return "", conn.said(err)
	}
	stream, ok := opened.(*drpcstream.Stream)
	if !ok {
		return "", fmt.Errorf("remote: drpc gave a %T: %w", opened, errors.ErrUnsupported)
	}
	h := hello{version: Version, lane: engine.Control, maxMessage: minBatch, session: 1, oldest: 1, from: stranger, to: incarnation}
	if err := transmit(stream, h.append(nil)); err != nil {
		return "", conn.said(err)
	}
	err = receive(stream, func(message []byte) error {
		a, err := decodeAnswer(message)
		listener = a.listener
		return err
	})
	if err != nil {
		return "", conn.said(err)
	}
	return listener, nil
}

// refused: nobody listens at the address, and the machine is there to say so.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// down tells who may want to know that a peer may be dead.
func (l *link) down(lived bool, err error) {
	if l.t.cfg.OnDown == nil {
		return
	}
	verdict, ok := errors.AsType[*RefusedError](err)
	if lived || refused(err) || ok && verdict.Verdict == Mistaken {
		l.t.cfg.OnDown(l.peer.name)
	}
}
