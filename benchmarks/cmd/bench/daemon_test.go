package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/suite"
)

// daemonParts are one experiment whose cells start the daemon's program.
func daemonParts() []experiment.Part {
	e := experiment.Experiment{
		Name: "serve", Title: "A daemon", Rounds: map[experiment.Scale]int{experiment.Short: 1},
		Rows: []experiment.Row{{Name: "a"}, {Name: "b"}}, Figures: []experiment.Figure{{Name: "rate", Title: "rate"}},
		Run: func(context.Context, string, experiment.Scale) (experiment.Result, error) {
			return experiment.Result{}, nil
		},
	}
	return []experiment.Part{{Name: "serve", Title: "Serve", Experiments: []experiment.Experiment{e}}}
}

// built is a daemon's program with a text; the path is always the same, as the build's is.
func built(t *testing.T, path, text string) func(context.Context) (string, error) {
	t.Helper()
	return func(context.Context) (string, error) { return path, os.WriteFile(path, []byte(text), 0o755) }
}

func TestTheDaemonIsPartOfTheHost(t *testing.T) {
	dir := t.TempDir()
	file, program := filepath.Join(dir, "raw.jsonl"), filepath.Join(dir, "hayauma")
	measure := func(text string) error {
		c := command{parts: parts(), daemon: built(t, program, text), out: &bytes.Buffer{}, progress: &bytes.Buffer{}}
		return c.run(t.Context(), []string{"-run", "micro", "-only", "floor", "-rows", "mutex", "-out", file})
	}
	if err := measure("#!/bin/sh\n# one"); err != nil {
		t.Fatal(err)
	}
	if err := measure("#!/bin/sh\n# one"); err != nil {
		t.Fatalf("the same daemon is refused: %v", err)
	}
	if _, ok := errors.AsType[*suite.HostError](measure("#!/bin/sh\n# two")); !ok {
		t.Fatal("lines of two daemons are in one file")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var l suite.Line
	if err := json.Unmarshal(text, &l); err != nil || len(l.Host.Daemon) != 12 {
		t.Fatalf("%v: %s", err, text)
	}
}

func TestADaemonThatCantBeBuiltStopsTheRun(t *testing.T) {
	broken := errors.New("does not compile")
	c := command{parts: daemonParts(), daemon: func(context.Context) (string, error) { return "", broken }, out: &bytes.Buffer{}, progress: &bytes.Buffer{}}
	file := filepath.Join(t.TempDir(), "raw.jsonl")
	if err := c.run(t.Context(), []string{"-run", "serve", "-out", file}); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

func TestAFrozenDaemonStaysAsItWas(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hayauma")
	path, remove, err := command{daemon: built(t, program, "one")}.freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, []byte("two"), 0o755); err != nil { // built anew meanwhile
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	info, errStat := os.Stat(path)
	if err := errors.Join(err, errStat); err != nil || string(text) != "one" || info.Mode().Perm()&0o100 == 0 {
		t.Fatalf("got %q, %v", text, err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// Cells take the program that the variable names: what they call to build it returns that path.
func TestCellsStartTheFrozenDaemon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "frozen")
	shell := filepath.Join(t.TempDir(), "bench")
	text := "#!/bin/sh\n" + `echo "{\"error\":\"$` + pipeline.ProgramVariable + `\"}"` + "\n"
	if err := os.WriteFile(shell, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	o, err := startWith(shell, path)(t.Context(), suite.Cell{}, 0)
	if err != nil || o.Error != path {
		t.Fatalf("got %+v, %v", o, err)
	}
	t.Setenv(pipeline.ProgramVariable, path)
	if got, err := pipeline.Program(t.Context()); err != nil || got != path || !strings.HasSuffix(got, "frozen") {
		t.Fatalf("got %s, %v", got, err)
	}
}
