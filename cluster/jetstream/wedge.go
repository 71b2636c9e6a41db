package jetstream

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"
)

const (
	wedgedAfter  = time.Second      // a message that another one to its subject is under way for is refused for milliseconds
	anotherAfter = 10 * time.Second // a refusal so much later is another one's
)

// wedges are subjects whose messages are being refused. A replicated stream's leader that checks a message, and stores it only
// after a purge has moved the sequence, never takes the message off the list of those under way, and refuses every later one to the
// subject (NATS 2.15.2; two members that lay the floor at once do that). It forgets the list when it stops leading.
type wedges struct {
	mu sync.Mutex
	by map[string]refusals // guarded by mu
}

type refusals struct{ first, last time.Time }

// stuck notes what became of a message, and tells once in wedgedAfter that none to its subject has passed for so long.
func (w *wedges) stuck(subject string, refused bool, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !refused {
		delete(w.by, subject)
		return false
	}
	maps.DeleteFunc(w.by, func(_ string, r refusals) bool { return now.Sub(r.last) >= anotherAfter })
	if w.by == nil {
		w.by = map[string]refusals{}
	}
	r, before := w.by[subject]
	stuck := before && now.Sub(r.first) >= wedgedAfter
	if !before || stuck {
		r.first = now
	}
	r.last = now
	w.by[subject] = r
	return stuck
}

// unwedge has the stream led by another server. Without an answer it is tried again after the next wedgedAfter.
func (m *Membership) unwedge(ctx context.Context, subject string) {
	stream := cluster
	if strings.HasPrefix(subject, membersKeys) {
		stream = members
	}
	_, _ = m.store.conn.RequestWithContext(ctx, "$JS.API.STREAM.LEADER.STEPDOWN."+stream, nil)
}
