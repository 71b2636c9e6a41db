// Command bench measures this program beside other systems; see the README of the benchmarks.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/suite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

// run is the command, or the process of a child when the arguments name one.
func run(ctx context.Context, args []string) error {
	if named, err := children().Serve(ctx, args); named {
		return err
	}
	out := os.Stdout
	os.Stdout = os.Stderr // what a system prints by itself is no outcome of a cell
	return command{parts: parts(), daemon: pipeline.Program, out: out, progress: os.Stderr}.run(ctx, args)
}

// command is bench with its surroundings.
type command struct {
	parts         []experiment.Part
	daemon        func(ctx context.Context) (path string, err error) // builds it
	out, progress io.Writer
}

func (c command) run(ctx context.Context, args []string) error {
	o, err := parse(args, c.progress)
	if err != nil {
		return err
	}
	if err := suite.Check(c.parts); err != nil {
		return err
	}
	switch {
	case o.cell != "":
		return c.cell(ctx, o.cell)
	case o.list:
		return suite.List(c.out, c.parts, o.selection)
	}
	if o.measures() {
		if err := c.measure(ctx, o); err != nil {
			return err
		}
	}
	return c.show(o)
}

// cell is the process of one cell.
func (c command) cell(ctx context.Context, text string) error {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // Hollywood logs there
	var cell suite.Cell
	if err := json.Unmarshal([]byte(text), &cell); err != nil {
		return fmt.Errorf("-cell: %w", err)
	}
	return json.NewEncoder(c.out).Encode(cell.Outcome(ctx, c.parts))
}

// measure appends the cells that the file does not have yet.
func (c command) measure(ctx context.Context, o options) (err error) {
	cells, err := suite.Plan(c.parts, o.selection)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	daemon, remove, err := c.freeze(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	here, err := suite.ThisHost(ctx, program, daemon)
	if err != nil {
		return err
	}
	raw, err := suite.OpenRaw(o.files[0], here)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	r := suite.Runner{Parts: c.parts, Host: here, Raw: raw, Start: startWith(program, daemon), Tell: func(l suite.Line) { tell(c.progress, l) }}
	return r.Run(ctx, cells)
}

// show prints or writes what the options ask for of the files' lines.
func (c command) show(o options) error {
	files, err := read(o.files)
	if err != nil {
		return err
	}
	if o.measures() || o.report {
		if err := suite.Report(c.out, c.parts, files...); err != nil {
			return err
		}
	}
	if o.rewrite != "" {
		if err := suite.RewriteReadme(o.rewrite, o.plots, c.parts, files...); err != nil {
			return err
		}
	}
	return c.bounds(o, files)
}

func (c command) bounds(o options, files [][]suite.Line) error {
	switch {
	case o.bounds == "":
		return nil
	case o.rewriteBounds:
		return suite.RewriteBounds(o.bounds, c.parts, files...)
	}
	return suite.HoldBounds(o.bounds, c.parts, o.selection, files...)
}

func read(names []string) ([][]suite.Line, error) {
	var files [][]suite.Line
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		lines, err := suite.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, lines)
	}
	return files, nil
}

func tell(w io.Writer, l suite.Line) {
	state := fmt.Sprintf("%.2f s, lost %d", l.Result.Seconds, l.Result.Lost)
	switch {
	case l.Skipped != "":
		state = "not measured: " + l.Skipped
	case l.Error != "":
		state = "failed: " + l.Error
	}
	fmt.Fprintf(w, "%s %d %s: %s\n", l.Experiment, l.Round, l.Row, state)
}
