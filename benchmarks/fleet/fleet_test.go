package fleet

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"hayauma.example/benchmarks/experiment"
)

// said is what the tests print of a fault, with its times in milliseconds.
func said(name, still, back string) string {
	return "=== RUN   TestFleetFaults\n" +
		"    failover_test.go:101: figure: " + name + ": the victim's pushes stood still for 1 to 2 ms, median 1, 4 times\n" +
		"    failover_test.go:103: figure-json: {\"fault\":\"" + name + "\",\"recipients\":56000,\"still_ms\":[" + still + "],\"back_ms\":[" + back + "]}\n" +
		"--- PASS: TestFleetFaults (9.25s)\nPASS\n"
}

func TestFiguresAreOfAllTimes(t *testing.T) {
	kill, err := find("kill")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		said string
		want map[string]float64
	}{
		"in order": {said("kill", "100,200,300,400", "10,20,30,40"),
			map[string]float64{"runs": 4, "still_ms": 200, "still_p90_ms": 400, "still_max_ms": 400, "back_ms": 20, "back_max_ms": 40}},
		"in no order": {said("kill", "400,200,300,100.5", "40,30,20,10"),
			map[string]float64{"runs": 4, "still_ms": 200, "still_p90_ms": 400, "still_max_ms": 400, "back_ms": 20, "back_max_ms": 40}},
		"some campaigns at their ends": {said("kill", "100,200,300,400", "0,0,30,40"),
			map[string]float64{"runs": 4, "still_ms": 200, "still_p90_ms": 400, "still_max_ms": 400, "back_ms": 30, "back_max_ms": 40}},
		"all at their ends": {said("kill", "100,200,300,400", "0,0,0,0"),
			map[string]float64{"runs": 4, "still_ms": 200, "still_p90_ms": 400, "still_max_ms": 400}},
	} {
		r, err := summarise(kill, 4, []byte(c.said))
		if err != nil || !maps.Equal(r.Figures, c.want) || r.Sent != 56_000 || r.Lost != 0 {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
	}
	if r, err := summarise(kill, 4, []byte(said("kill", "100,200,300,400", ""))); err != nil || r.Seconds < 0.999 || r.Seconds > 1.001 {
		t.Errorf("got %v s, %v", r.Seconds, err)
	}
}

func TestWhatWasNotMeasuredIsNoFigure(t *testing.T) {
	hang, err := find("hang")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ said, want string }{
		"nothing":          {"--- SKIP: TestFleetCuts\n    network namespaces can't be made here\nPASS\n", "the test tells of []"},
		"another fault":    {said("short hang", "1,2", "1,2"), "the test tells of [{Fault:short hang"},
		"one time of two":  {said("hang", "1", "1"), "2 faults were asked for"},
		"two faults":       {said("hang", "1,2", "1,2") + said("hang", "1,2", "1,2"), "2 faults were asked for"},
		"no time to tell":  {said("hang", "0,2", "1,2"), "there is no time to tell"},
		"a line cut short": {"figure-json: {\"fault\":\"hang\",\n", "unexpected end"},
	} {
		r, err := summarise(hang, 2, []byte(c.said))
		if err == nil || !strings.Contains(err.Error(), c.want) || len(r.Figures) > 0 {
			t.Errorf("%s: got %+v, %v; want %s", name, r, err, c.want)
		}
	}
}

func TestRowsAreFaults(t *testing.T) {
	want := map[string][]string{"fleet-fail-over": {"kill", "hang", "stop", "power-loss"}, "fleet-fail-over-short": {"kill", "hang", "stop"}}
	for _, e := range Part().Experiments {
		var got []string
		for _, r := range e.Rows {
			got = append(got, r.Name)
		}
		if !slices.Equal(got, want[e.Name]) {
			t.Errorf("%s has %v", e.Name, got)
		}
		if _, err := e.Run(t.Context(), "none", experiment.Short); !errors.As(err, new(*experiment.UnknownRowError)) {
			t.Errorf("%s measures a row that is not there: %v", e.Name, err)
		}
	}
}

// The tests know the rows' faults by these names, and how often they were asked for; nothing else of the environment reaches them.
func TestTheFaultsTestIsAskedFor(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BENCH_PROGRAM", program)
	t.Setenv("HAYAUMA_NODES", "5")
	for row, want := range map[string]struct{ test, fault string }{
		"kill": {"^TestFleetFaults$", "kill"}, "power-loss": {"^TestFleetCuts$", "cut from everything"},
	} {
		f, err := find(row)
		if err != nil {
			t.Fatal(err)
		}
		cmd, err := command(t.Context(), f, 20)
		if err != nil {
			t.Fatal(err)
		}
		var settings []string
		for _, v := range cmd.Env {
			if strings.HasPrefix(v, "HAYAUMA_") {
				settings = append(settings, v)
			}
		}
		if !slices.Contains(cmd.Args, want.test) ||
			!slices.Equal(settings, []string{"HAYAUMA_FAILOVERS=20", "HAYAUMA_FAULT=" + want.fault, "HAYAUMA_PROGRAM=" + program}) {
			t.Errorf("%s: got %v with %v", row, cmd.Args, settings)
		}
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for row, want := range map[string]string{"kill": "Go is not installed", "none": `no row "none"`} {
		if got := missing(row); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %s", row, got, want)
		}
	}
}

// What the end-to-end tests print is what is read here.
func TestAKilledNodeIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts three nodes and three NATS servers")
	}
	r, err := measure(t.Context(), "kill", 1)
	if err != nil {
		t.Fatal(err)
	}
	if ms := r.Figures[stillFigure]; ms <= 0 || ms > 60_000 || r.Figures[runsFigure] != 1 || r.Sent == 0 {
		t.Errorf("got %+v", r)
	}
}

func TestAFailingTestEndsTheCell(t *testing.T) {
	t.Setenv("BENCH_PROGRAM", "/nonexistent")
	_, err := measure(t.Context(), "kill", 1)
	failure, ok := errors.AsType[*TestError](err)
	if !ok || !strings.Contains(failure.Said, "FAIL") {
		t.Fatalf("got %v", err)
	}
}
