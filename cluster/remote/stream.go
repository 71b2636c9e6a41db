package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"storj.io/drpc"
	"storj.io/drpc/drpcmanager"
	"storj.io/drpc/drpcstream"
	"storj.io/drpc/drpcwire"
)

// method is the only one that members serve.
const method = "/hayauma/remote"

// readAhead is what drpc's reader may hold beside a message: twice a frame of 64 KiB, and what it grows by.
const readAhead = 192 << 10

// options bounds what drpc holds of a message that is not complete.
func (c Config) options() drpcmanager.Options {
	return drpcmanager.Options{
		Reader:            drpcwire.ReaderOptions{MaximumBufferSize: max(c.maxMessage(), readAhead)},
		InactivityTimeout: c.HandshakeTimeout,
	}
}

// transmit writes a message without a copy of ours; drpc's is the only one.
func transmit(s *drpcstream.Stream, message []byte) error {
	if err := s.RawWrite(drpcwire.KindMessage, message); err != nil {
		return err
	}
	return s.RawFlush()
}

// receive has f read the next message where drpc holds it: nothing more is read of the connection before f returns.
func receive(s drpc.Stream, f sink) error { return s.MsgRecv(f, raw{}) }

// sink takes a message's bytes and keeps nothing of them.
type sink func(message []byte) error

// raw is drpc's encoding of messages that are bytes already.
type raw struct{}

// Marshal is not used: see transmit.
func (raw) Marshal(drpc.Message) ([]byte, error) { return nil, errors.ErrUnsupported }

// Unmarshal gives the bytes to the sink.
func (raw) Unmarshal(message []byte, to drpc.Message) error { return to.(sink)(message) }

// watched is a connection that fails when a read gets nothing for too long. One that nobody reads, because a receiver is slow, lives.
type watched struct {
	net.Conn
	tcp   net.Conn           // below Conn, or Conn
	end   context.CancelFunc // of its stream's context
	dead  time.Duration
	armed time.Time // owned by Read

	alert atomic.Pointer[error] // by which the other side refused our certificate
}

// Close closes the connection without TLS's farewell, which would wait for a peer that is dead. It ends the stream too: drpc sees a
// closed connection only where it reads, and a peer can have it wait elsewhere (with a second invocation that comes early).
func (w *watched) Close() error {
	w.end()
	return w.tcp.Close()
}

// Read implements net.Conn.
func (w *watched) Read(b []byte) (int, error) {
	if now := time.Now(); now.Sub(w.armed) > w.dead/8 { // not at each read: it would cost more than a small one
		w.armed = now
		if err := w.SetReadDeadline(now.Add(w.dead)); err != nil {
			return 0, err
		}
	}
	n, err := w.Conn.Read(b)
	if err == nil {
		return n, nil
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		w.alert.Store(new(err)) // drpc passes it on as the end of a connection
	}
	return n, err
}

// said is the alert by which the other side ended the connection, or else err.
func (w *watched) said(err error) error {
	if alert := w.alert.Load(); alert != nil {
		return fmt.Errorf("remote: the other side refuses this member's certificate: %w", *alert)
	}
	return err
}
