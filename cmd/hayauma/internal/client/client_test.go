package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func serve(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := client.New(server.URL+"/", "t")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// endless is an audience that never ends: whoever reads it must be stopped by the answer.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestEarlyRefusalEndsTheUpload(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" || r.Header.Get("Idempotency-Key") != "k" {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(422)
		_, _ = io.WriteString(w, `{"status":422,"title":"campaign refused","detail":"no","errors":[{"location":"audience line 2","message":"bad"}]}`)
	})
	_, err := c.Submit(t.Context(), "k", []byte("{}"), client.Audience{Data: endless{}, Type: "text/csv"})
	var refusal client.Error
	if !errors.As(err, &refusal) || refusal.Status != 422 {
		t.Fatalf("error %v", err)
	}
	if want := "campaign refused: no\n  audience line 2: bad"; refusal.Error() != want {
		t.Errorf("words %q, want %q", refusal.Error(), want)
	}
}

func TestNotADaemon(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
	_, err := c.Channels(t.Context())
	if err == nil || !strings.Contains(err.Error(), "502 Bad Gateway, not as a Hayauma daemon does") {
		t.Errorf("error %v", err)
	}
	c = serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	if _, err := c.Channels(t.Context()); !errors.As(err, new(client.Unreachable)) {
		t.Errorf("error %v", err)
	}
}

// A daemon that restarts is followed on; one that stays away is given up.
func TestFollow(t *testing.T) {
	answers := []string{
		"event: campaign\ndata: {\"state\":\"running\",\"delivered\":1}\n\n", // and it breaks off
		"",
		"stalled",
		"event: campaign\ndata: {\"state\":\"running\",\"delivered\":2}\n\n: still here\n\nevent: campaign\ndata: {\"state\":\"finished\",\"delivered\":3}\n\n",
	}
	n := 0
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answer := answers[n]
		n++
		if answer == "stalled" {
			http.Error(w, `{"type":"`+api.TypeStalled+`","detail":"NATS has no quorum"}`, http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, answer)
	})
	var seen []uint64
	last, err := c.Follow(t.Context(), "id", time.Minute, func(i api.Campaign) { seen = append(seen, i.Delivered) })
	if err != nil || last.State != "finished" || len(seen) != 3 || seen[2] != 3 {
		t.Errorf("last %+v, seen %v, %v", last, seen, err)
	}

	gone := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := gone.Follow(t.Context(), "id", 0, func(api.Campaign) {}); !errors.As(err, new(client.Unreachable)) {
		t.Errorf("error %v", err)
	}
	for text, status := range map[string]int{`{"detail":"no campaign"}`: 404, `{"detail":"no node","type":"` + api.TypeRoleMissing + `"}`: 503} {
		refusing := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, status) })
		if _, err := refusing.Follow(t.Context(), "id", time.Hour, func(api.Campaign) {}); !errors.As(err, new(client.Error)) {
			t.Errorf("error %v", err)
		}
	}
}

func TestBrokenExport(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "{}\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	body, err := c.Recipients(t.Context(), "id", client.Export{States: []string{"failed"}})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadAll(body); err == nil {
		t.Error("a broken export reads as whole")
	}
}
