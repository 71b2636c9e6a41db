package e2e

import (
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

func freeOn(t *testing.T, dir string) uint64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return s.Bavail * uint64(s.Bsize)
}
