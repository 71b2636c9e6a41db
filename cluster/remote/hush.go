package remote

import (
	"log/slog"
	"sync"
	"time"
)

// quiet is how long a hush is silent after a line.
const quiet = 10 * time.Second

// hush lets one line through in a while, and counts the others: a peer can't fill the log.
type hush struct {
	mu      sync.Mutex
	next    time.Time  // guarded by mu, as all is that follows
	level   slog.Level // of the last line
	dropped int
}

// pass says whether a line may be written, and how many were not since the last. A graver one waits for none that was less so.
func (h *hush) pass(level slog.Level) (dropped int, ok bool) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Before(h.next) && level <= h.level {
		h.dropped++
		return 0, false
	}
	dropped = h.dropped
	h.next, h.level, h.dropped = now.Add(quiet), level, 0
	return dropped, true
}
