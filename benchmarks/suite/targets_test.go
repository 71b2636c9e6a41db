package suite

import (
	"os"
	"slices"
	"strings"
	"testing"

	"hayauma.example/benchmarks/experiment"
)

// rates are full-scale lines of ask with one figure each, in all rounds.
func rates(of map[string]float64) tables {
	var lines []Line
	for row, v := range of {
		lines = append(lines, thrice(line(experiment.Full, "ask", row, 1, 0, map[string]float64{"rate": v}))...)
	}
	return gather(parts(), [][]Line{lines})
}

// thrice are the lines of the three rounds that full scale plans; what was lost is lost in the first.
func thrice(l Line) []Line {
	second, third := l, l
	second.Round, third.Round = 2, 3
	second.Result.Lost, third.Result.Lost = 0, 0
	return []Line{l, second, third}
}

func TestJudge(t *testing.T) {
	ratio := more("ask", "hayauma", []string{"old", "other"}).must(atLeast(1.5)).stretch(atLeast(2))
	inverse := one("ask", "hayauma", "rate", "s")
	inverse.Inverse, inverse.Scale = true, 1e6
	for name, c := range map[string]struct {
		claim  Claim
		rates  map[string]float64
		want   Verdict
		value  float64
		reason string
	}{
		"stretch":           {ratio, map[string]float64{"hayauma": 200, "old": 100, "other": 50}, StretchMet, 2, ""},
		"must":              {ratio, map[string]float64{"hayauma": 150, "old": 50, "other": 100}, Met, 1.5, ""},
		"missed":            {ratio, map[string]float64{"hayauma": 149, "old": 50, "other": 100}, Missed, 1.49, ""},
		"no us":             {ratio, map[string]float64{"old": 50, "other": 100}, NotMeasured, 0, "ask has no full-scale lines of hayauma"},
		"half the peers":    {ratio, map[string]float64{"hayauma": 149, "old": 50}, NotMeasured, 0, "ask has no full-scale lines of other"},
		"a peer at 0":       {ratio, map[string]float64{"hayauma": 149, "old": 0, "other": 0}, NotMeasured, 0, "best of old, other is 0"},
		"beside":            {more("ask", "hayauma", []string{"old"}), map[string]float64{"hayauma": 3, "old": 2}, Beside, 1.5, ""},
		"only a must":       {one("ask", "hayauma", "rate", "").must(atMost(5)), map[string]float64{"hayauma": 5}, Met, 5, ""},
		"only a stretch":    {one("ask", "hayauma", "rate", "").stretch(atLeast(5)), map[string]float64{"hayauma": 4}, StretchMissed, 4, ""},
		"seconds of a rate": {inverse.must(atMost(12)), map[string]float64{"hayauma": 1e5}, Met, 10, ""},
		"seconds of none":   {inverse.must(atMost(12)), map[string]float64{"hayauma": 0}, NotMeasured, 0, "hayauma is 0"},
		"another figure":    {one("ask", "hayauma", "allocs", ""), map[string]float64{"hayauma": 4}, NotMeasured, 0, "hayauma has no figure allocs in ask"},
	} {
		if got := c.claim.judge(rates(c.rates)); got.Verdict != c.want || got.Value != c.value || got.Reason != c.reason {
			t.Errorf("%s: got %+v, want %s %v %s", name, got, c.want, c.value, c.reason)
		}
	}
}

func TestAPeerThatCantRunHereLeavesTheOthers(t *testing.T) {
	lines := slices.Concat(
		thrice(line(experiment.Full, "ask", "hayauma", 1, 0, map[string]float64{"rate": 300})),
		thrice(line(experiment.Full, "ask", "old", 1, 0, map[string]float64{"rate": 100})),
		thrice(Line{Cell: Cell{"talk", experiment.Full, "ask", "other", 1}, Host: here, Skipped: "no room"}),
		thrice(failed(line(experiment.Full, "ask", "chan", 1, 0, nil), "it broke\nthere")),
	)
	t1 := gather(parts(), [][]Line{lines})
	if got := more("ask", "hayauma", []string{"old", "other"}).judge(t1); got.Value != 3 {
		t.Errorf("got %+v", got)
	}
	if got := more("ask", "hayauma", []string{"other"}).judge(t1); got.Reason != "other: no room" {
		t.Errorf("got %+v", got)
	}
	if got := more("ask", "hayauma", []string{"old", "chan"}).judge(t1); got.Verdict != NotJudged || got.Reason != "chan: 3 of 3 attempts failed: it broke" {
		t.Errorf("got %+v", got)
	}
}

func TestWhoLosesMisses(t *testing.T) {
	lossy := gather(parts(), [][]Line{thrice(line(experiment.Full, "ask", "hayauma", 1, 3, map[string]float64{"rate": 300}))})
	c := one("ask", "hayauma", "rate", "").must(atLeast(1))
	if got := c.judge(lossy); got.Verdict != Missed || verdictText(c, got) != "**missed**, lost 3 (must ≥ 1.00)" {
		t.Errorf("got %+v", got)
	}
	c.MayLose = true
	if got := c.judge(lossy); got.Verdict != Met || got.Lost != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestWhoFailsOrLacksARoundIsNotJudged(t *testing.T) {
	round := func(row string, n int) Line {
		return line(experiment.Full, "ask", row, n, 0, map[string]float64{"rate": 300})
	}
	again := failed(round("hayauma", 2), "it broke\nthere")
	for name, c := range map[string]struct {
		lines []Line
		want  string // "": it is judged
	}{
		"all": {thrice(round("hayauma", 1)), ""},
		"two failed": {[]Line{round("hayauma", 1), failed(round("hayauma", 2), "no luck"), failed(round("hayauma", 3), "no luck")},
			"not judged: hayauma: 2 of 3 attempts failed: no luck"},
		"measured again": {append([]Line{again}, thrice(round("hayauma", 1))...), "not judged: hayauma: 1 of 4 attempts failed: it broke"},
		"not all yet":    {thrice(round("hayauma", 1))[:2], "not judged: hayauma: 2 of 3 rounds measured"},
		"no room in one": {append(thrice(round("hayauma", 1))[:2], Line{Cell: round("hayauma", 3).Cell, Skipped: "no room"}),
			"not judged: hayauma: 2 of 3 rounds measured"},
		"nothing of a row": {thrice(round("old", 1)), "not measured: ask has no full-scale lines of hayauma"},
	} {
		claim := one("ask", "hayauma", "rate", "").must(atLeast(1))
		j := claim.judge(gather(parts(), [][]Line{c.lines}))
		if got := verdictText(claim, j); (c.want == "") != (j.Verdict == Met) || (c.want != "" && got != c.want) {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestAFlakyPeerLeavesTheComparisonOpen(t *testing.T) {
	figures := map[string]float64{"rate": 300}
	lines := append(thrice(line(experiment.Full, "ask", "hayauma", 1, 0, figures)), thrice(line(experiment.Full, "ask", "old", 1, 0, figures))...)
	lines = append([]Line{failed(line(experiment.Full, "ask", "old", 2, 5, nil), "no answer")}, lines...)
	c := more("ask", "hayauma", []string{"old"}).must(atLeast(1))
	if got := c.judge(gather(parts(), [][]Line{lines})); got.Verdict != NotJudged || measuredText(c, got) != "–" {
		t.Fatalf("got %+v", got)
	}
}

func TestFewRoundsAreIndicative(t *testing.T) {
	for planned, want := range map[int]string{1: "met (must ≥ 1.00) (indicative: 1 round)", 2: "met (must ≥ 1.00) (indicative: 2 rounds)",
		3: "met (must ≥ 1.00)"} {
		p := parts()
		p[0].Experiments[0].Rounds = map[experiment.Scale]int{experiment.Full: planned}
		figures := map[string]float64{"rate": 300}
		lines := append(thrice(line(experiment.Full, "ask", "hayauma", 1, 0, figures))[:planned], thrice(line(experiment.Full, "ask", "old", 1, 0, figures))...)
		c := more("ask", "hayauma", []string{"old"}).must(atLeast(1))
		if got := verdictText(c, c.judge(gather(p, [][]Line{lines}))); got != want {
			t.Errorf("%d: got %s", planned, got)
		}
	}
}

// One round that measured twenty times is no single measurement.
func TestARoundMayMeasureSeveralTimes(t *testing.T) {
	p := parts()
	p[0].Experiments[0].Rounds = map[experiment.Scale]int{experiment.Full: 1}
	claim := one("ask", "hayauma", "rate", "").must(atMost(500))
	claim.Of.Times = "runs"
	for runs, want := range map[float64]string{0: " (indicative: 1 round)", 2: " (indicative: 2 rounds)", 20: ""} {
		figures := map[string]float64{"rate": 300, "runs": runs}
		j := claim.judge(gather(p, [][]Line{{line(experiment.Full, "ask", "hayauma", 1, 0, figures)}}))
		if got := verdictText(claim, j); got != "met (must ≤ 500)"+want {
			t.Errorf("%v: got %s", runs, got)
		}
	}
}

func TestFailOverIsJudgedByMedianAndLongest(t *testing.T) {
	fleet := parts()
	fleet[0].Experiments[0].Name = "fleet-fail-over"
	fleet[0].Experiments[0].Rows = []experiment.Row{{Name: "kill"}, {Name: "hang"}, {Name: "power-loss"}, {Name: "stop"}}
	fleet[0].Experiments[0].Rounds = map[experiment.Scale]int{experiment.Full: 1}
	of := func(row string, median, longest float64) Line {
		return line(experiment.Full, "fleet-fail-over", row, 1, 0, map[string]float64{"still_ms": median, "still_max_ms": longest, "runs": 20})
	}
	var b strings.Builder
	gather(fleet, [][]Line{{of("kill", 250, 510), of("hang", 1900, 2500), of("power-loss", 1800, 2501), of("stop", 600, 900)}}).writeTargets(&b)
	for _, want := range []string{
		"| `fleet-fail-over` still_ms of kill, median | 250 ms | stretch met (must ≤ 500, stretch ≤ 300) |\n",
		"|  |  |  | `fleet-fail-over` still_max_ms of kill, the longest | 510 ms | **missed** (must ≤ 500, stretch ≤ 300) |\n",
		"still_max_ms of hang, the longest | 2500 ms | met (must ≤ 2500) |\n",
		"still_ms of power-loss, median | 1800 ms | met (must ≤ 2500) |\n",
		"still_max_ms of power-loss, the longest | 2501 ms | **missed** (must ≤ 2500) |\n",
		"still_max_ms of stop, the longest | 900 ms | met (must ≤ 1000) |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}

func TestShortFiguresJudgeNothing(t *testing.T) {
	short := gather(parts(), [][]Line{talkLines()})
	if got := one("ask", "hayauma", "rate", "").must(atLeast(1)).judge(short); got.Verdict != NotMeasured {
		t.Fatalf("got %+v", got)
	}
}

func TestTheTableSaysAllOfATarget(t *testing.T) {
	var b strings.Builder
	micro := parts()
	micro[0].Experiments[0].Rows[1].Name = "hollywood"
	micro[0].Experiments[0].Rows[2].Name = "hollywood-inbox1"
	lines := slices.Concat(
		thrice(line(experiment.Full, "ask", "hayauma", 1, 0, map[string]float64{"rate": 2e6})),
		thrice(line(experiment.Full, "ask", "hollywood", 1, 0, map[string]float64{"rate": 1e6})),
		thrice(line(experiment.Full, "ask", "hollywood-inbox1", 1, 0, map[string]float64{"rate": 5e5})),
		thrice(line(experiment.Full, "ask", "chan", 1, 0, map[string]float64{"rate": 2e6})),
	)
	gather(micro, [][]Line{lines}).writeTargets(&b)
	for _, want := range []string{
		"| request-reply | ×1 ≥ 2.5×, ×64 ≥ 3× Hollywood | ≥ goroutine per actor | `ask` rate of hayauma / best of hollywood, hollywood-inbox1, one context for " +
			"all questions | 2.00× (2.00M / 1.00M) | **missed** (must ≥ 2.50) |\n",
		"|  |  |  | `ask` rate of hayauma / chan | 1.00× (2.00M / 2.00M) | stretch met (stretch ≥ 1.00) |\n",
		"| fail-over (external NATS, ≥ 3 nodes) | process death", "| – | not measured: fleet-fail-over has no full-scale lines of kill |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}

// The design's table has a row for each target, in this order; these are the rows' names.
func TestEveryTargetOfTheDesignIsThere(t *testing.T) {
	names, err := os.ReadFile("testdata/targets.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, target := range Targets() {
		got = append(got, target.Name)
		if len(target.Claims) == 0 || target.Must == "" {
			t.Errorf("%s says nothing", target.Name)
		}
		decides := false
		for _, c := range target.Claims {
			decides = decides || c.Must.Set
		}
		if !decides {
			t.Errorf("nothing decides on %s", target.Name)
		}
	}
	if want := strings.TrimSpace(string(names)); strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
