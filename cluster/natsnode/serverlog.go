package natsnode

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// serverLog passes on what an operator must see: what the server repeats for every connection and every attempt is passed on once a minute,
// and what is its daily business, or told by this package, at the level of debugging.
type serverLog struct {
	log *slog.Logger

	mu   sync.Mutex
	next map[string]time.Time // by words of which one line was passed on: when the next is; guarded by mu
}

func newServerLog(log *slog.Logger) *serverLog {
	return &serverLog{log: log, next: map[string]time.Time{}}
}

const serverSaid = "nats server"

// calm are words of what is no alarm. Who is reached is told by watchRoutes and Waiting.
var calm = []string{
	"Error trying to connect to route", "Waiting for routing to be established", "has not established contact with a meta leader",
	"Plaintext passwords detected", // the one user is this process
	"Stream state outdated",        // after a kill; what follows says the same
	"Error flushing:",              // the other side has gone
	"Metalayer blocking snapshot", "Falling behind in health check", "is not current", "resetting first sequence",
}

// repeated are words of what comes again with every attempt.
var repeated = []string{"TLS route", "Remote server has a duplicate name", "Router connection closed", "has NO quorum, stalled", "processRemoteSub Parse Error"}

const repeatAfter = time.Minute

// Noticef implements [server.Logger], as the others do.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug(serverSaid, "text", text(format, v))
}

// Warnf passes a warning on.
func (l *serverLog) Warnf(format string, v ...any) { l.pass(l.log.Warn, text(format, v)) }

// Errorf passes an error on. What comes again with every attempt is a warning: the server goes on.
func (l *serverLog) Errorf(format string, v ...any) { l.pass(l.log.Error, text(format, v)) }

// Fatalf passes on why the server doesn't start.
func (l *serverLog) Fatalf(format string, v ...any) { l.log.Error(serverSaid, "text", text(format, v)) }

// Debugf drops it.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef drops it.
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) pass(at func(msg string, args ...any), said fmt.Stringer) {
	words := said.String()
	if _, ok := among(calm, words); ok {
		l.log.Debug(serverSaid, "text", said)
		return
	}
	if key, ok := among(repeated, words); ok {
		if l.due(key, time.Now()) {
			l.log.Warn(serverSaid, "text", said)
		}
		return
	}
	at(serverSaid, "text", said)
}

func among(list []string, words string) (which string, ok bool) {
	for _, w := range list {
		if strings.Contains(words, w) {
			return w, true
		}
	}
	return "", false
}

func (l *serverLog) due(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.next[key]) {
		return false
	}
	l.next[key] = now.Add(repeatAfter)
	return true
}

func text(format string, v []any) fmt.Stringer { return lazyText{format, v} }

// lazyText is formatted only where the level is on.
type lazyText struct {
	format string
	v      []any
}

// String implements fmt.Stringer.
func (t lazyText) String() string { return fmt.Sprintf(t.format, t.v...) }
