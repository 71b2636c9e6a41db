package admin_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/admin"
)

// rig is a listener's handler and what it works on.
type rig struct {
	http.Handler
	level *slog.LevelVar
	log   bytes.Buffer
}

func newRig(t *testing.T, change func(*admin.Config)) *rig {
	t.Helper()
	r := &rig{level: new(slog.LevelVar)}
	cfg := admin.Config{
		Level: r.level, Version: "test", Node: "n1",
		Log: slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: r.level})),
		Metrics: func() http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hayauma_build_info 1\n") })
		},
		Cluster: func() any { return map[string]int{"epoch": 7} },
		Temp:    func() (*os.File, error) { return os.CreateTemp(t.TempDir(), "") },
	}
	if change != nil {
		change(&cfg)
	}
	r.Handler = admin.New(cfg)
	return r
}

func (r *rig) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Host = "127.0.0.1:8485"
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func TestLogLevelChangesWhileItRuns(t *testing.T) {
	r := newRig(t, nil)
	if w := r.do("GET", "/debug/log-level", ""); w.Body.String() != `{"level":"info"}`+"\n" {
		t.Error(w.Body)
	}
	for _, level := range []string{"error", "warn", "debug"} {
		if w := r.do("POST", "/debug/log-level", `{"level":"`+level+`"}`); w.Code != 200 || strings.ToLower(r.level.Level().String()) != level {
			t.Errorf("%s: %d %s, level %s", level, w.Code, w.Body, r.level.Level())
		}
	}
	if n := strings.Count(r.log.String(), "log level changed"); n != 3 {
		t.Errorf("%d changes were logged:\n%s", n, &r.log)
	}
	for body, want := range map[string]string{
		`{"level":"loud"}`:               `level \"loud\" is none of debug, info, warn, error`,
		`debug`:                          "the body is not",
		`{"level":"info","for":"1h"}`:    "unknown field",
		strings.Repeat(" ", 2000) + `{}`: "too large",
	} {
		if w := r.do("POST", "/debug/log-level", body); w.Code != 422 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%.40s: %d %s", body, w.Code, w.Body)
		}
	}
	if r.level.Level() != slog.LevelDebug {
		t.Error("a refused order had an effect")
	}
}

func TestTheListenerIsGuarded(t *testing.T) {
	r := newRig(t, func(c *admin.Config) { c.Token = "secret" })
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/log-level", "/debug/dump", "/"} {
		if w := r.do("GET", path, ""); w.Code != 401 || !strings.Contains(w.Body.String(), "HAYAUMA_TOKEN") {
			t.Errorf("%s without a token: %d", path, w.Code)
		}
		if w := r.do("GET", path, "", "Authorization", "Bearer secreT"); w.Code != 401 {
			t.Errorf("%s with a wrong token: %d", path, w.Code)
		}
	}
	if w := r.do("GET", "/debug/pprof/goroutine?debug=1", "", "Authorization", "Bearer secret"); w.Code != 200 || !strings.Contains(w.Body.String(), "goroutine profile") {
		t.Errorf("with the token: %d", w.Code)
	}
	open := newRig(t, nil)
	if w := open.do("POST", "/debug/log-level", `{"level":"error"}`, "Sec-Fetch-Site", "cross-site"); w.Code != 403 || open.level.Level() != slog.LevelInfo {
		t.Errorf("another site's page: %d, level %s", w.Code, open.level.Level())
	}
	foreign := httptest.NewRequest("GET", "/debug/pprof/heap", nil) // of a page whose site has taken our address
	foreign.Host = "evil.example"
	w := httptest.NewRecorder()
	if open.ServeHTTP(w, foreign); w.Code != 421 {
		t.Errorf("a name that isn't ours: %d", w.Code)
	}
	if w := open.do("GET", "/metrics", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "/debug/dump") {
		t.Errorf("an unknown path: %d %s", w.Code, w.Body)
	}
	if w := open.do("POST", "/debug/flight", ""); w.Code != 409 || !strings.Contains(w.Body.String(), "--flight-recorder") {
		t.Errorf("no recorder: %d %s", w.Code, w.Body)
	}
}

// files are those of a dump.
func files(t *testing.T, r io.Reader) map[string]string {
	t.Helper()
	zip, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		all[h.Name] = string(raw)
	}
}

func TestADumpHasAllThereIs(t *testing.T) {
	flight, err := admin.StartFlight(1<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer flight.Stop()
	r := newRig(t, func(c *admin.Config) { c.Flight = flight })
	got := files(t, r.do("GET", "/debug/dump", "").Body)
	for name, want := range map[string]string{
		"build.txt": "node n1", "flight.trace": "go 1.", "goroutines.txt": "TestADumpHasAllThereIs", "heap.pb.gz": "\x1f\x8b",
		"metrics.txt": "hayauma_build_info 1", "cluster.json": `"epoch": 7`,
	} {
		if !strings.Contains(got["hayauma/"+name], want) {
			t.Errorf("%s: %.100q", name, got["hayauma/"+name])
		}
	}
	if w := r.do("POST", "/debug/flight", ""); w.Code != 409 || !strings.Contains(w.Body.String(), "no data directory") {
		t.Errorf("nowhere to keep it: %d %s", w.Code, w.Body)
	}
	r = newRig(t, func(c *admin.Config) {
		c.Metrics, c.Cluster = func() http.Handler { return nil }, func() any { return nil }
	})
	got = files(t, r.do("GET", "/debug/dump", "").Body)
	for _, name := range []string{"flight.trace", "metrics.txt", "cluster.json"} {
		if got["hayauma/"+name+".error.txt"] == "" || got["hayauma/"+name] != "" {
			t.Errorf("%s is missing, and nothing says why: %q", name, got)
		}
	}
	if got["hayauma/goroutines.txt"] == "" {
		t.Error("what can be had is not there")
	}
}

func TestFlightRecordsAreBounded(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	flight, err := admin.StartFlight(1<<20, root)
	if err != nil {
		t.Fatal(err)
	}
	defer flight.Stop()
	if other, err := admin.StartFlight(1<<20, root); err == nil {
		other.Stop()
		t.Error("two recorders in one process")
	}
	now := time.Now()
	if _, err := flight.Keep(now); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"flight-0.trace.part", "other.txt"} {
		if err := os.WriteFile(filepath.Join(dir, "debug", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	big := filepath.Join(dir, "debug", "flight-19700101T000000.000000000Z.trace")
	if err := os.WriteFile(big, nil, 0o600); err != nil || os.Truncate(big, admin.MaxKept) != nil {
		t.Fatal(err)
	}
	var last admin.Kept
	for i := range 2 * admin.MaxFiles {
		if last, err = flight.Keep(now.Add(time.Duration(i+1) * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(big); i == 0 && !errors.Is(err, fs.ErrNotExist) {
			t.Error("files of more than MaxKept bytes stay")
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "debug"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != admin.MaxFiles+1 { // and other.txt, which is nobody's business
		t.Errorf("%d files: %v", len(entries), entries)
	}
	info, err := os.Stat(filepath.Join(dir, last.File))
	if err != nil || info.Size() != last.Bytes || last.Bytes == 0 || info.Mode().Perm() != 0o600 {
		t.Errorf("%+v: %v, %v", last, info, err)
	}

	if _, done, err := flight.Trouble(now); !done || err != nil {
		t.Errorf("the first trouble: %v, %v", done, err)
	}
	if _, done, _ := flight.Trouble(now.Add(admin.KeepEvery - 1)); done {
		t.Error("troubles come in swarms, and each leaves a record")
	}
	if _, done, err := flight.Trouble(now.Add(admin.KeepEvery)); !done || err != nil {
		t.Errorf("a later trouble: %v, %v", done, err)
	}
}
