package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDiskFull fills the disk under the daemon twice: first so far that no audience is taken any more while a running campaign goes
// on, then so far that it can't record anything. It sends nothing that it can't record, and goes on when there is space.
func TestDiskFull(t *testing.T) {
	w := newWorld(t)
	mountSmall(t, w.data())
	w.limits = "push=200,multicast=10"
	w.open()
	running := w.personalised("running", 1200)
	w.mustSubmit(running)
	w.await(running.id, "running", func(s shown) bool { return s.Delivered > 0 })

	ballast := filepath.Join(w.data(), "ballast")
	fill(t, ballast, w.data(), 40<<20)
	w.refusedAsFull()
	before, err := w.show(running.id)
	if err != nil {
		t.Fatal(err)
	}
	w.await(running.id, "going on beside it", func(s shown) bool { return s.Delivered > before.Delivered })

	fill(t, ballast, w.data(), 8<<20)
	w.refusedAsFull()
	stuck, err := w.show(running.id)
	if err != nil || stuck.final() {
		t.Fatalf("nothing is left to be stored: %+v %v", stuck, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s := w.finish(running)
	t.Logf("figure: a campaign ends %.1f s after its disk has space again", time.Since(began).Seconds())
	if err := w.judge(running, s); err != nil || s.State != "finished" || s.Delivered != 1200 {
		t.Fatalf("%+v: %v\n%s", s, err, tail(w.daemon.said()))
	}
	w.acceptedAfterAll()
}

// TestDiskFullOfOneOfThree: where the nodes hold the store themselves, one whose disk was full keeps no copies any more, even when there is space
// again. It says so, the others go on, and it ends when another start makes its copies good.
func TestDiskFullOfOneOfThree(t *testing.T) {
	t.Parallel()
	r := newRouted(t)
	dir := filepath.Join(r.dir, "n2-"+r.routes[2])
	mountSmall(t, dir)
	for i := range r.nodes {
		r.launch(i)
	}
	r.settle(3)
	ballast := filepath.Join(dir, "ballast")
	stuff(t, ballast)
	began := time.Now()
	for i := 0; !strings.Contains(readiness(r.nodes[2].url), "found its disk full"); i++ { // its server finds out at a write
		add := command(t, []string{"E2E_LINE_TOKEN=secret"}, "channel", "add", fmt.Sprint("c", i), "--provider", "line", "--endpoint", "http://127.0.0.1:1",
			"--token-env", "E2E_LINE_TOKEN",
			"--server", r.nodes[0].url)
		if time.Since(began) > startFor {
			t.Fatalf("it is not told; the last write: %+v\n%s", add, r.said())
		}
	}
	t.Logf("figure: a full disk of one of three is told after %.1f s", time.Since(began).Seconds())
	for !strings.Contains(r.nodes[2].said(), `level=ERROR msg="the fleet has lost one of its copies"`) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("not in the log: %s", tail(r.nodes[2].said()))
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.awaitReadiness(0, "")
	r.awaitReadiness(1, "")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	r.nodes[2].wait(deathFor)
	if code := r.nodes[2].cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(r.nodes[2].said(), "there is space now: start the daemon again") {
		t.Errorf("it ends with %d: %s", code, tail(r.nodes[2].said()))
	}
	fill(t, ballast, dir, 1<<20)
	r.launch(2)
	r.awaitReadiness(2, "free disk space") // the start waits
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	r.settle(3)
	r.awaitReadiness(2, "")
	r.nodes[1].kill() // two of three do, as before
	r.awaitReadiness(0, "")
	r.awaitReadiness(2, "")
}

// awaitReadiness asks a node until it says why it isn't ready, or is where there should be no reason.
func (r *routed) awaitReadiness(i int, part string) {
	r.t.Helper()
	for end := time.Now().Add(startFor); ; time.Sleep(50 * time.Millisecond) {
		said := readiness(r.nodes[i].url)
		if (said == "ready") == (part == "") && strings.Contains(said, part) {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("n%d: ready is %s, want %s\n%s", i, said, part, r.said())
		}
	}
}

// refusedAsFull submits what can't be stored.
func (w *world) refusedAsFull() {
	w.t.Helper()
	m := w.refused()
	definition, audience := content(w.t, m)
	status, text := w.post(m.key, definition, audience)
	const want = "the store is full, nothing was accepted: free disk space or raise --store-max-bytes, then send the request again"
	if status != http.StatusInsufficientStorage || text != want {
		w.t.Errorf("on a full disk: %d %q\n%s", status, text, tail(w.daemon.said()))
	}
	if r := w.submit(m); r.code != 2 || !strings.Contains(r.stderr, want) {
		w.t.Errorf("on a full disk: %+v", r)
	}
	if r := w.cli("campaign", "list", "--json"); strings.Count(r.stdout, "\n") != 1 {
		w.t.Errorf("something is half-done: %+v", r)
	}
}

// refused is the one mailing that is submitted while the disk is full.
func (w *world) refused() *mailing {
	for _, m := range w.posted {
		if m.name == "refused" {
			return m
		}
	}
	return w.personalised("refused", 5000)
}

// acceptedAfterAll sends the refused request again, as its answer said.
func (w *world) acceptedAfterAll() {
	w.t.Helper()
	w.limits = "off"
	w.addChannel(channel)
	m := w.refused()
	w.mustSubmit(m)
	s := w.finish(m)
	if err := w.judge(m, s); err != nil || s.Delivered != 5000 {
		w.t.Errorf("%+v: %v", s, err)
	}
}

func content(t testing.TB, m *mailing) (definition, audience []byte) {
	t.Helper()
	definition, err := os.ReadFile(m.campaign)
	if err != nil {
		t.Fatal(err)
	}
	if audience, err = os.ReadFile(m.audience); err != nil {
		t.Fatal(err)
	}
	return definition, audience
}

// mountSmall puts a small disk under a directory.
func mountSmall(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=160m", "hayauma-e2e", dir).CombinedOutput(); err != nil {
		t.Skipf("a small disk can't be mounted here (it takes root): %v %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
}

// fill grows a file until its disk has only so much left.
func fill(t *testing.T, path, dir string, left uint64) {
	t.Helper()
	free := freeOn(t, dir)
	if free <= left {
		t.Fatalf("only %d bytes are free on the small disk", free)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(make([]byte, free-left)); err != nil {
		t.Fatal(err)
	}
}

// stuff grows a file until nothing is left on its disk, where others write too.
func stuff(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 1<<20); err == nil; {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func freeOn(t *testing.T, dir string) uint64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return s.Bavail * uint64(s.Bsize)
}
