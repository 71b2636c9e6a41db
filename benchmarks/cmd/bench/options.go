package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/suite"
)

// options are the command line.
type options struct {
	selection suite.Selection
	files     []string
	cell      string

	list, report  bool
	rewrite       string // a Markdown file with marks
	plots         string // a folder; "": no plots
	bounds        string
	rewriteBounds bool
}

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	var scale, out string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(progress)
	list(f, &o.selection.Parts, "run", "parts to measure, or all; see -list")
	f.StringVar(&scale, "scale", string(experiment.Short), "how much: short or full")
	list(f, &o.selection.Experiments, "only", "experiments to measure; default all of the parts")
	list(f, &o.selection.Rows, "rows", "rows to measure; default all of the experiments")
	f.StringVar(&out, "out", "raw.jsonl", "the file of finished cells, which are skipped; new ones are appended. -report and the rewriting flags take several")
	f.StringVar(&o.cell, "cell", "", "a cell as JSON: measure it in this process and print the outcome")
	f.BoolVar(&o.list, "list", false, "measure nothing: print what there is at this scale")
	f.BoolVar(&o.report, "report", false, "measure nothing: print the tables of the files, wherever they were measured")
	f.StringVar(&o.rewrite, "rewrite", "", "put the tables between the marks of this Markdown file; without -run nothing is measured")
	f.StringVar(&o.plots, "plots", "", "the folder for the plots, which the Markdown file shows")
	f.StringVar(&o.bounds, "bounds", "", "the file of bounds: fail when a figure that was measured is beyond its bound; without -run nothing is measured")
	f.BoolVar(&o.rewriteBounds, "rewrite-bounds", false, "write the file of bounds from the figures instead")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q: all arguments are flags, see -help", f.Arg(0))
	}
	o.selection.Scale, o.files = experiment.Scale(scale), split(out)
	return o, o.check()
}

// measures reports whether cells are measured.
func (o options) measures() bool { return len(o.selection.Parts) > 0 && !o.report && !o.list }

func (o options) check() error {
	switch {
	case len(o.files) == 0:
		return errors.New("-out names no file")
	case o.measures() && len(o.files) > 1:
		return errors.New("-out: a run appends to one file; several are for -report, -rewrite and -bounds without -run")
	case o.rewriteBounds && o.bounds == "":
		return errors.New("-rewrite-bounds needs -bounds with the file to write")
	case o.plots != "" && o.rewrite == "":
		return errors.New("-plots needs -rewrite with the Markdown file that shows them")
	case o.cell == "" && !o.measures() && !o.list && !o.report && o.rewrite == "" && o.bounds == "":
		return errors.New("nothing to do: use -run with parts (-list shows them) or all, -report, -rewrite or -bounds")
	}
	return nil
}

func list(f *flag.FlagSet, into *[]string, name, usage string) {
	f.Func(name, usage+" (separated by commas)", func(text string) error {
		*into = split(text)
		return nil
	})
}

func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}
