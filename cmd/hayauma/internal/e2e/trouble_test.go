package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// refusedStart runs a serve that must not come up, and compares its only line.
func refusedStart(t *testing.T, env, args []string, code int, want string) {
	t.Helper()
	r := command(t, append([]string{tokenEnv[0]}, env...), append([]string{"serve"}, args...)...)
	if r.code != code || strings.TrimSpace(lastLine(r.stderr)) != want || r.stdout != "" {
		t.Errorf("serve %v: exit %d, stdout %q, stderr:\n%swant exit %d:\n%s", args, r.code, r.stdout, r.stderr, code, want)
	}
}

func lastLine(text string) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return all[len(all)-1]
}

// TestRefusedStarts: each says what is wrong and what to do, and nothing stays behind.
func TestRefusedStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve("")
	other := filepath.Join(w.dir, "other")
	taken := strings.TrimPrefix(w.daemon.url, "http://")
	refusedStart(t, nil, []string{"--data", w.data(), "--listen", "127.0.0.1:0"}, 2, fmt.Sprintf(
		"hayauma: data directory %s is in use by process %d: stop that one or choose another --data", w.data(), w.daemon.cmd.Process.Pid))
	refusedStart(t, nil, []string{"--data", other, "--listen", taken}, 2, fmt.Sprintf(
		"hayauma: listen on %s: the port is taken by another process: stop that one or choose another --listen", taken))
	if exists(other) {
		t.Errorf("a refused start leaves %s behind", other)
	}
	refusedStart(t, nil, []string{"--data", other, "--listen", "0.0.0.0:0"}, 2,
		`hayauma: listen "0.0.0.0:0" is reachable from other machines and no token is set: set HAYAUMA_TOKEN, or listen on 127.0.0.1`)
	refusedStart(t, nil, []string{"--data", write(t, w.dir, "file", nil), "--listen", "127.0.0.1:0"}, 2,
		fmt.Sprintf("hayauma: the data directory can't be made: mkdir %s: not a directory: choose another, or mend its parent", filepath.Join(w.dir, "file")))
	if r := w.cli("channel", "list"); r.code != 0 {
		t.Errorf("the daemon that was there first suffers: %+v", r)
	}
}

// TestNATSUnreachable: an external store that isn't there ends the start in bounded time.
func TestNATSUnreachable(t *testing.T) {
	t.Parallel()
	began := time.Now()
	refusedStart(t, nil, []string{"--nats", "nats://127.0.0.1:1", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, 2,
		"hayauma: NATS is unreachable: check --nats, the network and the server's log: nats: no servers available for connection")
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v to say so", took)
	}
}

// TestWrongToken: without the token, or with a wrong one, the API tells nothing and does nothing.
func TestWrongToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.daemon = start(t, append([]string{"HAYAUMA_TOKEN=right"}, tokenEnv...), w.serveArgs()...)
	m := w.personalised("secret", 3)
	for _, token := range []string{"", "wrong"} {
		env := []string{"HAYAUMA_SERVER=" + w.daemon.url, "HAYAUMA_TOKEN=" + token}
		for _, args := range [][]string{{"channel", "list"}, {"campaign", "list", "--json"}, {"campaign", "submit", "-f", m.campaign, "--audience", m.audience}} {
			r := command(t, env, args...)
			want := "hayauma: wrong or missing API token: set HAYAUMA_TOKEN to the daemon's, or send it as Authorization: Bearer TOKEN"
			if r.code != 2 || r.stdout != "" || strings.TrimSpace(r.stderr) != want {
				t.Errorf("token %q, %v: %+v", token, args, r)
			}
		}
	}
	resp, err := http.Get(w.daemon.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("/metrics without a token: %s", resp.Status)
	}
	if r := command(t, []string{"HAYAUMA_SERVER=" + w.daemon.url, "HAYAUMA_TOKEN=right"}, "campaign", "list", "--json"); r.code != 0 || r.stdout != "" {
		t.Errorf("with the token: %+v", r)
	}
}

// TestPlannedStopPutsNothingInDoubt: what was only waiting when the daemon was asked to end comes back before it ends, so that a cancel
// after the next start calls nobody unknown. Without the drain it would be everybody in the open windows.
func TestPlannedStopPutsNothingInDoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits = "push=50"
	w.open()
	m := w.personalised("drain", 3000)
	w.mustSubmit(m)
	w.await(m.id, "running", func(s shown) bool { return s.Delivered > 0 })
	w.daemon.stop()
	w.serve("")
	w.mustOrder("cancel", m.id)
	s := w.finish(m)
	if err := w.judge(m, s); err != nil || s.State != "cancelled" || s.Unknown > 0 || s.Delivered+s.Cancelled != 3000 {
		t.Fatalf("%+v: %v", s, err)
	}
}

// TestStoppedInTheMiddle: a daemon that is asked to end does so in time, and the next one finishes its work.
func TestStoppedInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--faults", "latency=100ms")
	w.open()
	m := w.personalised("stop", 3000)
	w.mustSubmit(m)
	w.await(m.id, "running", func(s shown) bool { return s.Delivered > 0 })
	began := time.Now()
	w.daemon.stop()
	t.Logf("figure: serve stops in %v while it sends", time.Since(began).Round(time.Millisecond))
	if code := w.daemon.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d: %s", code, tail(w.daemon.said()))
	}
	if left, err := os.ReadDir(filepath.Join(w.data(), "tmp")); err == nil && len(left) > 0 {
		t.Errorf("temporary files stay behind: %v", left)
	}
	w.serve("")
	s := w.finish(m)
	if err := w.judge(m, s); err != nil || s.Delivered != 3000 {
		t.Fatalf("%+v: %v", s, err)
	}
}
