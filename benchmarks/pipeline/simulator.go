package pipeline

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// simulator is the provider of a cell: the product's own simulator in a process of its own.
type simulator struct {
	process *experiment.Process
	url     string
}

// ledger is the simulator's own count.
type ledger struct {
	Users      int `json:"users"`
	Deliveries int `json:"deliveries"`
	Requests   struct {
		Push      int `json:"push"`
		Multicast int `json:"multicast"`
	} `json:"requests"`
	Conflicts int `json:"conflicts"`
	Throttled int `json:"throttled"`
	Peak      int `json:"peak_in_flight"`
}

func (l ledger) calls() int { return l.Requests.Push + l.Requests.Multicast }

// startSimulator starts it with an answer's latency and with LINE's limits or without.
func startSimulator(ctx context.Context, program string, latency time.Duration, limited bool) (*simulator, error) {
	limits := "off"
	if limited {
		limits = "line"
	}
	args := []string{"line-sim", "--listen", "127.0.0.1:0", "--ledger-only", "--limits", limits}
	if latency > 0 {
		args = append(args, "--faults", "latency="+latency.String())
	}
	process, err := experiment.Start(exec.Command(program, args...))
	if err != nil {
		return nil, fmt.Errorf("pipeline: simulator: %w", err)
	}
	stop := context.AfterFunc(ctx, process.Kill) // ends the wait for its first line
	defer stop()
	line, err := process.Line()
	url, ok := strings.CutPrefix(string(line), "listening on ")
	if err != nil || !ok {
		process.Kill()
		return nil, fmt.Errorf("pipeline: simulator: does not say where it listens but %q: %w", line, process.Wait())
	}
	return &simulator{process: process, url: url}, nil
}

func (s *simulator) close() { s.process.Kill() }

func (s *simulator) get(ctx context.Context, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("pipeline: simulator: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("pipeline: simulator: %s: %s", path, answer.Status)
	}
	return answer.Body, nil
}

// ledger asks for the sums; it costs the simulator some microseconds.
func (s *simulator) ledger(ctx context.Context) (l ledger, err error) {
	body, err := s.get(ctx, "/_sim/ledger")
	if err != nil {
		return l, err
	}
	defer body.Close()
	return l, json.NewDecoder(body).Decode(&l)
}

// arrivals reads all deliveries: what was accepted, for whom and when.
func (s *simulator) arrivals(ctx context.Context, n int) (*arrivals, error) {
	body, err := s.get(ctx, "/_sim/deliveries")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	a := newArrivals(n)
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		var d struct {
			User string    `json:"user"`
			At   time.Time `json:"at"`
		}
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			return nil, fmt.Errorf("pipeline: simulator: delivery %q: %w", lines.Text(), err)
		}
		a.add(d.User, d.At)
	}
	return a, lines.Err()
}
