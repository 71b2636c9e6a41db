package app_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/config"
)

// A campaign ends while the endpoint is down, and the daemon is stopped. The next start tells of it without anybody asking.
func TestWebhookOverARestart(t *testing.T) {
	_, sim := simulator(t, "")
	failing := fmt.Sprintf("U%032x", 3)
	resp, err := http.Post(sim+"/_sim/users", "text/plain", strings.NewReader("unknown "+failing+"\n"))
	if err != nil || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	var up atomic.Bool
	var mu sync.Mutex
	var got []string // bodies of what was taken; guarded by mu
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		if !up.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, string(raw))
	}))
	defer endpoint.Close()
	has := func(parts ...string) bool {
		mu.Lock()
		defer mu.Unlock()
		for _, body := range got {
			missing := 0
			for _, p := range parts {
				if !strings.Contains(body, p) {
					missing++
				}
			}
			if missing == 0 {
				return true
			}
		}
		return false
	}

	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit = t.TempDir(), "127.0.0.1:0", 0
	a, c := start(t, cfg, nil)
	addChannel(t, c, sim)
	if _, err := c.AddWebhook(t.Context(), api.NewWebhook{Name: "crm", URL: endpoint.URL, SecretEnv: "APP_TEST_TOKEN"}); err != nil {
		t.Fatal(err)
	}
	id := submit(t, c, 20)
	if end := follow(t, c, id, func(api.Campaign) {}); end.Delivered != 19 || end.Failed != 1 {
		t.Errorf("end %+v", end)
	}
	stop(t, a)
	up.Store(true)
	a, c = start(t, cfg, nil)
	defer stop(t, a)
	about := `"campaign":{"id":"` + id + `","name":"n","channel":"shop",`
	for _, parts := range [][]string{
		{`"type":"campaign.started"`, about},
		{`"type":"campaign.finished"`, about, `"totals":{"accepted":20,"delivered":19,"failed":1,`},
		{`"type":"recipients.failed"`, about, `{"user_id":"` + failing + `","index":3,"state":"failed","reason":"`},
	} {
		for deadline := time.Now().Add(20 * time.Second); !has(parts...); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not delivered: %v in %v", parts, got)
			}
		}
	}
	w, err := c.Webhook(t.Context(), "crm")
	if err != nil || w.State != "delivering" || w.GivenUp != 0 {
		t.Errorf("shown as %+v, %v", w, err)
	}
}
