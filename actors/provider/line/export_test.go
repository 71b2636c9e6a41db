package line

import (
	"context"
	"net"
	"net/http"
)

// Over makes the client call over a transport that tells nothing of connections.
func (c *Client) Over(transport http.RoundTripper) { c.transport, c.announces = transport, false }

// Dialed passes each new connection of the pool through f.
func (p *Pool) Dialed(f func(net.Conn) net.Conn) {
	dial := p.transport.DialContext
	p.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return f(conn), nil
	}
}

// CloseIdle closes connections of the client's pool that no call uses.
func (c *Client) CloseIdle() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
