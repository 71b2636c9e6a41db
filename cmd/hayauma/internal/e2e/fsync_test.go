package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFsyncBeforeAnswer watches the daemon's system calls: no 202 leaves before the Accepted event and the audience are synced, and
// no provider request before its window is.
//
// It proves itself on the trace: without the syncs in it, every answer and every request is early. By hand, with SyncAlways taken out
// of cluster/natsnode, it fails likewise.
func TestFsyncBeforeAnswer(t *testing.T) {
	strace := tracer(t)
	t.Parallel()
	w := newWorld(t)
	path := filepath.Join(w.dir, "trace")
	args := append(strace, "-f", "--seccomp-bpf", "-D", "-yy", "-ttt", "-s", "65536", "-o", path,
		"-e", "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,sendto,sendmsg")
	w.daemon = start(t, tokenEnv, append(args, w.serveArgs()...)...)
	if w.daemon.url == "" {
		t.Fatalf("serve does not start under strace: %s", w.daemon.said())
	}
	if r := w.addChannel(channel); r.code != 0 {
		t.Fatalf("channel add: %+v", r)
	}
	mailings := []*mailing{w.personalised("a", 20), w.uniform("b", 600), w.personalised("c", 20)}
	w.submitAll(mailings)
	campaigns := map[string]string{}
	for _, m := range mailings {
		if s := w.finish(m); s.Delivered != len(m.want) {
			t.Fatalf("%+v", s)
		}
		for user := range m.want {
			campaigns[user] = m.id
		}
	}
	w.daemon.stop() // the tracer ends with it

	calls := readTrace(t, path)
	seen, found := violations(calls, campaigns)
	if seen.accepted != len(mailings) || seen.requests < 42 {
		t.Fatalf("the trace shows %+v", seen)
	}
	if len(found) > 0 {
		t.Errorf("%d too early, the first:\n%s", len(found), strings.Join(found[:min(5, len(found))], "\n"))
	}
	dry := slices.DeleteFunc(slices.Clone(calls), (*call).syncs)
	if _, found := violations(dry, campaigns); len(found) < seen.accepted+seen.requests {
		t.Errorf("without syncs only %d of %+v are seen to be early", len(found), seen)
	}
	t.Logf("figure: %d acceptances and %d provider requests after their syncs, %d syncs in all", seen.accepted, seen.requests, len(calls)-len(dry))
}

// tracer is strace's command line; the test is skipped where it can't be used.
func tracer(t *testing.T) []string {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	try := exec.Command(path, "-f", "--seccomp-bpf", "-D", "-e", "trace=fsync", "-o", "/dev/null", "true")
	try.WaitDelay = 10 * time.Second
	if out, err := try.CombinedOutput(); err != nil || len(out) > 0 {
		t.Skipf("strace can't trace here: %v %s", err, fmt.Sprintf("%.200s", out))
	}
	return []string{path}
}
