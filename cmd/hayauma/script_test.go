package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the program too: scripts start it as a process.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hayauma": func() { os.Exit(run()) }})
}

// startFor is how long a daemon may take until it listens, on a busy machine.
const startFor = 20 * time.Second

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:      filepath.Join("testdata", "script"),
		Deadline: time.Now().Add(3 * time.Minute),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"listening": listening,
			"audience":  audience,
			"getid":     getID,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("TMPDIR", e.Getenv("WORK"))
			examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
			e.Setenv("EXAMPLES", examples)
			return err
		},
	})
}

// listening FILE VAR waits until FILE's first line says where a process listens, and sets VAR to the URL.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: listening FILE VAR")
	}
	for deadline := time.Now().Add(startFor); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		raw, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil {
			continue
		}
		if line, _, ok := strings.Cut(string(raw), "\n"); ok {
			url, ok := strings.CutPrefix(line, "listening on ")
			if !ok {
				ts.Fatalf("the first line of %s is %q", args[0], line)
			}
			ts.Setenv(args[1], url)
			return
		}
	}
	ts.Fatalf("nothing listens within %s: see %s", startFor, args[0])
}

// audience FILE N writes a CSV with N recipients and a column name.
func audience(ts *testscript.TestScript, neg bool, args []string) {
	var n int
	if len(args) != 2 {
		ts.Fatalf("usage: audience FILE N")
	}
	if _, err := fmt.Sscan(args[1], &n); neg || err != nil {
		ts.Fatalf("audience: %q is no number", args[1])
	}
	var b strings.Builder
	b.WriteString("user_id,name\n")
	for i := range n {
		fmt.Fprintf(&b, "U%032x,friend %d\n", i, i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

// getID VAR sets VAR to the id in the last command's output.
func getID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: getid VAR")
	}
	_, rest, ok := strings.Cut(ts.ReadFile("stdout"), `{"id":"`)
	id, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		ts.Fatalf("no id in the last output")
	}
	ts.Setenv(args[0], id)
}
