package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Ledger is the simulator's own count.
type Ledger struct{ Users, Deliveries, Duplicates int }

// Ledger asks the simulator.
func (w *World) Ledger(ctx context.Context) (l Ledger, err error) {
	return l, w.ask(ctx, w.simURL+"/_sim/ledger", &l)
}

// Delivery is one message that the simulator accepted for one user.
type Delivery struct {
	User string    `json:"user"`
	At   time.Time `json:"at"`
}

// Deliveries asks the simulator for all; the world needs Options.Deliveries.
func (w *World) Deliveries(ctx context.Context) ([]Delivery, error) {
	body, err := w.open(ctx, w.simURL+"/_sim/deliveries")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var all []Delivery
	for lines := json.NewDecoder(body); ; {
		var d Delivery
		switch err := lines.Decode(&d); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		}
		all = append(all, d)
	}
}

func (w *World) open(ctx context.Context, url string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("daemon: %s: %s", req.URL.Path, resp.Status)
	}
	return resp.Body, nil
}

// Metrics are the daemon's own figures without labels, by name.
func (w *World) Metrics(ctx context.Context) (map[string]float64, error) {
	body, err := w.open(ctx, w.serveURL+"/metrics")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return parseMetrics(body)
}

// parseMetrics reads the text format; what has labels is left out.
func parseMetrics(r io.Reader) (map[string]float64, error) {
	all := map[string]float64{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, text, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" || strings.Contains(name, "{") {
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("daemon: metric %s: %w", name, err)
		}
		all[name] = value
	}
	return all, lines.Err()
}

// Peak is the daemon's largest resident size so far, in bytes.
func (w *World) Peak() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.serve.Pid()))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, err := strconv.ParseFloat(kib, 64)
	return n * 1024, err
}

// CPU is the daemon's processor time so far, in seconds.
func (w *World) CPU() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.serve.Pid()))
	if err != nil {
		return 0, err
	}
	return parseStat(string(text))
}

// ticks per second of /proc/PID/stat: USER_HZ, which is 100 on every Linux that Go runs on.
const ticks = 100

// parseStat adds utime and stime, fields 14 and 15; the name before them may hold blanks.
func parseStat(text string) (float64, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("daemon: /proc stat: %q", text)
	}
	user, errUser := strconv.ParseFloat(fields[11], 64)
	system, errSystem := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticks, errors.Join(errUser, errSystem)
}
