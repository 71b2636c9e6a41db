package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deadlines records what is done to a connection.
type deadlines struct {
	*httptest.ResponseRecorder
	set  []time.Time // for writing
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

func TestStreamLeavesNoDeadlineBehind(t *testing.T) {
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	s := newStream(d)
	if err := s.event(Campaign{ID: "x"}); err != nil {
		t.Fatal(err)
	}
	s.end()
	if len(d.set) != 2 || time.Until(d.set[0]) < stallTimeout/2 || !d.set[1].IsZero() {
		t.Errorf("deadlines %v", d.set)
	}
	if !d.Flushed || d.Body.String()[:22] != "event: campaign\ndata: " {
		t.Errorf("flushed %v: %q", d.Flushed, d.Body)
	}
}

func TestBodyHasADeadlineUntilItsEnd(t *testing.T) {
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	rc := http.NewResponseController(d)
	body := toItsEnd{patient{io.NopCloser(strings.NewReader("abc")), rc, newPatience()}, rc}
	if raw, err := io.ReadAll(body); err != nil || string(raw) != "abc" {
		t.Fatalf("%q, %v", raw, err)
	}
	last := len(d.read) - 1
	if last < 1 || time.Until(d.read[0]) < paceGrace/2 || !d.read[last].IsZero() {
		t.Errorf("deadlines %v", d.read)
	}
}
