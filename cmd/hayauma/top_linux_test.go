package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal of 60 by 20.
type terminal struct {
	master, slave *os.File

	mu  sync.Mutex // guards out
	out bytes.Buffer
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("skipped: no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { slave.Close() })
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 20, Col: 60}); err != nil {
		t.Fatal(err)
	}
	p := &terminal{master: master, slave: slave}
	go func() {
		var b [4096]byte
		for {
			n, err := master.Read(b[:])
			p.mu.Lock()
			p.out.Write(b[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return p
}

func (p *terminal) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(startFor); ; time.Sleep(5 * time.Millisecond) {
		p.mu.Lock()
		shown := p.out.String()
		p.mu.Unlock()
		if strings.Contains(shown, text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the terminal never shows %q:\n%q", text, shown)
		}
	}
}

func (p *terminal) modes(t *testing.T) unix.Termios {
	t.Helper()
	m, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *m
}

// However it ends, top gives the terminal back as it was.
func TestTopInATerminal(t *testing.T) {
	daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/actors":
			_, _ = io.WriteString(w, `{"actors":[{"node":"a","kind":"poster","id":"deep","depth":9,"oldest_ms":100,"state":"idle"},`+
				`{"node":"a","kind":"poster","id":"old","depth":1,"oldest_ms":7000,"state":"idle"}],"nodes":[]}`)
		case "/v1/cluster":
			_, _ = io.WriteString(w, `{"node":"a","condition":"active","epoch":3,"members":[{"node":"a","condition":"active","roles":[]}],"roles":[],"shards":[]}`)
		case "/v1/channels":
			_, _ = io.WriteString(w, `{"channels":[]}`)
		default:
			_, _ = io.WriteString(w, `{"campaigns":[]}`)
		}
	}))
	defer daemon.Close()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		end  func(p *terminal, process *os.Process) error
		code int
	}{
		"q":       {func(p *terminal, _ *os.Process) error { _, err := p.master.WriteString("q"); return err }, 0},
		"Ctrl-C":  {func(p *terminal, _ *os.Process) error { _, err := p.master.WriteString("\x03"); return err }, 0},
		"SIGTERM": {func(_ *terminal, process *os.Process) error { return process.Signal(syscall.SIGTERM) }, 130},
		"SIGINT":  {func(_ *terminal, process *os.Process) error { return process.Signal(syscall.SIGINT) }, 130},
		"SIGHUP":  {func(_ *terminal, process *os.Process) error { return process.Signal(syscall.SIGHUP) }, 130},
	} {
		t.Run(name, func(t *testing.T) {
			p := openTerminal(t)
			before := p.modes(t)
			cmd := &exec.Cmd{Path: program, Args: []string{"hayauma", "top"}, Env: []string{"HAYAUMA_SERVER=" + daemon.URL, "TERM=xterm"},
				Stdin: p.slave, Stdout: p.slave, Stderr: p.slave}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			p.await(t, "DEPTH*")
			p.await(t, "deep")
			if p.modes(t) == before {
				t.Error("keys are read only after a line's end")
			}
			if _, err := p.master.WriteString("\x1b[Da"); err != nil { // an arrow, which means nothing, and an a
				t.Fatal(err)
			}
			p.await(t, "OLDEST*")
			if err := tc.end(p, cmd.Process); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its code tells
			if code := cmd.ProcessState.ExitCode(); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			p.await(t, "\x1b[?25h\x1b[?1049l")
			if p.modes(t) != before {
				t.Error("the terminal's modes are not what they were")
			}
		})
	}
}
