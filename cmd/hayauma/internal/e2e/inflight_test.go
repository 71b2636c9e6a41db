package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSlowProviderGetsManyCalls: behind a provider that takes its time, many calls are under way: the daemon's own limit is the only one,
// and its client's usual number of connections (512) is none.
func TestSlowProviderGetsManyCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--ledger-only", "--faults", "latency=150ms")
	w.open()
	m := w.personalised("many", 8000)
	w.mustSubmit(m)
	if s := w.finish(m); s.Delivered != 8000 {
		t.Fatalf("%+v", s)
	}
	if peak := w.ledger().Peak; peak <= 512 || peak > 2048 {
		t.Errorf("%d calls were under way at once, want more than 512 and at most 2048", peak)
	}
}

// TestChannelsShareCallsAndConnections: many channels have no more calls under way than one may have, and none keeps connections of its own.
func TestChannelsShareCallsAndConnections(t *testing.T) {
	t.Parallel()
	const channels, most = 8, 64
	w := newWorld(t, "--ledger-only", "--faults", "latency=50ms")
	w.flags = []string{"--max-in-flight", strconv.Itoa(most)}
	w.open()
	send := func(round string, together bool) {
		var all []*mailing
		for i := range channels {
			name := fmt.Sprintf("%s-%d", round, i)
			if r := w.addChannel(name); r.code != 0 {
				t.Fatalf("channel add: %+v", r)
			}
			m := w.personalised(name, 400)
			m.campaign = write(t, w.dir, name+".json", []byte(strings.Replace(string(readFile(t, m.campaign)), `"`+channel+`"`, `"`+name+`"`, 1)))
			w.mustSubmit(m)
			if all = append(all, m); !together {
				w.finish(m)
			}
		}
		for _, m := range all {
			if s := w.finish(m); s.Delivered != 400 {
				t.Errorf("%s: %+v", m.key, s)
			}
		}
	}
	send("apart", false)
	// Each channel had all calls in its turn; its connections are the next one's.
	if n := sockets(t, w.sim.cmd.Process.Pid); n > 2*most {
		t.Errorf("the provider has %d sockets open after %d channels that called one after another, at most %d calls at once", n, channels, most)
	}
	send("together", true)
	if peak := w.ledger().Peak; peak < most/2 || peak > 2*most+2*channels {
		t.Errorf("%d calls were under way at once, %d are allowed, and twice as many and one for each channel while channels begin", peak, most)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sockets counts those that a process has open.
func sockets(t *testing.T, pid int) (n int) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		t.Skipf("skipped: no /proc to count sockets in: %v", err)
	}
	for _, f := range files {
		if to, err := os.Readlink(f); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}
