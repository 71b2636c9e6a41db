package shipped

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
)

const (
	channel  = "bench"
	tokenEnv = "BENCH_LINE_TOKEN"
)

// system is one daemon.
type system struct {
	program  string
	store    store
	dir      string
	flags    []string // beside store, data and listen
	listen   string   // port 0 until the first start, then unchanged
	client   http.Client
	campaign string // id; owned by the caller of Accept and Finish
	job      pipeline.Job
	due      time.Time
	most     int // goroutines

	mu      sync.Mutex // guards process
	process *experiment.Process
}

var (
	_ pipeline.System  = (*system)(nil)
	_ pipeline.Planner = (*system)(nil)
	_ pipeline.Keeper  = (*system)(nil)
)

// start starts the daemon and returns when it listens.
func (s *system) start(ctx context.Context) error {
	args := []string{"serve", "--listen", s.listen}
	if s.store.data {
		args = append(args, "--data", filepath.Join(s.dir, "data"))
	} else {
		args = append(args, "--store", "memory")
	}
	cmd := exec.Command(s.program, append(args, s.flags...)...)
	cmd.Env = environment(os.Environ())
	process, err := experiment.Start(cmd)
	if err != nil {
		return fmt.Errorf("shipped: %w", err)
	}
	stop := context.AfterFunc(ctx, process.Kill) // ends the wait for the line
	defer stop()
	line, err := process.Line()
	url, ok := strings.CutPrefix(string(line), "listening on http://")
	if err != nil || !ok {
		process.Kill()
		return fmt.Errorf("shipped: serve does not start: %w", errors.Join(err, process.Wait()))
	}
	if s.process == nil {
		s.listen = url // a daemon that comes back listens there again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = process
	return nil
}

// environment is ours without what would configure the daemon.
func environment(ours []string) []string {
	var env []string
	for _, v := range ours {
		if !strings.HasPrefix(v, "HAYAUMA_") && !strings.HasPrefix(v, "NODE_TYPE=") && !strings.HasPrefix(v, "GOMEMLIMIT=") {
			env = append(env, v)
		}
	}
	return append(env, tokenEnv+"=bench")
}

func (s *system) running() *experiment.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// Pids implements [pipeline.System].
func (s *system) Pids() []int { return []int{s.running().Pid()} }

// Goroutines implements [pipeline.System].
func (s *system) Goroutines() int { return s.most }

// Kill implements [pipeline.System].
func (s *system) Kill() error {
	s.running().Kill()
	return nil
}

// Restart implements [pipeline.System].
func (s *system) Restart(ctx context.Context) error { return s.start(ctx) }

// Close implements [pipeline.System].
func (s *system) Close() error {
	s.running().Kill()
	s.client.CloseIdleConnections()
	return nil
}
