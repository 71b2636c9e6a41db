package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A panic before the answer is a 500; one within it ends the connection, and nothing is written behind it.
func TestPanics(t *testing.T) {
	s := &server{Deps: Deps{Log: slog.New(slog.DiscardHandler)}}
	server := httptest.NewServer(s.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, "half an answ")
			_ = http.NewResponseController(w).Flush()
		}
		panic("no")
	})))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	defer server.Close()
	for path, want := range map[string]int{"/early": 500, "/late": 200} {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || (err == nil) != (want == 500) {
			t.Errorf("%s: status %d, %v", path, resp.StatusCode, err)
		}
		if strings.Contains(string(raw), "internal error") != (want == 500) {
			t.Errorf("%s: %s", path, raw)
		}
	}
}

// Whatever time is stored, it can be shown.
func TestMomentsCanBeShown(t *testing.T) {
	for _, year := range []int{-5, 0, 1, 1970, 9999, 10000, 200_000} {
		if m := moment(time.Date(year, 12, 31, 23, 59, 59, 999, time.FixedZone("", -12*3600))); m != nil {
			if _, err := m.MarshalJSON(); err != nil {
				t.Errorf("year %d: %v", year, err)
			}
		} else if year >= 0 {
			t.Errorf("year %d is not shown", year)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for _, text := range []string{"", strings.Repeat("a", maxExcerpt), strings.Repeat("あ", 900), strings.Repeat("a", 1000)} {
		if got := excerpt(text); len(got) > maxExcerpt || !strings.HasPrefix(text, strings.TrimSuffix(got, "…")) {
			t.Errorf("%d bytes: %q", len(text), got)
		}
	}
}
