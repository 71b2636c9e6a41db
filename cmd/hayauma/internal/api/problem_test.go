package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// well is a fleet that lacks nothing.
type well struct{ Cluster }

// Lacks implements Cluster.
func (well) Lacks(string) string { return "" }

// Stalled implements Cluster.
func (well) Stalled() string { return "" }

// TestWhatPassesByItself is told as that, with what has happened and whether the request may have had its effect; the rest is the daemon's fault.
func TestWhatPassesByItself(t *testing.T) {
	const (
		unclear = "may have had its effect or not"
		key     = "a submission with the same Idempotency-Key"
		nothing = "nothing was done"
	)
	dead := func(reason string) error { return &engine.DeadLetterError{Kind: "campaign", ID: "c", Reason: reason} }
	unstored := func(err error) error {
		return &engine.PersistError{Kind: "campaign", ID: "c", Err: fmt.Errorf("append: %w", err)}
	}
	s := &server{Deps: Deps{Log: slog.New(slog.DiscardHandler), Cluster: well{}}}
	for _, c := range []struct {
		err    error
		status int
		words  []string
	}{
		{fmt.Errorf("asked: %w", &engine.MemberLostError{Member: "m"}), 503, []string{"the node that had the request was lost before it answered", unclear, key}},
		{dead(engine.ReasonUnsure), 503, []string{"was lost before it answered", unclear, key}},
		{dead(engine.ReasonBacklog), 503, []string{"too much is on its way", nothing, key}},
		{dead(engine.ReasonFull), 503, []string{"too many requests wait", nothing, key}},
		{dead(engine.ReasonMoved), 503, []string{"stopping or overloaded", key}},
		{engine.ErrStopped, 503, []string{"stopping or overloaded", key}},
		{context.DeadlineExceeded, 503, []string{"no answer in time", key}},
		{unstored(journal.ErrLost), 503, []string{"no clear answer", unclear, key}},
		{unstored(journal.ErrBusy), 503, []string{"the store was busy for too long", nothing, key}},
		{unstored(journal.ErrFenced), 503, []string{"another node has taken over", nothing, key}},
		{unstored(journal.ErrFull), 507, []string{"the store is full"}},
		{unstored(journal.ErrTooLarge), 500, []string{"internal error"}},
		{&engine.PanicError{Kind: "campaign", ID: "c", Value: "v"}, 500, []string{"internal error"}},
		{errors.New("some other"), 500, []string{"internal error"}},
	} {
		w := httptest.NewRecorder()
		writeProblem(w, s.refusal(c.err))
		var p huma.ErrorModel
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != c.status || p.Status != c.status || p.Title != http.StatusText(c.status) {
			t.Errorf("%v: status %d, %+v, %v", c.err, w.Code, p, err)
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%v: it is %s", c.err, kind)
		}
		for _, words := range c.words {
			if !strings.Contains(p.Detail, words) {
				t.Errorf("%v: %q lacks %q", c.err, p.Detail, words)
			}
		}
	}
}

// halting is a fleet whose store has ceased to answer.
type halting struct{ well }

// Stalled implements Cluster.
func (halting) Stalled() string { return "NATS has no quorum" }

// What was on its way when the store ceased to answer may be stored, and its client is told so.
func TestWhatTheStoreMayHaveTaken(t *testing.T) {
	s := &server{Deps: Deps{Log: slog.New(slog.DiscardHandler), Cluster: halting{}}}
	for name, err := range map[string]huma.StatusError{
		"no answer": s.refusal(context.DeadlineExceeded),
		"unclear":   s.refusal(&engine.PersistError{Kind: "campaign", ID: "c", Err: journal.ErrLost}),
		"drain":     statusOf(t, s.undrained("n", errors.New("nats: timeout"))),
	} {
		p, ok := err.(*huma.ErrorModel)
		if !ok || p.Status != http.StatusServiceUnavailable || p.Type != TypeStalled {
			t.Fatalf("%s: %+v", name, err)
		}
		for _, words := range []string{"NATS has no quorum; ", "may have been stored and take effect when the store is back", "send the request again, which is safe"} {
			if !strings.Contains(p.Detail, words) {
				t.Errorf("%s: %q lacks %q", name, p.Detail, words)
			}
		}
	}
}

func statusOf(t *testing.T, err error) huma.StatusError {
	t.Helper()
	status, ok := errors.AsType[huma.StatusError](err)
	if !ok {
		t.Fatal(err)
	}
	return status
}
