package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
)

func TestBrowsersAreHeldToTheirOwnSite(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	const own, cross = "127.0.0.1:8484", "cross-site"
	for _, c := range []struct {
		token, method, host, site string
		want                      int
	}{
		{"", "POST", own, "", 204}, // a program
		{"", "POST", own, "same-origin", 204},
		{"", "POST", own, cross, 403},
		{"", "DELETE", own, cross, 403},
		{"", "GET", own, cross, 204}, // a link; its answer is not for the other site's script
		{"t", "POST", own, cross, 403},
		{"", "GET", "localhost:8484", "", 204},
		{"", "GET", "LOCALHOST", "", 204},
		{"", "GET", "a.localhost:8484", "", 204},
		{"", "GET", "[::1]:8484", "", 204},
		{"", "GET", "[::1]", "", 204},
		{"", "GET", "10.0.0.7:8484", "", 204}, // through a tunnel
		{"", "GET", "evil.example:8484", "same-origin", 421},
		{"", "GET", "127.0.0.1.evil.example", "", 421},
		{"", "GET", "localhost.evil.example", "", 421},
		{"", "GET", "", "", 204}, // HTTP/1.0
		{"t", "GET", "hayauma.example:8484", "", 204},
	} {
		r := httptest.NewRequest(c.method, "/v1/channels/shop/resume", nil)
		if r.Host = c.host; c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		w := httptest.NewRecorder()
		api.Browsers(c.token, next).ServeHTTP(w, r)
		if w.Code != c.want || w.Code != 204 && !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
			t.Errorf("%+v: %d %s %s", c, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}
