// Command bench measures this program's engine beside other actor systems; see the README of the benchmarks.
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
	"strings"

	"hayauma.example/benchmarks/micro"
	"hayauma.example/benchmarks/suite"
)

type options struct {
	run, scale, out, only, cell string
	report                      bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(progress)
	f.StringVar(&o.run, "run", suite.Micro, "what to measure: micro")
	f.StringVar(&o.scale, "scale", string(micro.Short), "how much: short or full")
	f.StringVar(&o.out, "out", "raw.jsonl", "the file of finished cells, which are skipped; new ones are appended")
	f.StringVar(&o.only, "only", "", "workloads, separated by commas; default all")
	f.BoolVar(&o.report, "report", false, "measure nothing: print the tables of the file, wherever it was measured")
	f.StringVar(&o.cell, "cell", "", "a cell as JSON: measure it in this process and print the outcome")
	err := f.Parse(args)
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("unknown argument %q: all arguments are flags, see -help", f.Arg(0))
	}
	return o, err
}

func bench(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	switch {
	case o.cell != "":
		return measure(ctx, o.cell, out)
	case o.report:
		return report(o.out, out)
	}
	return runAll(ctx, o, out, progress)
}

// measure is the process of one cell.
func measure(ctx context.Context, cell string, out io.Writer) error {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // Hollywood logs there
	var c suite.Cell
	if err := json.Unmarshal([]byte(cell), &c); err != nil {
		return fmt.Errorf("-cell: %w", err)
	}
	return json.NewEncoder(out).Encode(c.Outcome(ctx))
}

func report(file string, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	lines, err := suite.Parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return suite.Report(out, lines)
}

func runAll(ctx context.Context, o options, out, progress io.Writer) (err error) {
	var only []string
	if o.only != "" {
		only = strings.Split(o.only, ",")
	}
	cells, err := suite.Plan(o.run, micro.Scale(o.scale), only)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	here, err := suite.ThisHost(program)
	if err != nil {
		return err
	}
	raw, err := suite.OpenRaw(o.out, here)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	if err := suite.Run(ctx, cells, here, raw, suite.Executable(program), func(l suite.Line) { tell(progress, l) }); err != nil {
		return err
	}
	return suite.Report(out, raw.Lines)
}

func tell(w io.Writer, l suite.Line) {
	state := fmt.Sprintf("%.2f s, lost %d", l.Result.Seconds, l.Result.Lost)
	switch {
	case l.Skipped != "":
		state = "not measured: " + l.Skipped
	case l.Error != "":
		state = "failed: " + l.Error
	}
	fmt.Fprintf(w, "%s %d %s: %s\n", l.Workload, l.Round, l.System, state)
}
