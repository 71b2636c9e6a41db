package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// Outcome is what the process of a cell prints: one JSON object on standard output.
type Outcome struct {
	Result experiment.Result `json:"result"`
	Error  string            `json:"error,omitempty"`
}

// Outcome measures the cell in this process, for the process that started it.
func (c Cell) Outcome(ctx context.Context, parts []experiment.Part) Outcome {
	r, err := c.Measure(ctx, parts)
	o := Outcome{Result: r}
	for name, v := range r.Figures {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			delete(r.Figures, name) // JSON has no such number
			o.Error = fmt.Sprintf("the figure %s is %v", name, v)
		}
	}
	if err != nil {
		o.Error = err.Error()
	}
	return o
}

// Start measures a cell in a process of its own, which gets so much time.
type Start func(ctx context.Context, c Cell, patience time.Duration) (Outcome, error)

// Executable starts the program at path with -cell and the cell as JSON, and with the variables (NAME=VALUE) besides those of this process. When time is over
// or ctx ends, the process is interrupted, so that it can end what it started, and killed some seconds later.
func Executable(path string, variables ...string) Start {
	return func(ctx context.Context, c Cell, patience time.Duration) (Outcome, error) {
		name, err := json.Marshal(c)
		if err != nil {
			return Outcome{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, patience+time.Minute) // a cell ends by itself: the minute is for its collector
		defer cancel()
		var out, failure bytes.Buffer
		cmd := exec.CommandContext(ctx, path, "-cell", string(name))
		cmd.Env = append(os.Environ(), variables...)
		cmd.Stdout, cmd.Stderr = &out, &failure
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 20 * time.Second
		if err := cmd.Run(); err != nil {
			return Outcome{}, fmt.Errorf("%w: %s", err, reason(failure.Bytes()))
		}
		var o Outcome
		if err := json.Unmarshal(out.Bytes(), &o); err != nil {
			return Outcome{}, fmt.Errorf("suite: the cell's process printed no outcome: %w", err)
		}
		return o, nil
	}
}

// reason returns the beginning of what a process said when it failed: Go puts the reason there and the stacks below.
func reason(text []byte) []byte { return text[:min(len(text), 500)] }

// Runner measures cells.
type Runner struct {
	Parts []experiment.Part
	Host  Host
	Raw   *Raw
	Start Start
	Tell  func(l Line) // of each line, when it is in the file
}

// Run measures the cells that the raw file does not have yet, and those that could not be measured and now can. A cell's failure is its
// line; Run itself fails when ctx ends or the file can't be written.
func (r Runner) Run(ctx context.Context, cells []Cell) error {
	done := r.Raw.Done()
	for _, c := range cells {
		if done[c] {
			continue
		}
		l, err := r.measure(ctx, c)
		if err != nil {
			return err
		}
		if r.Raw.said(l) {
			continue
		}
		if err := r.Raw.Append(l); err != nil {
			return err
		}
		r.Tell(l)
	}
	return nil
}

func (r Runner) measure(ctx context.Context, c Cell) (Line, error) {
	e, err := c.find(r.Parts)
	if err != nil {
		return Line{}, err
	}
	_, available, err := memoryOf("/proc/meminfo")
	if err != nil {
		return Line{}, err
	}
	l := Line{Cell: c, Host: r.Host, At: time.Now().UTC().Truncate(time.Second)}
	if l.Skipped = c.obstacle(e, available); l.Skipped != "" {
		return l, nil
	}
	o, err := r.Start(ctx, c, patience(e, c.Scale))
	if ctx.Err() != nil {
		return Line{}, context.Cause(ctx) // interrupted: the cell has not failed
	}
	l.Result, l.Error = o.Result, o.Error
	if err != nil {
		l.Error = err.Error()
	}
	return l, nil
}
