package suite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/benchmarks/micro"
)

func TestSummarise(t *testing.T) {
	for name, c := range map[string]struct {
		rounds []float64
		want   Summary
	}{
		"none":     {nil, Summary{}},
		"one":      {[]float64{7}, Summary{1, 7, 7, 7}},
		"two":      {[]float64{4, 1}, Summary{2, 2.5, 1, 4}},
		"odd":      {[]float64{9, 1, 5}, Summary{3, 5, 1, 9}},
		"even":     {[]float64{8, 2, 4, 100}, Summary{4, 6, 2, 100}},
		"equal":    {[]float64{3, 3, 3}, Summary{3, 3, 3, 3}},
		"negative": {[]float64{-1, 1, 0}, Summary{3, 0, -1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Summarise(c.rounds); got != c.want {
				t.Fatalf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSummariseLeavesTheRoundsAlone(t *testing.T) {
	rounds := []float64{3, 1, 2}
	Summarise(rounds)
	if rounds[0] != 3 || rounds[1] != 1 || rounds[2] != 2 {
		t.Fatalf("got %v", rounds)
	}
}

func plan(t *testing.T, only ...string) []Cell {
	cells, err := Plan(Micro, micro.Short, only)
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

func TestPlanInterleavesTheRounds(t *testing.T) {
	var order []string
	for _, c := range plan(t, micro.FloorWorkload) {
		order = append(order, c.System)
	}
	const want = "function mutex mutex-8 channel channel-8 function mutex mutex-8 channel channel-8"
	if got := strings.Join(order, " "); got != want {
		t.Fatalf("got %s", got)
	}
}

func TestPlanRefusesUnknownNames(t *testing.T) {
	for _, c := range []struct {
		run   string
		scale micro.Scale
		only  []string
		want  string
	}{
		{"macro", micro.Short, nil, `suite: there is no run "macro": use one of micro`},
		{Micro, "huge", nil, `suite: there is no scale "huge": use one of short, full`},
		{Micro, micro.Short, []string{"sing"}, `suite: there is no workload "sing": use one of idle,`},
	} {
		if _, err := Plan(c.run, c.scale, c.only); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// fake answers cells without any process.
type fake struct {
	started []Cell
	fail    string // the system whose cells fail
}

func (f *fake) start(_ context.Context, c Cell) (Outcome, error) {
	f.started = append(f.started, c)
	if c.System == f.fail {
		return Outcome{Result: micro.Result{Sent: 10, Lost: 4}}, errors.New("it broke\nand here is why")
	}
	return Outcome{Result: micro.Result{Sent: 10, Rate: float64(100 * c.Round), Seconds: 1}}, nil
}

var here = Host{CPU: "test", GOMAXPROCS: 2, Peers: "peer v1"}

func runWith(t *testing.T, path string, f *fake) []Line {
	raw, err := OpenRaw(path, here)
	if err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), plan(t, micro.FloorWorkload), here, raw, f.start, func(Line) {}); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	return raw.Lines
}

func TestFinishedCellsAreSkippedAndFailedOnesAreNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.jsonl")
	first := &fake{fail: "mutex"}
	runWith(t, path, first)
	if len(first.started) != 10 {
		t.Fatalf("%d cells were measured", len(first.started))
	}
	second := &fake{}
	lines := runWith(t, path, second)
	if len(second.started) != 2 || second.started[0].System != "mutex" || second.started[1].Round != 2 {
		t.Fatalf("measured again: %+v", second.started)
	}
	if len(lines) != 12 {
		t.Fatalf("the file has %d lines", len(lines))
	}
	third := &fake{}
	if runWith(t, path, third); len(third.started) != 0 {
		t.Fatalf("measured a third time: %+v", third.started)
	}
}

func TestACutOffLineIsMeasuredAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.jsonl")
	runWith(t, path, &fake{})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	again := &fake{}
	lines := runWith(t, path, again)
	if len(again.started) != 1 || again.started[0] != (Cell{Micro, micro.Short, micro.FloorWorkload, "channel-8", 2}) {
		t.Fatalf("measured again: %+v", again.started)
	}
	if len(lines) != 10 {
		t.Fatalf("the file has %d lines", len(lines))
	}
}

func TestAnotherHostIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.jsonl")
	runWith(t, path, &fake{})
	there := here
	there.GOMAXPROCS = 3
	_, err := OpenRaw(path, there)
	if got, ok := errors.AsType[*HostError](err); !ok || got.There != here || got.Here != there {
		t.Fatalf("got %v", err)
	}
}

func TestAnInterruptedCellHasNotFailed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.jsonl")
	raw, err := OpenRaw(path, here)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := func(context.Context, Cell) (Outcome, error) {
		cancel()
		return Outcome{}, errors.New("killed")
	}
	if err := Run(ctx, plan(t), here, raw, stopped, func(Line) {}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := raw.Close(); err != nil || len(raw.Lines) != 0 {
		t.Fatalf("%d lines, %v", len(raw.Lines), err)
	}
}

func TestTooBigIsSkippedWithItsReason(t *testing.T) {
	c := Cell{Micro, micro.Full, "idle-10x", "hollywood", 1}
	const gib = 1 << 30
	if got := c.tooBig(24 * gib); got != "about 29296 MiB needed, 24576 MiB of memory available" {
		t.Errorf("got %q", got)
	}
	if got := c.tooBig(64 * gib); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestReport(t *testing.T) {
	cell := func(workload, system string, round int) Cell {
		return Cell{Micro, micro.Short, workload, system, round}
	}
	rate := func(c Cell, rate float64, lost int64) Line {
		return Line{Cell: c, Host: here, Result: micro.Result{Actors: 1, Sent: 10, Lost: lost, Rate: rate, CPU: 50, Allocs: 1}}
	}
	failed := cell("ask", "protoactor", 1)
	lines := []Line{
		rate(cell("ask", "hayauma", 1), 3e6, 0),
		rate(cell("ask", "hollywood", 1), 1e6, 2),
		{Cell: failed, Host: here, Result: micro.Result{Lost: 7}, Error: "first try"},
		{Cell: failed, Host: here, Result: micro.Result{Lost: 4}, Error: "it broke\nand here is why"},
		rate(cell("ask", "hayauma", 2), 1e6, 0),
		rate(cell("ask", "hollywood", 2), 600e3, 1),
		{Cell: cell("idle", "hayauma", 1), Host: here, Result: micro.Result{Actors: 5, InUse: 200, RSS: 250}},
		{Cell: cell("idle", "protoactor", 1), Host: here, Result: micro.Result{Actors: 5, InUse: 1000, RSS: 1100}},
		{Cell: cell("idle", "goakt", 1), Host: here, Skipped: "no room"},
	}
	var b strings.Builder
	if err := Report(&b, lines); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"test, 0 cores", "GOMAXPROCS=2", "peer v1",
		"- hollywood: Hollywood as it comes: inbox of 1024\n",
		"| hayauma | 2.00M | 1.00M – 3.00M | 2.50 | 50.0 | 1.00 | 1 | 10 | 0 | 2 |\n",
		"| hollywood | 800k | 600k – 1.00M | 1.00 | 50.0 | 1.00 | 1 | 10 | 3 | 2 |\n",
		"| protoactor | – | – – – | – | – | – | 0 | 0 | 4 | 0 |\n",
		"\n- protoactor failed: it broke\n",
		"| hayauma | 200 | 200 – 200 | 0.20 | 250 | 250 – 250 | 5 | 0 | 1 |\n",
		"\n- goakt was not measured: no room\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "first try") {
		t.Error("a cell that was measured again is shown twice")
	}
}
