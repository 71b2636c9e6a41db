package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// world is one simulator, one data directory, and the daemon that uses it now.
type world struct {
	t      testing.TB
	dir    string
	sim    *process
	daemon *process
	flags  []string      // of serve, beside data and listen
	late   time.Duration // how long a campaign may take
	tells  func() string // what explains one that takes longer
	limits string        // of the channel
	posted []*mailing
}

// shown is a campaign as the API shows it.
type shown struct {
	ID         string     `json:"id"`
	State      string     `json:"state"`
	Accepted   int        `json:"accepted"`
	Delivered  int        `json:"delivered"`
	Failed     int        `json:"failed"`
	Unknown    int        `json:"unknown"`
	Suppressed int        `json:"suppressed"`
	Expired    int        `json:"expired"`
	Cancelled  int        `json:"cancelled"`
	Pending    int        `json:"pending"`
	Rows       int        `json:"rows"`
	Duplicates int        `json:"duplicates"`
	Reason     string     `json:"reason"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

func (s shown) final() bool {
	return s.State == "finished" || s.State == "cancelled" || s.State == "expired"
}

const channel = "shop"

var tokenEnv = []string{"E2E_LINE_TOKEN=secret"}

// newWorld starts a simulator; the daemon is serve's business.
func newWorld(t testing.TB, simFlags ...string) *world {
	t.Helper()
	return newWorldAt(t, "127.0.0.1", simFlags...)
}

// newWorldAt has the simulator listen on a host's address.
func newWorldAt(t testing.TB, host string, simFlags ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), late: finishFor, limits: "off"}
	w.tells = func() string { return tail(w.daemon.said()) }
	args := append([]string{binary(t), "line-sim", "--listen", host + ":0", "--limits", "off"}, simFlags...)
	if w.sim = start(t, nil, args...); w.sim.url == "" {
		t.Fatalf("line-sim does not start: %s", w.sim.said())
	}
	return w
}

func (w *world) data() string { return filepath.Join(w.dir, "data") }

// serveArgs is the daemon's command line.
func (w *world) serveArgs() []string {
	return append([]string{binary(w.t), "serve", "--data", w.data(), "--listen", "127.0.0.1:0"}, w.flags...)
}

// serve starts the daemon with a crash point armed, or with none. One that dies while it starts has no URL.
func (w *world) serve(crash string) {
	w.t.Helper()
	env := tokenEnv
	if crash != "" {
		env = append(env[:1:1], "HAYAUMA_CRASH="+crash)
	}
	w.daemon = start(w.t, env, w.serveArgs()...)
	if w.daemon.url == "" && crash == "" {
		w.t.Fatalf("serve does not start: %s", tail(w.daemon.said()))
	}
}

// cli runs a command against the daemon.
func (w *world) cli(args ...string) result {
	w.t.Helper()
	return command(w.t, []string{"HAYAUMA_SERVER=" + w.daemon.url, "HAYAUMA_TOKEN=" + apiToken}, args...)
}

// addChannel adds or changes the channel, and a daemon that dies of it is the caller's business.
func (w *world) addChannel(name string) result {
	w.t.Helper()
	return w.cli("channel", "add", name, "--provider", "line", "--endpoint", w.sim.url, "--token-env", "E2E_LINE_TOKEN", "--limits", w.limits)
}

// open starts the daemon and adds the channel.
func (w *world) open() {
	w.t.Helper()
	w.serve("")
	if r := w.addChannel(channel); r.code != 0 {
		w.t.Fatalf("channel add: %+v", r)
	}
}

// submit sends a mailing under its own key, by the command line.
func (w *world) submit(m *mailing) result {
	w.t.Helper()
	r := w.cli("campaign", "submit", "-f", m.campaign, "--audience", m.audience, "--idempotency-key", m.key, "--json")
	if r.code != 0 {
		return r
	}
	var answer struct{ ID string }
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil || answer.ID == "" {
		w.t.Fatalf("submit prints %q: %v", r.stdout, err)
	}
	if m.id != "" && m.id != answer.ID {
		w.t.Fatalf("submitted again under one key: id %s, then %s", m.id, answer.ID)
	}
	m.id = answer.ID
	return r
}

// mustSubmit is submit where nothing may go wrong.
func (w *world) mustSubmit(m *mailing) {
	w.t.Helper()
	if r := w.submit(m); r.code != 0 {
		w.t.Fatalf("submit: %+v\n%s", r, tail(w.daemon.said()))
	}
}

// apiToken is the API token of daemons that are reached over a network.
const apiToken = "of the end-to-end tests"

// get asks over HTTP; the body of anything but 200 is an error.
func get(url string) (io.ReadCloser, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+apiToken) // who asks for none ignores it
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return nil, fmt.Errorf("%s: %s", resp.Status, text)
}

// show asks for a campaign over HTTP.
func (w *world) show(id string) (s shown, err error) {
	body, err := get(w.daemon.url + "/v1/campaigns/" + id)
	if err != nil {
		return s, err
	}
	defer body.Close()
	return s, json.NewDecoder(body).Decode(&s)
}

// await polls until the campaign is as wanted. A daemon that dies meanwhile ends it.
func (w *world) await(id, what string, is func(shown) bool) shown {
	w.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(w.late)
	for {
		s, err := w.show(id)
		if err == nil && is(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-w.daemon.ended:
			w.t.Fatalf("campaign %s: the daemon ended before it was %s\n%s", id, what, tail(w.daemon.said()))
		case <-late:
			w.t.Fatalf("campaign %s is not %s within %v: %+v %v\n%s", id, what, w.late, s, err, w.tells())
		}
	}
}

// finish waits for a campaign's end and reads it as the command line shows it.
func (w *world) finish(m *mailing) shown {
	w.t.Helper()
	w.await(m.id, "final", shown.final)
	r := w.cli("campaign", "show", m.id, "--json")
	var s shown
	if err := json.Unmarshal([]byte(r.stdout), &s); r.code != 0 || err != nil || strings.Count(r.stdout, "\n") != 1 {
		w.t.Fatalf("campaign show --json: %+v: %v", r, err)
	}
	return s
}

// delivery is one line of GET /_sim/deliveries.
type delivery struct {
	User string    `json:"user"`
	Key  string    `json:"key"`
	Body string    `json:"body_sha256"`
	At   time.Time `json:"at"`
}

// deliveries is everything that the simulator has accepted.
func (w *world) deliveries() []delivery {
	w.t.Helper()
	return lines[delivery](w.t, w.sim.url+"/_sim/deliveries")
}

// ledger is the simulator's own count.
type ledger struct {
	Users, Deliveries, Duplicates, Conflicts int
	Peak                                     int `json:"peak_in_flight"`
}

func (w *world) ledger() (l ledger) {
	w.t.Helper()
	body, err := get(w.sim.url + "/_sim/ledger")
	if err != nil {
		w.t.Fatal(err)
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&l); err != nil {
		w.t.Fatal(err)
	}
	return l
}

// recipient is one line of a campaign's export.
type recipient struct {
	User   string `json:"user_id"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

func (w *world) recipients(id string) []recipient {
	w.t.Helper()
	return lines[recipient](w.t, w.daemon.url+"/v1/campaigns/"+id+"/recipients")
}

// lines reads NDJSON.
func lines[T any](t testing.TB, url string) (all []T) {
	t.Helper()
	body, err := get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	scan := bufio.NewScanner(body)
	for scan.Scan() {
		var v T
		if err := json.Unmarshal(scan.Bytes(), &v); err != nil {
			t.Fatalf("%s: %q: %v", url, scan.Text(), err)
		}
		all = append(all, v)
	}
	if err := scan.Err(); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return all
}

// order posts text to the simulator's admin endpoint.
func (w *world) order(path, text string) {
	w.t.Helper()
	resp, err := http.Post(w.sim.url+path, "text/plain", strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		w.t.Fatalf("%s %q: %s", path, text, resp.Status)
	}
}

// metric is a metric's value, without labels.
func (w *world) metric(name string) (value float64) {
	w.t.Helper()
	body, err := get(w.daemon.url + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer body.Close()
	scan := bufio.NewScanner(body)
	for scan.Scan() {
		if text, ok := strings.CutPrefix(scan.Text(), name+" "); ok {
			if _, err := fmt.Sscan(text, &value); err != nil {
				w.t.Fatalf("%s %q: %v", name, text, err)
			}
			return value
		}
	}
	w.t.Fatalf("no metric %s", name)
	return 0
}

// exists tells whether a path is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
