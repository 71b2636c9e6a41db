package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/benchmarks/suite"
)

// The test's binary is the cell's process too: it is what bench starts anew.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-cell" {
		if err := bench(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestCellsRunInProcessesOfTheirOwnAndOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "raw.jsonl")
	args := []string{"-run", "micro", "-scale", "short", "-only", "floor", "-out", file}
	var first, again, printed, progress bytes.Buffer
	if err := bench(t.Context(), args, &first, &progress); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(progress.String(), "lost 0\n"); got != 10 {
		t.Fatalf("10 cells should lose nothing:\n%s", progress.String())
	}
	if !strings.Contains(first.String(), "| channel-8 | ") {
		t.Fatalf("no table:\n%s", first.String())
	}
	progress.Reset()
	if err := bench(t.Context(), args, &again, &progress); err != nil {
		t.Fatal(err)
	}
	if progress.Len() > 0 || again.String() != first.String() {
		t.Fatalf("finished cells were measured again:\n%s", progress.String())
	}
	if err := bench(t.Context(), []string{"-report", "-out", file}, &printed, io.Discard); err != nil || printed.String() != first.String() {
		t.Fatalf("the report differs: %v\n%s", err, printed.String())
	}
}

func TestACellSaysWhatIsWrong(t *testing.T) {
	for cell, want := range map[string]string{
		`{"scale":"short","workload":"sing"}`:                  `there is no workload "sing"`,
		`{"scale":"short","workload":"ask","system":"akka"}`:   `there is no system "akka"`,
		`{"scale":"short","workload":"floor","system":"sand"}`: `there is no floor "sand"`,
		`{"scale":"huge","workload":"ask"}`:                    `there is no scale "huge"`,
	} {
		var out bytes.Buffer
		if err := bench(t.Context(), []string{"-cell", cell}, &out, io.Discard); err != nil {
			t.Fatal(err)
		}
		var got suite.Outcome
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || !strings.Contains(got.Error, want) {
			t.Errorf("%s: got %q, %v; want %s", cell, got.Error, err, want)
		}
	}
}

func TestWrongArguments(t *testing.T) {
	for _, args := range [][]string{{"-run", "macro"}, {"-scale", "huge"}, {"-only", "sing"}, {"full"}, {"-cell", "ask"}, {"-report", "-out", "none.jsonl"}, {"-sing"}} {
		if err := bench(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
	if err := bench(t.Context(), []string{"-report", "-out", "none.jsonl"}, io.Discard, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
