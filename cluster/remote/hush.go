package remote

import (
	"sync"
	"time"
)

// quiet is how long a hush is silent after a line.
const quiet = 10 * time.Second

// hush lets one line through in a while, and counts the others: a peer can't fill the log.
type hush struct {
	mu      sync.Mutex
	next    time.Time // guarded by mu
	dropped int       // guarded by mu
}

// pass says whether a line may be written, and how many were not since the last.
func (h *hush) pass() (dropped int, ok bool) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Before(h.next) {
		h.dropped++
		return 0, false
	}
	dropped = h.dropped
	h.next, h.dropped = now.Add(quiet), 0
	return dropped, true
}
