package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
)

// Options say how a world differs from a plain one. The zero value is useful.
type Options struct {
	Latency    time.Duration // the simulator answers that much later
	Deliveries bool          // the simulator checks requests and can tell each delivery; otherwise it only counts them
	Data       string        // the daemon's data directory; "": a fresh one
	Flags      []string      // more of serve
}

// World is a simulator and a daemon that sends to it.
type World struct {
	opts   Options
	binary string
	dir    string // removed by Close
	client *http.Client

	sim, serve       *experiment.Process
	simURL, serveURL string
}

const (
	tokenVariable = "BENCH_LINE_TOKEN"
	startFor      = 60 * time.Second
	stopFor       = 15 * time.Second
)

// Open builds the binary and starts the simulator. The daemon is Start's.
func Open(ctx context.Context, o Options) (*World, error) {
	path, err := pipeline.Program(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "hayauma-bench-")
	if err != nil {
		return nil, err
	}
	if o.Data == "" {
		o.Data = filepath.Join(dir, "data")
	}
	w := &World{opts: o, binary: path, dir: dir, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	args := []string{"line-sim", "--listen", "127.0.0.1:0", "--limits", "off"}
	if o.Latency > 0 {
		args = append(args, "--faults", "latency="+o.Latency.String())
	}
	if !o.Deliveries {
		args = append(args, "--ledger-only")
	}
	if w.sim, w.simURL, err = w.start(ctx, args...); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// OpenServing is Open and Start.
func OpenServing(ctx context.Context, o Options) (*World, error) {
	w, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if _, err := w.Start(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Start starts the daemon and returns how long it took until it was ready.
func (w *World) Start(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	args := append([]string{"serve", "--data", w.opts.Data, "--listen", "127.0.0.1:0", "--log-level", "warn"}, w.opts.Flags...)
	var err error
	if w.serve, w.serveURL, err = w.start(ctx, args...); err != nil {
		return 0, err
	}
	for {
		resp, err := w.client.Get(w.serveURL + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		if err := pause(ctx, w.serve, time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// Stop ends the daemon as an operator does.
func (w *World) Stop() error {
	p := w.serve
	w.serve = nil
	w.client.CloseIdleConnections() // or the daemon waits for them
	return p.Stop(stopFor)
}

// Kill ends the daemon at once.
func (w *World) Kill() {
	w.serve.Kill()
	w.serve = nil
}

// Close ends both processes and removes what they kept.
func (w *World) Close() error {
	for _, p := range []*experiment.Process{w.serve, w.sim} {
		if p != nil {
			p.Kill()
		}
	}
	w.client.CloseIdleConnections()
	return os.RemoveAll(w.dir)
}

// start starts the binary and waits for the line that says where it listens.
func (w *World) start(ctx context.Context, args ...string) (*experiment.Process, string, error) {
	cmd := exec.Command(w.binary, args...)
	cmd.Env = environment()
	p, err := experiment.Start(cmd)
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, startFor)
	defer cancel()
	stop := context.AfterFunc(ctx, p.Kill)
	line, err := p.Line()
	if !stop() || err != nil {
		p.Kill()
		return nil, "", fmt.Errorf("daemon: hayauma %s does not start: %w", args[0], errors.Join(p.Wait(), err, context.Cause(ctx)))
	}
	url, ok := strings.CutPrefix(string(line), "listening on ")
	if !ok {
		p.Kill()
		return nil, "", fmt.Errorf("daemon: hayauma %s says %q instead of where it listens", args[0], line)
	}
	return p, url, nil
}

// environment is ours without what would configure the binary, with a channel's token.
func environment() []string {
	clean := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "HAYAUMA_") || strings.HasPrefix(v, "NODE_TYPE=") || strings.HasPrefix(v, "GOMEMLIMIT=")
	})
	return append(clean, tokenVariable+"=any")
}

// pause waits a moment of a process's life.
func pause(ctx context.Context, p *experiment.Process, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-p.Ended():
		return fmt.Errorf("daemon: hayauma ended: %w", errors.Join(p.Wait(), errEnded))
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var errEnded = errors.New("its process is gone")
