package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/suite"
)

// The test's binary is the cell's process and the children's too: it is what bench starts anew.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && slices.Contains([]string{"-cell", "-child"}, os.Args[1]) {
		if err := run(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// anyProgram stands for the daemon's program where no cell starts it.
func anyProgram(context.Context) (string, error) { return os.Executable() }

// bench runs the command and returns what it printed.
func bench(t *testing.T, args ...string) (out, progress string, err error) {
	var o, p bytes.Buffer
	err = command{parts: parts(), daemon: anyProgram, out: &o, progress: &p}.run(t.Context(), args)
	return o.String(), p.String(), err
}

func must(t *testing.T, args ...string) (out, progress string) {
	t.Helper()
	out, progress, err := bench(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out, progress
}

func TestCellsRunInProcessesOfTheirOwnAndOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "raw.jsonl")
	args := []string{"-run", "micro", "-scale", "short", "-only", "floor", "-rows", "mutex,channel-8", "-out", file}
	first, progress := must(t, args...)
	if got := strings.Count(progress, "lost 0\n"); got != 2 {
		t.Fatalf("2 cells should lose nothing:\n%s", progress)
	}
	if !strings.Contains(first, "| channel-8 | ") || strings.Contains(first, "| channel | ") {
		t.Fatalf("not the table of two rows:\n%s", first)
	}
	again, progress := must(t, args...)
	if progress != "" || again != first {
		t.Fatalf("finished cells were measured again:\n%s", progress)
	}
	if printed, _ := must(t, "-report", "-out", file); printed != first {
		t.Fatalf("the report differs:\n%s", printed)
	}
}

func TestRewritingAndBoundsTakeWhatWasMeasured(t *testing.T) {
	dir := t.TempDir()
	file, bounds, page := filepath.Join(dir, "raw.jsonl"), filepath.Join(dir, "bounds.txt"), filepath.Join(dir, "README.md")
	if err := os.WriteFile(page, []byte("<!-- bench:begin floor -->\n<!-- bench:end floor -->\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "-run", "micro", "-only", "floor", "-rows", "mutex", "-out", file, "-rewrite", page)
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "| mutex |") {
		t.Fatalf("%v: %s", err, text)
	}
	must(t, "-out", file, "-bounds", bounds, "-rewrite-bounds")
	if err := os.WriteFile(bounds, []byte("short ask hayauma rate max 0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := bench(t, "-out", file, "-bounds", bounds)
	if _, ok := errors.AsType[*suite.BrokenError](err); !ok {
		t.Fatalf("got %v", err)
	}
}

func TestACellSaysWhatIsWrong(t *testing.T) {
	for cell, want := range map[string]string{
		`{"part":"micro","scale":"short","experiment":"sing"}`:             `there is no experiment "sing"`,
		`{"part":"micro","scale":"short","experiment":"ask","row":"akka"}`: `there is no row "akka"`,
		`{"part":"macro","scale":"short","experiment":"ask"}`:              `there is no part "macro"`,
		`{"part":"micro","scale":"huge","experiment":"ask"}`:               `there is no scale "huge"`,
	} {
		out, _ := must(t, "-cell", cell)
		var got suite.Outcome
		if err := json.Unmarshal([]byte(out), &got); err != nil || !strings.Contains(got.Error, want) {
			t.Errorf("%s: got %q, %v; want %s", cell, got.Error, err, want)
		}
	}
}

func TestWrongArguments(t *testing.T) {
	for line, want := range map[string]string{
		"":                              "nothing to do",
		"-run macro":                    `no part "macro"`,
		"-run micro -scale huge":        `no scale "huge"`,
		"-run micro -only sing":         `no experiment "sing"`,
		"-run micro -rows sing":         `no row "sing"`,
		"full":                          `unknown argument "full"`,
		"-cell ask":                     "-cell: ",
		"-sing":                         "not defined",
		"-run micro -out a,b":           "a run appends to one file",
		"-report -out ,":                "-out names no file",
		"-rewrite-bounds -report":       "-rewrite-bounds needs -bounds",
		"-plots p -report":              "-plots needs -rewrite",
		"-report -out none.jsonl":       "no such file",
		"-bounds b -out none.jsonl":     "no such file",
		"-rewrite r.md -out none.jsonl": "no such file",
	} {
		if _, _, err := bench(t, strings.Fields(line)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", line, err, want)
		}
	}
	if _, _, err := bench(t, "-help"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
}

func TestThePartsCanBeRun(t *testing.T) {
	if err := suite.Check(parts()); err != nil {
		t.Fatal(err)
	}
	for _, scale := range []string{"short", "full"} {
		out, _ := must(t, "-list", "-scale", scale)
		for _, p := range parts() {
			if !strings.Contains(out, "\n"+p.Name+": ") {
				t.Errorf("%s is not listed", p.Name)
			}
		}
	}
}

// A target that names what is not there would be "not measured" for ever.
func TestTargetsNameWhatIsThere(t *testing.T) {
	for _, target := range suite.Targets() {
		for _, c := range target.Claims {
			for _, o := range []suite.Operand{c.Of, c.Over} {
				if o.Experiment == "" {
					continue
				}
				for _, row := range o.Rows {
					for _, figure := range []string{o.Figure, cmp.Or(o.Times, o.Figure)} {
						if why := lacks(o.Experiment, row, figure); why != "" {
							t.Errorf("%s: %s", target.Name, why)
						}
					}
				}
			}
		}
	}
}

// A bound that names what is not there fails every run that holds it.
func TestBoundsNameWhatIsThere(t *testing.T) {
	const file = "../../bounds.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bounds, err := suite.ParseBounds(text)
	if err != nil || len(bounds) == 0 {
		t.Fatalf("%d bounds, %v", len(bounds), err)
	}
	// Of a selection that holds none of them, only those that are not there are complained of.
	if err := suite.HoldBounds(file, parts(), suite.Selection{Scale: experiment.Full, Parts: []string{"latency"}}); err != nil {
		t.Fatal(err)
	}
	for _, b := range bounds {
		if b.Value < 0 && !b.Least {
			t.Errorf("%s: nothing is less than nothing", b)
		}
	}
}

func lacks(name, row, figure string) string {
	for _, p := range parts() {
		for _, e := range p.Experiments {
			switch {
			case e.Name != name:
			case e.Rounds[experiment.Full] == 0:
				return name + " is not measured at full scale"
			case !slices.ContainsFunc(e.Rows, func(r experiment.Row) bool { return r.Name == row }):
				return name + " has no row " + row
			case !slices.ContainsFunc(e.Figures, func(f experiment.Figure) bool { return f.Name == figure }):
				return name + " has no figure " + figure
			default:
				return ""
			}
		}
	}
	return "there is no experiment " + name
}

func TestThePageHasAMarkForEveryExperiment(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(page, text, 0o644); err != nil {
		t.Fatal(err)
	}
	var lines []suite.Line
	for _, p := range parts() {
		for _, e := range p.Experiments {
			lines = append(lines, suite.Line{Cell: suite.Cell{Part: p.Name, Scale: experiment.Full, Experiment: e.Name, Row: e.Rows[0].Name, Round: 1}})
		}
	}
	if err := suite.RewriteReadme(page, "", parts(), lines); err != nil {
		t.Fatal(err)
	}
}

func TestChildrenThatAreNotThere(t *testing.T) {
	if named, err := children().Serve(t.Context(), []string{"-child", "none"}); !named || err == nil {
		t.Fatalf("got %v, %v", named, err)
	}
}
