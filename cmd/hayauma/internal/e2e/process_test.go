package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Bounds of everything that a test waits for: what takes longer is broken, even on a busy machine.
const (
	startFor  = 60 * time.Second
	deathFor  = 60 * time.Second
	finishFor = 2 * time.Minute
)

// process is a running command. Its end is Cleanup's business at the latest.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	url   string
	ended chan struct{} // closed when it has ended

	mu     sync.Mutex // guards stderr
	stderr bytes.Buffer
}

// Write takes what the process says on stderr.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.Write(b)
}

// said is what it has said on stderr until now.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// start runs a command that prints where it listens, and returns when it does or has ended without (url is empty then).
func start(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	listening := make(chan string, 1)
	p := launch(t, env, listening, args...)
	select {
	case p.url = <-listening:
	case <-p.ended:
	case <-time.After(startFor):
		t.Fatalf("%v: not ready within %v\n%s", args[1:], startFor, p.said())
	}
	return p
}

// launch runs a command without waiting for it; listening takes where it says that it listens.
func launch(t testing.TB, env []string, listening chan<- string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	p.cmd.Env = environment(env)
	p.cmd.Stderr = p
	orphaned(p.cmd)
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				select {
				case listening <- url:
				default: // only the first is asked for
				}
			}
		}
		_ = p.cmd.Wait() // how it ended stands in ProcessState
	}()
	return p
}

// kill ends it the hard way, and returns when it has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	<-p.ended
}

// freeze stops the process where it is, until thaw: it neither runs nor ends, and its connections stay.
func (p *process) freeze() { _ = p.cmd.Process.Signal(syscall.SIGSTOP) }

func (p *process) thaw() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }

// alive tells whether it has not ended.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// stop asks it to end.
func (p *process) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	p.wait(deathFor)
}

// wait returns when it has ended by itself.
func (p *process) wait(patience time.Duration) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%v still runs after %v\n%s", p.cmd.Args[1:], patience, tail(p.said()))
	}
}

// bySIGKILL tells whether that is how it ended.
func (p *process) bySIGKILL() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// result is what a command that runs to its end has left.
type result struct {
	code           int
	stdout, stderr string
}

// command runs the binary to its end.
func command(t testing.TB, env []string, args ...string) result {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	cmd.Env = environment(env)
	cmd.WaitDelay = time.Second
	timer := time.AfterFunc(finishFor, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// environment is the test's own without what would configure the binary, and env.
func environment(env []string) []string {
	clean := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "HAYAUMA_") || strings.HasPrefix(v, "NODE_TYPE=") || strings.HasPrefix(v, "GOMEMLIMIT=")
	})
	return append(clean, env...)
}

// shardLines say what becomes of each shard; they drown the others.
var shardLines = regexp.MustCompile(`(?m)^.* msg=shard role=.*\n`)

// tail keeps a failure's text readable.
func tail(text string) string {
	const most = 4000
	text = shardLines.ReplaceAllString(text, "")
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

// write puts a file into the test's directory.
func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
