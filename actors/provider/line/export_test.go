package line

import "net/http"

// Over makes the client call over a transport that tells nothing of connections.
func (c *Client) Over(transport http.RoundTripper) { c.transport, c.announces = transport, false }
