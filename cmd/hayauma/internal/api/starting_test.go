package api_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
)

// A daemon that starts lives, takes nothing, and says why, whoever asks for what.
func TestStartingTellsWhatItWaitsFor(t *testing.T) {
	h := api.Starting(func() string { return "waiting for NATS: 1 of 3 servers reached" })
	for target, want := range map[string]int{
		"GET /healthz": 200, "GET /readyz": 503, "GET /v1/channels": 503, "POST /v1/campaigns": 503, "GET /metrics": 503, "GET /nothing": 503,
	} {
		method, path, _ := strings.Cut(target, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
		if want == 200 {
			if got := w.Body.String(); got != "{\"status\":\"ok\"}\n" {
				t.Errorf("%s: %s", target, got)
			}
			continue
		}
		var problem struct {
			Status int    `json:"status"`
			Detail string `json:"detail"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || problem.Status != 503 ||
			problem.Detail != "the daemon is starting: waiting for NATS: 1 of 3 servers reached" {
			t.Errorf("%s: %s, %v", target, w.Body, err)
		}
		if h := w.Header(); h.Get("Retry-After") == "" || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %v", target, h)
		}
	}
}
