package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// Server is a running server.
type Server struct {
	// Address is where it answers: Redis's Unix socket, or PostgreSQL's connection string.
	Address string

	process *experiment.Process
	home    string         // what it keeps; removed by Close
	halt    syscall.Signal // ends it and its children at once
}

// Pids are the server's processes, each with its children.
func (s *Server) Pids() []int { return []int{s.process.Pid()} }

// patience is how long a server may take to end by itself.
const patience = 5 * time.Second

// Close ends the server and removes what it kept. Nothing is saved.
func (s *Server) Close() error {
	_ = syscall.Kill(s.process.Pid(), s.halt) // it may have ended
	select {
	case <-s.process.Ended():
	case <-time.After(patience):
	}
	s.process.Kill()
	return os.RemoveAll(s.home)
}

// ready asks every few milliseconds until the server answers. log is the file that it writes to.
func (s *Server) ready(ctx context.Context, answers func(context.Context) error, log string) error {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		err := answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-s.process.Ended():
			return fmt.Errorf("servers: it ended before it answered: %w", errors.Join(s.process.Wait(), said(log)))
		case <-ctx.Done():
			return fmt.Errorf("servers: no answer yet (%w): %w", err, ctx.Err())
		}
	}
}

// said is the end of a log file as an error; nil when there is none.
func said(log string) error {
	text, err := os.ReadFile(log)
	if err != nil || len(text) == 0 {
		return nil
	}
	const enough = 2000
	return errors.New(strings.TrimSpace(string(text[max(0, len(text)-enough):])))
}

// program finds an executable in PATH or, newest version first, where pattern says.
func program(name, pattern string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	found, _ := filepath.Glob(filepath.Join(pattern, name)) // the patterns are constants
	if len(found) == 0 {
		return "", err
	}
	return slices.MaxFunc(found, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) }), nil
}
