package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// lagTarget is how late a campaign may start on a machine with nothing else to do; the tests allow ten times that.
const lagTarget = 100 * time.Millisecond

// schedule puts a due time, and how long after it a start still makes sense, into the campaign file.
func (m *mailing) schedule(t testing.TB, at time.Time, expireAfter string) {
	t.Helper()
	spec := fmt.Sprintf(`{"at":%q}`, at.Format(time.RFC3339Nano))
	if expireAfter != "" {
		spec = fmt.Sprintf(`{"at":%q,"expire_after":%q}`, at.Format(time.RFC3339Nano), expireAfter)
	}
	if err := os.WriteFile(m.campaign, definition(m.name, "Scheduled: "+m.name, spec), 0o600); err != nil {
		t.Fatal(err)
	}
	for user := range m.want {
		m.want[user] = digest("Scheduled: " + m.name)
	}
}

// first is when the provider accepted a mailing's first message.
func (w *world) first(m *mailing) (at time.Time) {
	w.t.Helper()
	for _, d := range w.deliveries() {
		if m.want[d.User] != "" && (at.IsZero() || d.At.Before(at)) {
			at = d.At
		}
	}
	return at
}

// TestScheduledStart measures on the real clock how late a campaign starts: one that the daemon waits for, and others that became
// due while it was down.
func TestScheduledStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open()
	waited, missed, lapsed := w.personalised("waited", 300), w.personalised("missed", 300), w.personalised("lapsed", 300)

	due := time.Now().Add(3 * time.Second)
	waited.schedule(t, due, "1h")
	w.mustSubmit(waited)
	if s := w.await(waited.id, "known", func(shown) bool { return true }); s.State != "scheduled" || s.Pending != 300 {
		t.Errorf("before its time: %+v", s)
	}
	w.started(waited, due, "start lag")

	due = time.Now().Add(2 * time.Second)
	missed.schedule(t, due, "1h")
	lapsed.schedule(t, due, "500ms")
	w.mustSubmit(missed)
	w.mustSubmit(lapsed)
	w.daemon.kill()
	<-time.After(time.Until(due.Add(time.Second))) // the time passes while nobody is there
	w.serve("")
	ready := time.Now()
	w.started(missed, ready, "start lag after a restart behind the due time")
	s := w.finish(lapsed)
	if err := w.judge(lapsed, s); err != nil || s.State != "expired" || s.Expired != 300 || !w.first(lapsed).IsZero() {
		t.Errorf("%+v, first sent at %v: %v", s, w.first(lapsed), err)
	}
}

// started waits for the mailing's end and compares its first message with the moment at which it could start.
func (w *world) started(m *mailing, from time.Time, what string) {
	w.t.Helper()
	s := w.finish(m)
	if err := w.judge(m, s); err != nil || s.Delivered != len(m.want) {
		w.t.Fatalf("%+v: %v", s, err)
	}
	lag := w.first(m).Sub(from)
	w.t.Logf("figure: %s %.0f ms (target %v)", what, float64(lag)/float64(time.Millisecond), lagTarget)
	if lag > 10*lagTarget {
		w.t.Errorf("%s: %v", what, lag)
	}
	if what == "start lag" && lag < 0 {
		w.t.Errorf("%s: %v, it started before its time", what, lag)
	}
}
