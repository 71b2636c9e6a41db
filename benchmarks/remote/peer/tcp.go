package peer

import (
	"context"
	"io"
	"net"
)

// tcpFloor is frames over one TCP connection.
type tcpFloor struct{}

// Listen serves each connection until ctx ends.
func (tcpFloor) Listen(ctx context.Context, addr string, handle Handle) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() { _ = serve(conn, handle) }() // ends with its connection
		}
	}()
	return nil
}

// Dial connects.
func (tcpFloor) Dial(ctx context.Context, addr string, events Events) (Sender, error) {
	return newClient(ctx, func(ctx context.Context) (io.ReadWriteCloser, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}, events)
}
