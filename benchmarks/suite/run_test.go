package suite

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// script makes a program that stands for the cell's process.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bench")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

var anyCell = Cell{"talk", experiment.Short, "ask", "old", 2}

func TestACellsProcessIsGivenTheCell(t *testing.T) {
	program := script(t, `echo "$1 $2" >&2; [ "$2" = '{"part":"talk","scale":"short","experiment":"ask","row":"old","round":2}' ] && echo '{"result":{"sent":5,"lost":1,"seconds":2,"figures":{"rate":3}}}'`)
	got, err := Executable(program)(t.Context(), anyCell, time.Second)
	if err != nil || got.Result.Sent != 5 || got.Result.Lost != 1 || got.Result.Figures["rate"] != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestACellsProcessThatFails(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"with a reason": {"echo panic: no luck >&2; exit 2", "exit status 2: panic: no luck"},
		"with a novel":  {"echo begin >&2; seq 10000 >&2; exit 2", "exit status 2: begin"},
		"silently":      {"exit 0", "printed no outcome"},
		"with chatter":  {"echo hello", "printed no outcome"},
		"killed":        {"kill -9 $$", "signal: killed"},
	} {
		_, err := Executable(script(t, c.text))(t.Context(), anyCell, time.Second)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 600 {
			t.Errorf("%s: got %.700v, want %s", name, err, c.want)
		}
	}
	if _, err := Executable("/no/such/program")(t.Context(), anyCell, time.Second); err == nil {
		t.Error("a program that is not there was started")
	}
}

func TestACellsProcessMayEndWhatItStarted(t *testing.T) {
	dir := t.TempDir()
	program := script(t, `trap 'touch '`+dir+`'/cleaned; exit 1' INT; touch `+dir+`/started; while :; do sleep 0.01; done`)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := Executable(program)(ctx, anyCell, time.Minute); err == nil {
		t.Fatal("an interrupted cell succeeded")
	}
	if _, err := os.Stat(filepath.Join(dir, "cleaned")); err != nil {
		t.Fatal(err)
	}
}

func TestThisHost(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	daemon := script(t, "exit 1")
	a, err := ThisHost(t.Context(), program, daemon)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ThisHost(t.Context(), program, daemon)
	if err != nil || a != b {
		t.Fatalf("asked twice it differs: %+v and %+v, %v", a, b, err)
	}
	if a.CPU == "" || a.Cores < 1 || a.MemoryMiB == 0 || a.Kernel == "" || a.GOMAXPROCS < 1 || len(a.Binary) != 12 || len(a.Daemon) != 12 || a.Daemon == a.Binary {
		t.Errorf("got %+v", a)
	}
	other := script(t, "exit 0")
	if c, err := ThisHost(t.Context(), other, daemon); err != nil || c.Binary == a.Binary || c.Daemon != a.Daemon {
		t.Errorf("another program has the same hash: %+v, %v", c, err)
	}
	if c, err := ThisHost(t.Context(), program, other); err != nil || c.Binary != a.Binary || c.Daemon == a.Daemon {
		t.Errorf("another daemon has the same hash: %+v, %v", c, err)
	}
	none := filepath.Join(t.TempDir(), "none")
	for _, programs := range [][2]string{{none, daemon}, {program, none}} {
		if _, err := ThisHost(t.Context(), programs[0], programs[1]); err == nil {
			t.Error("a program that is not there has a hash")
		}
	}
	t.Setenv("GOGC", "50")
	t.Setenv("BENCH_IN_FLIGHT", "8")
	if c, err := ThisHost(t.Context(), program, daemon); err != nil || c == a || !strings.Contains(c.Settings, "GOGC=50") || !strings.Contains(c.Settings,
		"BENCH_IN_FLIGHT=8") {
		t.Errorf("other settings: %+v, %v", c, err)
	}
}

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"none":   {nil, ""},
		"others": {map[string]string{"HOME": "/", "GOFLAGS": "-v"}, ""},
		"all": {
			map[string]string{"BENCH_LONG": "1", "GOGC": "off", "GOMEMLIMIT": "1GiB", "GODEBUG": "madvdontneed=1", "BENCH_IN_FLIGHT": "64"},
			"GOGC=off GOMEMLIMIT=1GiB GODEBUG=madvdontneed=1 BENCH_IN_FLIGHT=64 BENCH_LONG=1",
		},
	} {
		if got := set(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestACellsProcessHasTheVariables(t *testing.T) {
	t.Setenv("KEPT", "a")
	program := script(t, `[ "$KEPT$GIVEN" = ab ] && echo '{}'`)
	if _, err := Executable(program, "GIVEN=b")(t.Context(), anyCell, time.Second); err != nil {
		t.Fatal(err)
	}
}
