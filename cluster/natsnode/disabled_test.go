package natsnode_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// smallDisk is a directory on a disk of its own.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=48m", "hayauma-natsnode", dir).CombinedOutput(); err != nil {
		t.Skipf("a small disk can't be mounted here (it takes root): %v %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

// fillUp leaves nothing free on a disk.
func fillUp(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var free syscall.Statfs_t
	for block := make([]byte, 64<<10); ; {
		if _, err := file.Write(block); err == nil {
			continue
		}
		if len(block) == 1 {
			break
		}
		block = block[:len(block)/2]
	}
	if err := syscall.Statfs(filepath.Dir(path), &free); err != nil || free.Bavail > 0 {
		t.Fatalf("%d blocks are free: %v", free.Bavail, err)
	}
}

// A server whose disk was full stores nothing any more, also when there is space again: it tells, and a new start goes on.
func TestFullDiskEndsTheServersStore(t *testing.T) {
	cfgs := fleet(t)
	cfgs[0].DataDir = smallDisk(t)
	cfgs[0].Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	nodes := openAll(t, cfgs...)
	defer func() {
		for _, n := range nodes {
			_ = n.Close(context.WithoutCancel(t.Context()))
		}
	}()
	js := stream(t, nodes[1])
	for i, n := range nodes {
		if !n.Stores() {
			t.Errorf("n%d does not store, and nothing has happened", i)
		}
	}
	ballast := filepath.Join(cfgs[0].DataDir, "ballast")
	fillUp(t, ballast)
	publish := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := js.Publish(ctx, "s", make([]byte, 10000))
		return err
	}
	for end := time.Now().Add(20 * time.Second); nodes[0].Stores(); {
		if err := publish(); err != nil {
			t.Logf("publish: %v", err)
		}
		if time.Now().After(end) {
			t.Fatal("the server stores on a full disk")
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if nodes[0].Stores() {
		t.Error("space alone has it store again: nobody has to start it")
	}
	if err := nodes[0].Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	nodes[0] = openAll(t, cfgs[0])[0]
	if !nodes[0].Stores() {
		t.Error("started again, it does not store")
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		s, err := js.Stream(ctx, "S")
		cancel()
		if err == nil && current(s.CachedInfo()) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the copy is not made good: %v", err)
		}
	}
}

// current tells whether all copies are.
func current(s *jetstream.StreamInfo) bool {
	for _, r := range s.Cluster.Replicas {
		if !r.Current || r.Offline {
			return false
		}
	}
	return len(s.Cluster.Replicas) == 2
}
