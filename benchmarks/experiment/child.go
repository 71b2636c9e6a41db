package experiment

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Child is the main function of another process of the same program: it reads its specification as JSON, and what it prints goes to
// the process that started it, line by line. It ends when ctx ends or its work is done.
type Child func(ctx context.Context, spec []byte, out io.Writer) error

// Children are the program's other main functions by name.
type Children map[string]Child

const childFlag = "-child"

// Serve runs the child that the arguments name and reports whether they named one. The program's main, and the TestMain of a package
// whose tests start children, call it first: args is os.Args[1:].
func (all Children) Serve(ctx context.Context, args []string) (named bool, err error) {
	if len(args) != 2 || args[0] != childFlag {
		return false, nil
	}
	child, ok := all[args[1]]
	if !ok {
		return true, fmt.Errorf("experiment: there is no child %q", args[1])
	}
	// The specification is the first line.
	in := bufio.NewReader(os.Stdin)
	spec, err := in.ReadBytes('\n')
	if err != nil {
		return true, fmt.Errorf("experiment: read the specification of %q: %w", args[1], err)
	}
	return true, child(ctx, spec, os.Stdout)
}

// Process is a process that a cell started.
type Process struct {
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	stderr bytes.Buffer // owned by cmd until it was waited for
	ended  chan struct{}
	err    error // valid after ended
}

// StartChild starts the same program as the child of that name and gives it spec as JSON.
func StartChild(name string, spec any) (*Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, childFlag, name)
	cmd.Stdin = bytes.NewReader(append(text, '\n'))
	return Start(cmd)
}

// Start starts cmd in a process group of its own that dies with this process. Its standard output is read by [Process.Line]; the end
// of its standard error, up to 64 KiB, is part of the error of [Process.Wait].
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stderr = &tail{b: &p.stderr}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pdeathsig = true, syscall.SIGKILL
	cmd.WaitDelay = 10 * time.Second
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = w
	err = onLastingThread(cmd.Start)
	_ = w.Close() // the process has its own
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	p.lines = bufio.NewScanner(r)
	p.lines.Buffer(nil, 16<<20)
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// onLastingThread calls f on a thread that ends with this process. A child dies with the thread that started it (Pdeathsig), and a thread
// ends with a goroutine that is bound to it.
func onLastingThread(f func() error) error {
	done := make(chan error)
	lasting() <- func() { done <- f() }
	return <-done
}

var lasting = sync.OnceValue(func() chan<- func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})

// Pid is the process's id, and its group's.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Line returns the next line of the standard output, [io.EOF] after the last. One goroutine reads at a time.
func (p *Process) Line() ([]byte, error) {
	if !p.lines.Scan() {
		if err := p.lines.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	return p.lines.Bytes(), nil
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Kill ends the process and its group at once, and waits for the process.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL) // it may have ended
	<-p.ended
}

// Stop asks the process to end (SIGTERM), kills its group after patience, and returns what [Process.Wait] does.
func (p *Process) Stop(patience time.Duration) error {
	_ = syscall.Kill(p.Pid(), syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
	}
	p.Kill()
	return p.Wait()
}

// Wait waits for the end. An exit code other than 0 is an error with the end of the standard error; an end by SIGTERM or SIGKILL is not.
func (p *Process) Wait() error {
	<-p.ended
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok {
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() && (s.Signal() == syscall.SIGTERM || s.Signal() == syscall.SIGKILL) {
			return nil
		}
		return fmt.Errorf("%w: %s", p.err, bytes.TrimSpace(p.stderr.Bytes()))
	}
	return p.err
}

// tail keeps the end of what is written to it.
type tail struct{ b *bytes.Buffer }

const tailBytes = 64 << 10

func (t *tail) Write(text []byte) (int, error) {
	if t.b.Len() > tailBytes {
		t.b.Next(t.b.Len() - tailBytes/2)
	}
	return t.b.Write(text)
}
