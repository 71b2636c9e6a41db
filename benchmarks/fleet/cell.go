package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/percentile"
	"hayauma.example/benchmarks/pipeline"
)

// TestError says that the tests didn't measure what was asked of them.
type TestError struct {
	Row, Why string
	Said     string // the end of what they printed
}

func (e *TestError) Error() string { return fmt.Sprintf("fleet: %s: %s\n%s", e.Row, e.Why, e.Said) }

// measure has the row's fault hit a fleet so many times.
func measure(ctx context.Context, row string, times int) (experiment.Result, error) {
	f, err := find(row)
	if err != nil {
		return experiment.Result{}, err
	}
	cmd, err := command(ctx, f, times)
	if err != nil {
		return experiment.Result{}, err
	}
	p, err := experiment.Start(cmd)
	if err != nil {
		return experiment.Result{}, err
	}
	stop := context.AfterFunc(ctx, p.Kill)
	defer stop()
	said, err := output(p)
	if err := errors.Join(err, p.Wait(), ctx.Err()); err != nil {
		return experiment.Result{}, &TestError{row, err.Error(), end(said)}
	}
	return summarise(f, times, said)
}

// command is the fault's test. It is not cached, and of the environment's settings of the tests it has only these.
func command(ctx context.Context, f fault, times int) (*exec.Cmd, error) {
	module, err := pipeline.Module(ctx)
	if err != nil {
		return nil, err
	}
	program, err := pipeline.Program(ctx)
	if err != nil {
		return nil, err
	}
	if program, err = filepath.Abs(program); err != nil {
		return nil, err
	}
	// The cell's patience bounds it.
	cmd := exec.Command("go", "test", "-run", "^"+f.test+"$", "-count", "1", "-timeout", "0", "-v", "./cmd/hayauma/internal/e2e")
	cmd.Dir = module
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HAYAUMA_") || strings.HasPrefix(v, "PWD=") })
	cmd.Env = append(cmd.Env, "HAYAUMA_FAILOVERS="+strconv.Itoa(times), "HAYAUMA_FAULT="+f.begins, "HAYAUMA_PROGRAM="+program)
	return cmd, nil
}

// output reads all that the process prints.
func output(p *experiment.Process) ([]byte, error) {
	var all bytes.Buffer
	for {
		line, err := p.Line()
		if errors.Is(err, io.EOF) {
			return all.Bytes(), nil
		}
		if err != nil {
			return all.Bytes(), err
		}
		all.Write(append(line, '\n'))
	}
}

// standstills are a fault's times as the tests print them, in milliseconds; 0 is a time that they couldn't tell.
type standstills struct {
	Fault      string    `json:"fault"`
	Recipients uint64    `json:"recipients"`
	Still      []float64 `json:"still_ms"`
	Back       []float64 `json:"back_ms"`
}

// mark stands before the JSON in a line.
const mark = "figure-json: "

// parse returns all faults' times of what the tests have printed.
func parse(said []byte) ([]standstills, error) {
	var all []standstills
	for line := range bytes.Lines(said) {
		_, text, found := bytes.Cut(line, []byte(mark))
		if !found {
			continue
		}
		var s standstills
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, fmt.Errorf("fleet: read %q: %w", bytes.TrimSpace(line), err)
		}
		all = append(all, s)
	}
	return all, nil
}

// summarise makes the cell's figures of what a test that passed has printed.
func summarise(f fault, times int, said []byte) (experiment.Result, error) {
	all, err := parse(said)
	if err != nil {
		return experiment.Result{}, err
	}
	if len(all) != 1 || !strings.HasPrefix(all[0].Fault, f.begins) || len(all[0].Still) != times {
		return experiment.Result{}, &TestError{f.row, fmt.Sprintf("%d faults were asked for, the test tells of %+v", times, all), end(said)}
	}
	still, back := slices.Sorted(slices.Values(all[0].Still)), slices.Sorted(slices.Values(all[0].Back))
	if still[0] <= 0 {
		return experiment.Result{}, &TestError{f.row, "a campaign was at its end before the node's work went on: there is no time to tell", end(said)}
	}
	r := experiment.Result{Sent: all[0].Recipients, Figures: map[string]float64{
		runsFigure:  float64(times),
		stillFigure: percentile.Of(still, 50), stillP90Figure: percentile.Of(still, 90), stillMaxFigure: percentile.Of(still, 100),
	}}
	for _, ms := range still {
		r.Seconds += ms / 1e3
	}
	back = slices.DeleteFunc(back, func(ms float64) bool { return ms <= 0 }) // a campaign was at its end by then
	if len(back) > 0 {
		r.Figures[backFigure], r.Figures[backMaxFigure] = percentile.Of(back, 50), percentile.Of(back, 100)
	}
	return r, nil
}

// end keeps a failure's text readable.
func end(said []byte) string {
	const most = 4000
	return string(bytes.TrimSpace(said[max(0, len(said)-most):]))
}
