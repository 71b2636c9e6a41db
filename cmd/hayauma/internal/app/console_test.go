package app_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// The daemon has its console at /, behind its token, and watchers don't hold its stop up.
func TestConsole(t *testing.T) {
	cfg := memory()
	cfg.Token = "secret"
	a, c := start(t, cfg, nil)
	_, endpoint := simulator(t, "")
	addChannel(t, c, endpoint)
	id := submit(t, c, 20)

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	get := func(path string) (int, string) {
		resp, err := browser.Get(a.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	if status, body := get("/"); status != 200 || !strings.Contains(body, "Sign in") {
		t.Fatalf("a stranger gets %d: %s", status, body)
	}
	resp, err := browser.PostForm(a.URL()+"/login", url.Values{"token": {"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, path := range []string{"/", "/campaigns", "/campaigns/" + id, "/actors", "/cluster", "/schedule"} {
		if status, body := get(path); status != 200 || strings.Contains(body, `class="trouble"`) {
			t.Errorf("%s: %d: %s", path, status, body)
		}
	}
	follow(t, c, id, func(api.Campaign) {})
	for _, path := range []string{"/campaigns/" + id, "/campaigns/" + id + "/chunks"} {
		if status, body := get(path); status != 200 || strings.Contains(body, `class="trouble"`) || !strings.Contains(body, "20") {
			t.Errorf("%s: %d: %s", path, status, body)
		}
	}
	for _, path := range []string{"/v1/nothing", "/nothing"} {
		if status, body := get(path); status != 401 || !strings.Contains(body, "API token") {
			t.Errorf("%s, which is the API's: %d: %s", path, status, body)
		}
	}

	stream, err := browser.Get(a.URL() + "/live/cluster")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if line, err := bufio.NewReader(stream.Body).ReadString('\n'); err != nil || !strings.HasPrefix(line, "retry:") {
		t.Errorf("the stream begins with %q, %v", line, err)
	}
	begin := time.Now()
	stop(t, a)
	if took := time.Since(begin); took > 2500*time.Millisecond { // requests have three seconds to end
		t.Errorf("a watcher holds the stop up for %s", took)
	}
}

// Pages of other sites can't have a browser on the same machine look at the daemon, or give it orders.
func TestOtherSitesAreKeptOut(t *testing.T) {
	a, _ := start(t, memory(), nil)
	defer stop(t, a)
	for _, c := range []struct {
		method, path, host, site string
		want                     int
	}{
		{"GET", "/", "evil.example", "same-origin", 421}, {"GET", "/v1/campaigns", "evil.example", "same-origin", 421},
		{"POST", "/v1/channels/none/resume", "", "cross-site", 403}, {"POST", "/v1/channels/none/resume", "", "", 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, a.URL()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Host = c.host; c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != c.want {
			t.Errorf("%+v: %s", c, resp.Status)
		}
	}
}
