package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"hayauma.example/cmd/hayauma/internal/client"
)

// So is one that explains others' campaigns.
func TestBusyDaemonIsAskedAgainToExplain(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil || r.URL.String() != "/v1/campaigns/explain?sample=3" || r.Header.Get("Idempotency-Key") != "" {
			t.Errorf("%s %v, %v", r.URL, r.Header, err)
		}
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = io.WriteString(w, `{"ok":true,"recipients":7}`)
	}))
	defer server.Close()
	c, err := client.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	x, err := c.Explain(t.Context(), []byte("{}"), client.Audience{Data: strings.NewReader("user_id\nU1\n"), Type: "text/csv"}, 3)
	if err != nil || !x.OK || x.Recipients != 7 || asked.Load() != 2 {
		t.Errorf("%+v after %d requests, %v", x, asked.Load(), err)
	}
}

// A daemon that is busy is asked again, with the whole audience, where that can be read again.
func TestBusyDaemonIsAskedAgain(t *testing.T) {
	const rows = "user_id\nU1\n"
	for name, tc := range map[string]struct {
		data       io.Reader
		retryAfter string
		busy       int32 // answers of 503 before the good one
		asked      int32
		accepted   bool
	}{
		"free":            {strings.NewReader(rows), "0", 0, 1, true},
		"busy":            {strings.NewReader(rows), "0", 2, 3, true},
		"stopping":        {strings.NewReader(rows), "", 2, 1, false},
		"busy for ever":   {strings.NewReader(rows), "0", 1000, 10, false},
		"a pipe":          {io.MultiReader(strings.NewReader(rows)), "0", 2, 1, false},
		"a senseless one": {strings.NewReader(rows), "-5", 2, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if !strings.Contains(string(body), rows) {
					t.Errorf("the body lacks the audience: %q", body)
				}
				if asked.Add(1) <= tc.busy {
					w.Header().Set("Retry-After", tc.retryAfter)
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, `{"id":"x"}`)
			}))
			defer server.Close()
			c, err := client.New(server.URL, "")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			id, err := c.Submit(t.Context(), "k", []byte("{}"), client.Audience{Data: tc.data, Type: "text/csv"})
			if (err == nil) != tc.accepted || (id == "x") != tc.accepted || asked.Load() != tc.asked {
				t.Errorf("id %q after %d requests, want %d: %v", id, asked.Load(), tc.asked, err)
			}
		})
	}
}
