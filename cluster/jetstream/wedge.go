package jetstream

import (
	"context"
	"strings"
	"sync"
	"time"
)

// wedgedAfter is how long a message may be refused because another one to its subject is under way, which takes milliseconds.
const wedgedAfter = time.Second

// wedges are subjects whose messages are refused since a time. A replicated stream's leader that checks a message, and stores it only
// after a purge has moved the sequence, never takes the message off the list of those under way, and refuses every later one to the
// subject (NATS 2.15.2; two members that lay the floor at once do that). It forgets the list when it stops leading.
type wedges struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// stuck notes what became of a message, and tells once in wedgedAfter that none to its subject has passed for so long.
func (w *wedges) stuck(subject string, refused bool, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	since, before := w.since[subject]
	switch {
	case !refused:
		delete(w.since, subject)
	case !before:
		if w.since == nil {
			w.since = map[string]time.Time{}
		}
		w.since[subject] = now
	case now.Sub(since) >= wedgedAfter:
		w.since[subject] = now
		return true
	}
	return false
}

// unwedge has the stream led by another server. Without an answer it is tried again after the next wedgedAfter.
func (m *Membership) unwedge(ctx context.Context, subject string) {
	stream := cluster
	if strings.HasPrefix(subject, membersKeys) {
		stream = members
	}
	_, _ = m.store.conn.RequestWithContext(ctx, "$JS.API.STREAM.LEADER.STEPDOWN."+stream, nil)
}
