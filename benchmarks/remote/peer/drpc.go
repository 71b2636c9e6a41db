package peer

import (
	"context"
	"io"
	"net"

	"storj.io/drpc"
	"storj.io/drpc/drpcconn"
	"storj.io/drpc/drpcserver"
)

// drpcFloor is frames over one drpc stream: what Hollywood's remote package sends its envelopes with.
type drpcFloor struct{}

const drpcMethod = "/remote/frames"

// raw carries bytes as they are.
type raw struct{}

// Marshal returns the bytes.
func (raw) Marshal(m drpc.Message) ([]byte, error) { return *m.(*[]byte), nil }

// Unmarshal copies the bytes, which drpc uses again.
func (raw) Unmarshal(b []byte, m drpc.Message) error {
	to := m.(*[]byte)
	*to = append((*to)[:0], b...)
	return nil
}

// drpcStream makes a stream of messages one of bytes: a write is a message, and a read takes what is left of one.
type drpcStream struct {
	drpc.Stream
	closer io.Closer // of the connection; nil: the server closes it
	buffer []byte
	left   []byte // of buffer
}

// Write sends a message.
func (s *drpcStream) Write(b []byte) (int, error) { return len(b), s.MsgSend(&b, raw{}) }

// Read receives a message when nothing is left of the last one.
func (s *drpcStream) Read(b []byte) (int, error) {
	for len(s.left) == 0 {
		if err := s.MsgRecv(&s.buffer, raw{}); err != nil {
			return 0, err
		}
		s.left = s.buffer
	}
	n := copy(b, s.left)
	s.left = s.left[n:]
	return n, nil
}

// Close closes the connection, or the stream where that is not ours.
func (s *drpcStream) Close() error {
	if s.closer != nil {
		return s.closer.Close()
	}
	return s.Stream.Close()
}

type drpcHandler struct{ handle Handle }

// HandleRPC serves one stream.
func (h drpcHandler) HandleRPC(stream drpc.Stream, _ string) error {
	return serve(&drpcStream{Stream: stream}, h.handle)
}

// Listen serves each stream until ctx ends.
func (drpcFloor) Listen(ctx context.Context, addr string, handle Handle) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	go func() { _ = drpcserver.New(drpcHandler{handle}).Serve(ctx, l) }() // ends with ctx
	return nil
}

// Dial connects and opens the stream.
func (drpcFloor) Dial(ctx context.Context, addr string, events Events) (Sender, error) {
	return newClient(ctx, func(ctx context.Context) (io.ReadWriteCloser, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		c := drpcconn.New(conn)
		stream, err := c.NewStream(ctx, drpcMethod, raw{})
		if err != nil {
			_ = c.Close()
			return nil, err
		}
		return &drpcStream{Stream: stream, closer: c}, nil
	}, events)
}
