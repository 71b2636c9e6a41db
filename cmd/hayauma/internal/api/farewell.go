package api

import (
	"io"
	"net/http"
	"time"
)

// What a client that was refused may still send.
const (
	farewellTime  = 30 * time.Second
	farewellBytes = 1 << 30
)

// farewell reads what a refused client is still sending, so that it gets to read why: many a client looks for the answer only when it has sent
// everything, and closing the connection before that takes the answer away. One that waits for leave to send (Expect: 100-continue) looks at once.
func (b *begun) farewell(r *http.Request, body io.Reader) {
	if b.status < http.StatusBadRequest || r.ContentLength == 0 || r.Header.Get("Expect") != "" {
		return
	}
	rc := http.NewResponseController(b.ResponseWriter)
	if rc.Flush() != nil || rc.SetReadDeadline(time.Now().Add(farewellTime)) != nil {
		return // the connection is gone
	}
	_, _ = io.CopyN(io.Discard, body, farewellBytes) // a client that has gone doesn't want to know
}
