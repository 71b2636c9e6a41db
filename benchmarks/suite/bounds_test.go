package suite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/benchmarks/experiment"
)

func TestParseBounds(t *testing.T) {
	got, err := ParseBounds([]byte("# why\n\nshort ask hayauma allocs max 1.2\n full ask hayauma hits   min 3\n"))
	want := []Bound{{experiment.Short, "ask", "hayauma", "allocs", false, 1.2}, {experiment.Full, "ask", "hayauma", "hits", true, 3}}
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, text := range []string{"short ask hayauma allocs 1", "short ask hayauma allocs max much", "short ask hayauma allocs most 1",
		"short ask hayauma allocs max NaN", "short ask a b allocs max 1"} {
		_, err := ParseBounds([]byte("# head\n" + text))
		if e, ok := errors.AsType[*FormError](err); !ok || e.Line != 2 || e.Text != text {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestHoldBounds(t *testing.T) {
	lines := append(talkLines(), line(experiment.Short, "ask", "hayauma", 1, 0, map[string]float64{"rate": 3e6, "allocs": 1, "hits": 9}))
	all := Selection{Scale: experiment.Short}
	for name, c := range map[string]struct {
		bounds string
		s      Selection
		want   []string // "": within
	}{
		"within":       {"short ask hayauma allocs max 1.25", all, nil},
		"a regression": {"short ask hayauma allocs max 1.2", all, []string{"- short ask hayauma allocs max 1.2: measured 1.25, at most 1.2 is allowed"}},
		"too few":      {"short ask hayauma hits min 10", all, []string{"- short ask hayauma hits min 10: measured 9, at least 10 is allowed"}},
		"enough":       {"short ask hayauma hits min 9", all, nil},
		"two": {"short ask hayauma allocs max 1\nshort ask hayauma hits min 10", all,
			[]string{"allocs max 1: measured 1.25", "hits min 10: measured 9"}},
		"missing here":     {"short ask chan allocs max 1", all, nil},
		"never measured":   {"short ask old hits max 1", all, []string{"- short ask old hits max 1: nothing was measured"}},
		"another scale":    {"full ask hayauma allocs max 1", all, nil},
		"not of this run":  {"short ask hayauma allocs max 1", Selection{Scale: experiment.Short, Parts: []string{"grow"}}, nil},
		"row not selected": {"short ask hayauma allocs max 1", Selection{Scale: experiment.Short, Rows: []string{"old"}}, nil},
		"a clock":          {"short ask hayauma rate max 1", all, []string{"there is no such figure"}},
		"no such row":      {"short ask akka allocs max 1", all, []string{"there is no such figure"}},
		"nothing of it":    {"full grow-idle 1k bytes max 300", Selection{Scale: experiment.Full}, []string{"nothing was measured"}},
	} {
		file := filepath.Join(t.TempDir(), "bounds.txt")
		if err := os.WriteFile(file, []byte(c.bounds), 0o644); err != nil {
			t.Fatal(err)
		}
		err := HoldBounds(file, parts(), c.s, lines)
		broken, ok := errors.AsType[*BrokenError](err)
		if ok != (c.want != nil) || (err != nil && !ok) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		for i, want := range c.want {
			if len(broken.Lines) != len(c.want) || !strings.Contains(broken.Lines[i], want) {
				t.Errorf("%s: got %q, want %q", name, broken.Lines, c.want)
			}
		}
	}
}

func TestACellThatFailedIsNotWithinItsBound(t *testing.T) {
	file := written(t, "short ask hayauma allocs max 5\n")
	err := HoldBounds(file, parts(), Selection{Scale: experiment.Short}, []Line{failed(asked("hayauma", 1, 0, 0, 0), "it broke\nthere")})
	if err == nil || !strings.HasSuffix(err.Error(), "allocs max 5: nothing was measured: it broke") {
		t.Fatalf("got %v", err)
	}
}

func TestRewriteBounds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bounds.txt")
	first := line(experiment.Short, "ask", "hayauma", 1, 0, map[string]float64{"rate": 3e6, "allocs": 1, "hits": 90})
	if err := RewriteBounds(file, parts(), []Line{first, asked("old", 1, 0, 1, 1)}); err != nil {
		t.Fatal(err)
	}
	want := boundsHead + "short ask hayauma allocs max 1.2\nshort ask hayauma hits min 80.9\n"
	if got := contents(t, file); got != want {
		t.Fatalf("got\n%s", got)
	}
	if err := HoldBounds(file, parts(), Selection{Scale: experiment.Short}, []Line{first}); err != nil {
		t.Fatalf("what was just written is broken: %v", err)
	}
	// Another run adds its own and leaves alone what it has not measured.
	if err := RewriteBounds(file, parts(), growLines()); err != nil {
		t.Fatal(err)
	}
	want += "full grow-idle 1k bytes max 286.1\nfull grow-idle 1m bytes max 221.75\n"
	if got := contents(t, file); got != want {
		t.Fatalf("got\n%s", got)
	}
}

func TestAMedianBelow0IsNoBound(t *testing.T) {
	file := written(t, "short ask hayauma allocs max -5\nshort ask old hits min 3\n")
	noise := line(experiment.Short, "ask", "hayauma", 1, 0, map[string]float64{"allocs": -54, "hits": 0})
	if err := RewriteBounds(file, parts(), []Line{noise}); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, file); got != boundsHead+"short ask hayauma hits min -0.1\n" {
		t.Fatalf("got\n%s", got)
	}
}

func TestANewBoundHasRoomOnItsSide(t *testing.T) {
	for _, c := range []struct {
		least        bool
		median, want float64
	}{{false, 0, 0.1}, {false, 200, 220.1}, {true, 200, 179.9}, {false, -10, -8.9}, {true, 0, -0.1}, {false, 0.33333, 0.467}} {
		if got := (Bound{Least: c.least}).around(c.median); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}
