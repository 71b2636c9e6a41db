package suite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
)

var here = Host{CPU: "test", Cores: 2, GOMAXPROCS: 2, Peers: "peer v1", Programs: "php 8", Binary: "b1", Daemon: "d1", Commit: "c1"}

// parts are two themes: systems that talk, and sizes that are drawn.
func parts() []experiment.Part {
	rounds := map[experiment.Scale]int{experiment.Short: 2, experiment.Full: 3}
	talk := experiment.Experiment{
		Name: "ask", Title: "Questions", Text: "A caller asks.", Rounds: rounds,
		Rows: []experiment.Row{{Name: "hayauma", About: "this engine"}, {Name: "old", About: "a peer", Peer: true}, {Name: "other", Peer: true}, {Name: "chan"}},
		Figures: []experiment.Figure{
			{Name: "rate", Title: "replies/s", Better: experiment.More}, {Name: "allocs", Title: "allocations each", Better: experiment.Less, Exact: true},
			{Name: "hits", Title: "hits", Better: experiment.More, Exact: true}, {Name: "never", Title: "never measured"},
		},
		Missing: func(row string) string {
			if row == "chan" {
				return "no channel here"
			}
			return ""
		},
		Needs: func(_ string, scale experiment.Scale) uint64 {
			if scale == experiment.Full {
				return 2 << 30
			}
			return 0
		},
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			switch row {
			case "old":
				return experiment.Result{Sent: 1, Figures: map[string]float64{"rate": math.Inf(1)}}, nil
			case "other":
				<-ctx.Done()
				return experiment.Result{Sent: 7, Lost: 7}, ctx.Err()
			}
			return experiment.Result{Sent: 1, Figures: map[string]float64{"rate": 5}}, nil
		},
		Patience: map[experiment.Scale]time.Duration{experiment.Short: time.Millisecond},
	}
	grow := experiment.Experiment{
		Name: "grow-idle", Title: "Idle grains", Rounds: map[experiment.Scale]int{experiment.Full: 1}, Run: talk.Run,
		Rows:    []experiment.Row{{Name: "1k", X: 1e3}, {Name: "1m", X: 1e6}},
		Figures: []experiment.Figure{{Name: "bytes", Title: "bytes each", Better: experiment.Less, Exact: true}, {Name: "model", Title: "by the model"}},
		Plot:    &experiment.Plot{File: "idle.svg", X: "grains", Y: "bytes", Figures: []string{"bytes"}, Model: "model"},
	}
	return []experiment.Part{
		{Name: "talk", Title: "Talk", Experiments: []experiment.Experiment{talk}},
		{Name: "grow", Title: "Growth", Experiments: []experiment.Experiment{grow}},
	}
}

func plan(t *testing.T, s Selection) []Cell {
	t.Helper()
	cells, err := Plan(parts(), s)
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

func TestPlanInterleavesTheRounds(t *testing.T) {
	var order []string
	for _, c := range plan(t, Selection{Parts: []string{All}, Scale: experiment.Short, Rows: []string{"hayauma", "old"}}) {
		order = append(order, c.Experiment+" "+c.Row)
	}
	if got := strings.Join(order, ","); got != "ask hayauma,ask old,ask old,ask hayauma" { // grow-idle has no short rounds
		t.Fatalf("got %s", got)
	}
}

func TestPlanTurnsEverySecondRoundRound(t *testing.T) {
	p := parts()
	p[0].Experiments[0].Rounds = map[experiment.Scale]int{experiment.Full: 3}
	cells, err := Plan(p[:1], Selection{Scale: experiment.Full, Rows: []string{"hayauma", "old", "other"}})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, c := range cells {
		order = append(order, fmt.Sprint(c.Row, " ", c.Round))
	}
	want := "hayauma 1,old 1,other 1,other 2,old 2,hayauma 2,hayauma 3,old 3,other 3"
	if got := strings.Join(order, ","); got != want {
		t.Fatalf("got %s", got)
	}
}

func TestPlanTakesWhatIsSelected(t *testing.T) {
	full := experiment.Full
	for name, c := range map[string]struct {
		s    Selection
		want int
	}{
		"everything":     {Selection{Scale: full}, 4*3 + 2},
		"all":            {Selection{Scale: full, Parts: []string{All}}, 4*3 + 2},
		"a part":         {Selection{Scale: full, Parts: []string{"grow"}}, 2},
		"two parts":      {Selection{Scale: full, Parts: []string{"grow", "talk"}}, 4*3 + 2},
		"an experiment":  {Selection{Scale: full, Experiments: []string{"ask"}}, 12},
		"a row":          {Selection{Scale: full, Experiments: []string{"ask"}, Rows: []string{"chan"}}, 3},
		"nothing as yet": {Selection{Scale: experiment.Short, Parts: []string{"grow"}}, 0},
	} {
		if got := plan(t, c.s); len(got) != c.want {
			t.Errorf("%s: got %d cells, want %d", name, len(got), c.want)
		}
	}
}

func TestPlanRefusesUnknownNames(t *testing.T) {
	short := experiment.Short
	for _, c := range []struct {
		s    Selection
		want string
	}{
		{Selection{Scale: short, Parts: []string{"sing"}}, `suite: there is no part "sing": use one of talk, grow, all`},
		{Selection{Scale: "huge"}, `experiment: there is no scale "huge": use short or full`},
		{Selection{Scale: short, Experiments: []string{"sing"}}, `suite: there is no experiment "sing": use one of ask, grow-idle`},
		{Selection{Scale: short, Parts: []string{"grow"}, Experiments: []string{"ask"}}, `suite: there is no experiment "ask": use one of grow-idle`},
		{Selection{Scale: short, Experiments: []string{"grow-idle"}, Rows: []string{"chan"}}, `suite: there is no row "chan": use one of 1k, 1m`},
	} {
		if _, err := Plan(parts(), c.s); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestPartsThatCantBeRunAreRefused(t *testing.T) {
	if err := Check(parts()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(p []experiment.Part)
		want  string
	}{
		"two of one name":      {func(p []experiment.Part) { p[1].Experiments[0].Name = "ask" }, "the name is taken"},
		"two parts":            {func(p []experiment.Part) { p[1].Name = "talk" }, "the name is taken"},
		"a mark's name":        {func(p []experiment.Part) { p[1].Name = "targets" }, "the name is taken"},
		"capitals":             {func(p []experiment.Part) { p[0].Experiments[0].Name = "Ask" }, `the name "Ask" is not made of`},
		"nothing to run":       {func(p []experiment.Part) { p[0].Experiments[0].Run = nil }, "it has no Run"},
		"no figures":           {func(p []experiment.Part) { p[0].Experiments[0].Figures = nil }, "it has no rows or no figures"},
		"a row twice":          {func(p []experiment.Part) { p[0].Experiments[0].Rows[1].Name = "hayauma" }, "a row or a figure is there twice"},
		"a blank":              {func(p []experiment.Part) { p[0].Experiments[0].Rows[1].Name = "a b" }, "is empty or has a space"},
		"drawing no figure":    {func(p []experiment.Part) { p[1].Experiments[0].Plot.Model = "modell" }, `its plot draws "modell", which is no figure`},
		"drawing without size": {func(p []experiment.Part) { p[1].Experiments[0].Rows[0].X = 0 }, "its plot needs X above 0"},
	} {
		p := parts()
		c.spoil(p)
		if err := Check(p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestAPartAndItsOnlyExperimentMayShareAName(t *testing.T) {
	p := parts()
	p[0].Experiments[0].Name = "talk"
	if err := Check(p); err != nil {
		t.Fatal(err)
	}
}

// fake answers cells without any process.
type fake struct {
	started  []Cell
	patience time.Duration
	fail     string // the row whose cells fail
}

func (f *fake) start(_ context.Context, c Cell, patience time.Duration) (Outcome, error) {
	f.started, f.patience = append(f.started, c), patience
	if c.Row == f.fail {
		return Outcome{Result: experiment.Result{Sent: 10, Lost: 4}}, errors.New("it broke\nand here is why")
	}
	return Outcome{Result: experiment.Result{Sent: 10, Seconds: 1, Figures: map[string]float64{"rate": float64(100 * c.Round)}}}, nil
}

func runWith(t *testing.T, path string, f *fake) []Line {
	t.Helper()
	raw, err := OpenRaw(path, here)
	if err != nil {
		t.Fatal(err)
	}
	r := Runner{Parts: parts(), Host: here, Raw: raw, Start: f.start, Tell: func(Line) {}}
	if err := r.Run(t.Context(), plan(t, Selection{Scale: experiment.Short})); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	return raw.Lines
}

func TestFinishedCellsAreSkippedAndFailedOnesAreNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.jsonl")
	first := &fake{fail: "old"}
	runWith(t, path, first)
	if len(first.started) != 6 || first.patience != time.Millisecond { // chan is missing
		t.Fatalf("%d cells were measured, with a patience of %v", len(first.started), first.patience)
	}
	second := &fake{}
	lines := runWith(t, path, second)
	if len(second.started) != 2 || second.started[0].Row != "old" || second.started[1].Round != 2 {
		t.Fatalf("measured again: %+v", second.started)
	}
	if len(lines) != 10 {
		t.Fatalf("the file has %d lines", len(lines))
	}
	var b strings.Builder
	if err := Report(&b, parts(), lines); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| lost, all rounds | failed | rounds |\n", "| 10.0 | 8 | 2 | 2 |\n",
		"- old failed: it broke\n"} { // twice 4 of 10, before it was measured again
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
	third := &fake{}
	if runWith(t, path, third); len(third.started) != 0 {
		t.Fatalf("measured a third time: %+v", third.started)
	}
}

func TestWhatIsMissingIsALineWithItsReason(t *testing.T) {
	lines := runWith(t, filepath.Join(t.TempDir(), "raw.jsonl"), &fake{})
	if got := lines[3]; got.Row != "chan" || got.Skipped != "no channel here" || got.Result.Sent != 0 {
		t.Fatalf("got %+v", got)
	}
}

func TestWhatWasMissingIsMeasuredWhenItIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.jsonl")
	runWith(t, path, &fake{})
	raw, err := OpenRaw(path, here)
	if err != nil {
		t.Fatal(err)
	}
	p, f := parts(), &fake{}
	p[0].Experiments[0].Missing = nil
	r := Runner{Parts: p, Host: here, Raw: raw, Start: f.start, Tell: func(Line) {}}
	if err := r.Run(t.Context(), plan(t, Selection{Scale: experiment.Short})); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil || len(f.started) != 2 || f.started[0].Row != "chan" || len(raw.Lines) != 10 {
		t.Fatalf("measured %+v, %v", f.started, err)
	}
}

func TestACutOffLineIsMeasuredAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.jsonl")
	runWith(t, path, &fake{})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.SplitAfter(string(text), "\n")
	if err := os.WriteFile(path, []byte(strings.Join(whole[:7], "")+whole[7][:30]), 0o644); err != nil {
		t.Fatal(err)
	}
	again := &fake{}
	lines := runWith(t, path, again)
	if len(again.started) != 1 || again.started[0] != (Cell{"talk", experiment.Short, "ask", "hayauma", 2}) {
		t.Fatalf("measured again: %+v", again.started)
	}
	if len(lines) != 8 {
		t.Fatalf("the file has %d lines", len(lines))
	}
}

func TestAnotherHostIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.jsonl")
	runWith(t, path, &fake{})
	for what, change := range map[string]func(h *Host){
		"GOMAXPROCS":      func(h *Host) { h.GOMAXPROCS = 3 },
		"another binary":  func(h *Host) { h.Binary = "b2" },
		"another daemon":  func(h *Host) { h.Daemon = "d2" },
		"another setting": func(h *Host) { h.Settings = "GOGC=50" },
	} {
		there := here
		change(&there)
		_, err := OpenRaw(path, there)
		if got, ok := errors.AsType[*HostError](err); !ok || got.There != here || got.Here != there {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestAnInterruptedCellHasNotFailed(t *testing.T) {
	raw, err := OpenRaw(filepath.Join(t.TempDir(), "raw.jsonl"), here)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := Runner{Parts: parts(), Host: here, Raw: raw, Tell: func(Line) {}, Start: func(context.Context, Cell, time.Duration) (Outcome, error) {
		cancel()
		return Outcome{}, errors.New("killed")
	}}
	if err := r.Run(ctx, plan(t, Selection{Scale: experiment.Short})); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := raw.Close(); err != nil || len(raw.Lines) != 0 {
		t.Fatalf("%d lines, %v", len(raw.Lines), err)
	}
}

func TestTooBigIsNotMeasured(t *testing.T) {
	e := parts()[0].Experiments[0]
	c := Cell{"talk", experiment.Full, "ask", "old", 1}
	if got := c.obstacle(e, 3<<30); got != "about 2048 MiB needed, 3072 MiB of memory available" {
		t.Errorf("got %q", got)
	}
	if got := c.obstacle(e, 4<<30); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		cell Cell
		want string
		lost int64
	}{
		"good":         {Cell{"talk", experiment.Short, "ask", "hayauma", 1}, "", 0},
		"no number":    {Cell{"talk", experiment.Short, "ask", "old", 1}, "the figure rate is +Inf", 0},
		"no patience":  {Cell{"talk", experiment.Short, "ask", "other", 1}, "context deadline exceeded", 7},
		"no row":       {Cell{"talk", experiment.Short, "ask", "akka", 1}, `there is no row "akka"`, 0},
		"another part": {Cell{"grow", experiment.Short, "ask", "old", 1}, `there is no experiment "ask"`, 0},
		"no scale":     {Cell{"talk", "huge", "ask", "old", 1}, `there is no scale "huge"`, 0},
	} {
		got := c.cell.Outcome(t.Context(), parts())
		if (c.want == "") != (got.Error == "") || !strings.Contains(got.Error, c.want) || got.Result.Lost != c.lost {
			t.Errorf("%s: got %+v, want %q", name, got, c.want)
		}
	}
}

func TestList(t *testing.T) {
	var b strings.Builder
	if err := List(&b, parts(), Selection{Scale: experiment.Full}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"14 cells at scale full", "talk: Talk, 12 cells", "ask                                12 cells: hayauma old other chan",
		"chan can't be measured here: no channel here", "2 cells: 1k 1m"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}
