package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"time"

	"hayauma.example/benchmarks/micro"
)

// Outcome is what the process of a cell prints: one JSON object on standard output.
type Outcome struct {
	Result micro.Result `json:"result"`
	Error  string       `json:"error,omitempty"`
}

// Outcome measures the cell in this process, for the process that started it.
func (c Cell) Outcome(ctx context.Context) Outcome {
	r, err := c.Measure(ctx)
	o := Outcome{Result: r}
	if err != nil {
		o.Error = err.Error()
	}
	return o
}

// Start measures a cell in a process of its own.
type Start func(ctx context.Context, c Cell) (Outcome, error)

// Executable starts the program at path with -cell and the cell as JSON.
func Executable(path string) Start {
	return func(ctx context.Context, c Cell) (Outcome, error) {
		name, err := json.Marshal(c)
		if err != nil {
			return Outcome{}, err
		}
		e, err := effortOf(c.Scale)
		if err != nil {
			return Outcome{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, e.patience+time.Minute) // a cell ends by itself: the minute is for its collector
		defer cancel()
		var out, failure bytes.Buffer
		cmd := exec.CommandContext(ctx, path, "-cell", string(name))
		cmd.Stdout, cmd.Stderr = &out, &failure
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

// Run measures the cells that the raw file does not have yet, and tells of each. A cell's failure is its line; Run itself fails when
// ctx ends or the file can't be written.
func Run(ctx context.Context, cells []Cell, here Host, raw *Raw, start Start, tell func(l Line)) error {
	done := raw.Done()
	for _, c := range cells {
		if done[c] {
			continue
		}
		_, available, err := memoryOf("/proc/meminfo")
		if err != nil {
			return err
		}
		l := Line{Cell: c, Host: here, At: time.Now().UTC().Truncate(time.Second)}
		if l.Skipped = c.tooBig(available); l.Skipped == "" {
			o, err := start(ctx, c)
			if ctx.Err() != nil {
				return context.Cause(ctx) // interrupted: the cell has not failed
			}
			l.Result, l.Error = o.Result, o.Error
			if err != nil {
				l.Error = err.Error()
			}
		}
		if err := raw.Append(l); err != nil {
			return err
		}
		tell(l)
	}
	return nil
}
