package remote

import (
	"context"
	"log/slog"
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

func (h *hush) log(ctx context.Context, log *slog.Logger, message string, attrs ...slog.Attr) {
	now := time.Now()
	h.mu.Lock()
	if now.Before(h.next) {
		h.dropped++
		h.mu.Unlock()
		return
	}
	dropped := h.dropped
	h.next, h.dropped = now.Add(quiet), 0
	h.mu.Unlock()
	log.LogAttrs(ctx, slog.LevelWarn, message, append(attrs, slog.Int("dropped_lines", dropped))...)
}
