package jetstream_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/engine/journal"
)

var (
	shard = journal.Shard{Role: "checker", Number: 7}
	grain = journal.Grain{Kind: "run", ID: "a.b c"}
)

func claim(t testing.TB, s *jetstream.Store) journal.Claim {
	t.Helper()
	claims, err := s.Claim(t.Context(), "me", []journal.Shard{shard})
	if err != nil {
		t.Fatal(err)
	}
	return claims[0]
}

func event(first uint64) journal.Record {
	return journal.Record{Grain: grain, First: first, Count: 1, Data: fmt.Append(nil, "event ", first)}
}

func replay(t testing.TB, s *jetstream.Store, c journal.Claim) []journal.Record {
	t.Helper()
	var all []journal.Record
	for r, err := range s.Replay(t.Context(), c, grain) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// counted checks that events 1 to at least n are there without a gap.
func counted(t testing.TB, records []journal.Record, n uint64) {
	t.Helper()
	for i, r := range records {
		if want := event(uint64(i) + 1); r.First != want.First || string(r.Data) != string(want.Data) {
			t.Fatalf("record %d is event %d: %q", i, r.First, r.Data)
		}
	}
	if uint64(len(records)) < n {
		t.Errorf("%d events are there, %d were acknowledged", len(records), n)
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	var id uuid.UUID
	var old journal.Claim
	t.Run("before", func(t *testing.T) {
		s := openStore(t, openNode(t, dir), jetstream.Config{})
		id, old = s.ClusterID(), claim(t, s)
		for i := range uint64(10) {
			if err := s.Append(t.Context(), old, "", []journal.Record{event(i + 1)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Put(t.Context(), "part.1", []byte("object")); err != nil {
			t.Fatal(err)
		}
	})
	start := time.Now()
	s := openStore(t, openNode(t, dir), jetstream.Config{MaxBytes: 1 << 30})
	t.Logf("opened again in %v", time.Since(start).Round(time.Microsecond))
	if s.ClusterID() != id {
		t.Errorf("cluster id was %v and is %v", id, s.ClusterID())
	}
	if err := s.Append(t.Context(), old, "", []journal.Record{event(11)}); err != nil {
		t.Errorf("the claim is still the newest, but: %v", err)
	}
	c := claim(t, s)
	if c.Fence <= old.Fence {
		t.Errorf("fence went from %d to %d", old.Fence, c.Fence)
	}
	counted(t, replay(t, s, c), 11)
	if data, err := s.Get(t.Context(), "part.1"); err != nil || string(data) != "object" {
		t.Errorf("object %q, %v", data, err)
	}
	if err := s.Append(t.Context(), old, "", []journal.Record{event(12)}); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("append under the old claim: %v", err)
	}
}

func TestIncompatibleConfig(t *testing.T) {
	node := openNode(t, t.TempDir())
	for _, cfg := range []jetstream.Config{{Replicas: -1}, {Replicas: 9}, {MaxBytes: 10}, {MaxObjectBytes: 10}} {
		if _, err := jetstream.Open(t.Context(), node.Conn(), cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

const childDir = "JOURNAL_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	_ = flag.Set("rapid.checks", "20") // each of them is hundreds of syncs
	os.Exit(m.Run())
}

// child appends for ever, single records and batches by turns, and says which were acknowledged.
func child(dir string) {
	ctx := context.Background()
	node, err := natsnode.Open(ctx, natsnode.Config{DataDir: dir})
	must(err)
	s, err := jetstream.Open(ctx, node.Conn(), jetstream.Config{})
	must(err)
	claims, err := s.Claim(ctx, "child", []journal.Shard{shard})
	must(err)
	next := uint64(1)
	for r, err := range s.Replay(ctx, claims[0], grain) {
		must(err)
		next = r.First + 1
	}
	fmt.Println("ready", next)
	for i := 0; ; i++ {
		records := []journal.Record{event(next)}
		if i%2 == 1 {
			records = append(records, event(next+1), event(next+2))
		}
		must(s.Append(ctx, claims[0], uuid.NewString(), records))
		next += uint64(len(records))
		fmt.Println(next - 1)
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func TestKilledWhileAppending(t *testing.T) {
	dir := t.TempDir()
	acknowledged := uint64(0)
	for round := range 4 {
		acknowledged = killedRound(t, dir, 10+round*15)
	}
	s := openStore(t, openNode(t, dir), jetstream.Config{})
	counted(t, replay(t, s, claim(t, s)), acknowledged)
	t.Logf("%d events acknowledged over four kills", acknowledged)
}

// killedRound kills the child after some acknowledgements and returns the last event that was acknowledged.
func killedRound(t *testing.T, dir string, after int) (last uint64) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		text, ready := strings.CutPrefix(lines.Text(), "ready ")
		if last, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		if ready {
			last--
		}
		if n == 0 {
			alive(t, dir, cmd.Process.Pid)
		}
		if n == after {
			_ = cmd.Process.Kill() // what it still says was acknowledged too
		}
	}
	_ = cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Fatalf("the child ended by itself: %v", cmd.ProcessState)
	}
	return last
}

// alive: the directory is locked by the child, and so it says.
func alive(t *testing.T, dir string, pid int) {
	t.Helper()
	_, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: dir})
	var inUse *natsnode.InUseError
	if !errors.As(err, &inUse) || inUse.PID != pid || inUse.Dir != filepath.Clean(dir) {
		t.Errorf("open of the child's directory: %v", err)
	}
}
