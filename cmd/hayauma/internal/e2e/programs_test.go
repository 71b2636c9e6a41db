package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// spoken is what a program has printed until now.
type spoken struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// example runs the example of a program that knows only NATS.
func (w *world) example(path, address string, m *mailing) (cmd *exec.Cmd, said *spoken) {
	w.t.Helper()
	said = &spoken{}
	cmd = exec.Command(path, "-nats", "nats://"+address, "-campaign", m.campaign, "-audience", m.audience, "-key", m.key)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(nil), said, said
	orphaned(cmd)
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	return cmd, said
}

// A program submits over NATS, and the daemon dies as soon as the campaign is accepted; it submits again under its key and follows the
// events, and the daemon, whose NATS server it is connected to, dies in the middle. The campaign is one, and none of its events is missing.
func TestProgramOverKills(t *testing.T) {
	t.Parallel()
	path := filepath.Join(workshop, "example-nats")
	if out, err := exec.Command("go", "build", "-o", path, "hayauma.example/examples/nats").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w := newWorld(t, "--faults", "latency=30ms")
	address := freePorts(t, "127.0.0.1", 1)[0]
	w.flags = []string{"--nats-listen", address, "--nats-api", "--publish-events", "--max-in-flight", "4"}
	w.open()
	w.daemon.kill()

	m := w.personalised("nats", 300)
	w.serve("campaign.accepted")
	first, said := w.example(path, address, m)
	w.daemon.wait(deathFor)
	_ = first.Process.Kill()
	_ = first.Wait()
	if !w.daemon.bySIGKILL() || strings.Contains(said.String(), "submitted") {
		t.Fatalf("the daemon did not die of the submission: %s\n%s", said, tail(w.daemon.said()))
	}

	w.serve("")
	program, said := w.example(path, address, m)
	within(t, "a window", func() bool { return strings.Contains(said.String(), "campaign.window_opened") }, said)
	w.daemon.kill()
	if strings.Contains(said.String(), "campaign.finished") {
		t.Fatal("it was over before the daemon died")
	}
	w.serve("")
	within(t, "the end", func() bool { return strings.Contains(said.String(), "campaign.finished") }, said)
	if err := program.Wait(); err != nil {
		t.Errorf("the program ended by %v: %s", err, said)
	}
	var types []string
	for line := range strings.Lines(said.String()) {
		var n int
		var kind string
		if _, err := fmt.Sscan(line, &n, &kind); err != nil {
			m.id = strings.TrimSpace(strings.TrimPrefix(line, "submitted "))
			continue
		}
		if types = append(types, kind); n != len(types) {
			t.Fatalf("number %d follows %d:\n%s", n, len(types)-1, said)
		}
	}
	if all := strings.Join(types, " "); !strings.HasPrefix(all, "campaign.uploading campaign.accepted campaign.run_started campaign.planned campaign.window_opened") {
		t.Errorf("told: %s", all)
	}
	id := m.id
	m.id = ""
	if w.mustSubmit(m); m.id != id {
		t.Errorf("over NATS the key makes %s, over HTTP %s", id, m.id)
	}
	if err := w.judge(m, w.finish(m)); err != nil {
		t.Error(err)
	}
}

func within(t *testing.T, what string, is func() bool, said *spoken) {
	t.Helper()
	for late := time.Now().Add(finishFor); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%s is not told: %s", what, said)
		}
	}
}
