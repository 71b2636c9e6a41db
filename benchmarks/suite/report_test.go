package suite

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (look at it, and run the test with -rewrite):\n%s", path, got)
	}
}

func TestNumbersHaveThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1e-5: "<0.001", 0.012: "0.0120", 0.5: "0.50", 1: "1.00", 9.994: "9.99", 9.996: "10.0", 42.26: "42.3", 99.96: "100", 1234: "1234",
		9994: "9994", 9996: "10.0k", 12_345: "12.3k", 999_400: "999k", 999_600: "1.00M", 1_234_567: "1.23M", 23_456_789: "23.5M", 2e9: "2.00G", -250: "-250",
		-2e6: "-2.00M",
	} {
		if got := show(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

var day = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func line(scale experiment.Scale, name, row string, round int, lost int64, figures map[string]float64) Line {
	part := "talk"
	if name == "grow-idle" {
		part = "grow"
	}
	return Line{
		Cell: Cell{part, scale, name, row, round}, Host: here, At: day,
		Result: experiment.Result{Sent: 25_000, Lost: lost, Seconds: 1, Figures: figures},
	}
}

func asked(row string, round int, lost int64, rate, allocs float64) Line {
	return line(experiment.Short, "ask", row, round, lost, map[string]float64{"rate": rate, "allocs": allocs})
}

// failed makes a line of a cell that failed.
func failed(l Line, why string) Line {
	l.Error, l.Result.Figures = why, nil
	return l
}

func talkLines() []Line {
	missing := asked("chan", 1, 0, 0, 0)
	missing.Result, missing.Skipped = experiment.Result{}, "no channel here"
	return []Line{
		asked("hayauma", 1, 0, 3e6, 1),
		asked("old", 1, 2, 1e6, 13),
		failed(asked("other", 1, 7, 0, 0), "first try"),
		failed(asked("other", 1, 4, 0, 0), "it broke\nand here is why"),
		missing,
		asked("hayauma", 2, 0, 1e6, 1.5),
		asked("old", 2, 1, 600e3, 13),
		asked("other", 2, 0, 500e3, 2),
	}
}

func growLines() []Line {
	return []Line{
		line(experiment.Full, "grow-idle", "1k", 1, 0, map[string]float64{"bytes": 260, "model": 201}),
		line(experiment.Full, "grow-idle", "1m", 1, 0, map[string]float64{"bytes": 201.5, "model": 201}),
	}
}

func TestReport(t *testing.T) {
	var b strings.Builder
	if err := Report(&b, parts(), talkLines(), growLines()); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.md", b.String())
	for _, want := range []string{"| other | 500k | one round | 0.62 | 2.00 | 25.0k | 11 | 2 | 1 |", "- other failed: first try\n- other failed: it broke\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q", want)
		}
	}
}

func TestWithoutFailuresNoColumnSpeaksOfThem(t *testing.T) {
	var b strings.Builder
	if err := Report(&b, parts(), growLines()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "| failed |") {
		t.Errorf("got\n%s", b.String())
	}
}

func TestSentIsTheMedianOfTheRounds(t *testing.T) {
	lines := []Line{asked("old", 1, 0, 1, 1), asked("old", 2, 0, 1, 1), asked("old", 3, 0, 1, 1), failed(asked("old", 4, 0, 0, 0), "x")}
	for i, sent := range []uint64{100, 300, 200, 9000} {
		lines[i].Result.Sent = sent
	}
	got := entries(parts()[0].Experiments[0], lines)[0]
	if got.sent.Median != 200 {
		t.Errorf("got %v", got.sent)
	}
}

func TestSettingsAreShown(t *testing.T) {
	l := asked("old", 1, 0, 1, 1)
	l.Host.Settings = "GOGC=50"
	var b strings.Builder
	if err := Report(&b, parts(), []Line{l}); err != nil || !strings.Contains(b.String(), "  - settings: GOGC=50\n") {
		t.Errorf("%v: got\n%s", err, b.String())
	}
}

func TestNothingToReport(t *testing.T) {
	var b strings.Builder
	if err := Report(&b, parts()); err != nil || b.String() != "Nothing was measured.\n" {
		t.Fatalf("%v: %s", err, b.String())
	}
}

func TestLinesThatHaveNoPlaceAreNamed(t *testing.T) {
	old, gone := line(experiment.Short, "sing", "alto", 1, 0, nil), asked("bass", 1, 0, 1, 1)
	var b strings.Builder
	if err := Report(&b, parts(), []Line{old, gone, asked("old", 1, 0, 1, 1)}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Not shown: the lines of sing alto,", "Not shown: the lines of ask bass,", "| old | 1.00 |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}

func TestLinesOfTwoFilesNeverMeetInATable(t *testing.T) {
	other := asked("old", 3, 0, 9e6, 1)
	other.Host.CPU = "faster"
	var b strings.Builder
	if err := Report(&b, parts(), talkLines(), []Line{other}, growLines()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Host 1: faster", "Host 2: test", "| old | 9.00M | one round | 1.00 |",
		"-only ask -rows old`, commit c1, binary b1, daemon d1, on 2026-01-02; host 1.*",
		"-only grow-idle`, commit c1, binary b1, daemon d1, on 2026-01-02; host 2.*"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "| hayauma | 2.00M") {
		t.Errorf("a table has rows of two runs:\n%s", b.String())
	}
}

const page = `# Figures
<!-- bench:begin host -->
<!-- bench:end host -->

Text before.
<!-- bench:begin talk -->
stale
<!-- bench:end talk -->
## Growth
<!-- bench:begin grow-idle -->
<!-- bench:end grow-idle -->
Text after.
`

// written makes a folder with the page and returns the page's path.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRewritingTwiceIsRewritingOnce(t *testing.T) {
	path := written(t, page)
	plots := filepath.Join(filepath.Dir(path), "plots")
	if err := RewriteReadme(path, plots, parts(), talkLines(), growLines()); err != nil {
		t.Fatal(err)
	}
	once, drawn := contents(t, path), contents(t, filepath.Join(plots, "idle.svg"))
	golden(t, "readme.md", once)
	if !strings.Contains(drawn, "<svg") || !strings.Contains(drawn, "bytes each") {
		t.Errorf("no picture: %s", drawn)
	}
	if err := RewriteReadme(path, plots, parts(), talkLines(), growLines()); err != nil {
		t.Fatal(err)
	}
	if contents(t, path) != once || contents(t, filepath.Join(plots, "idle.svg")) != drawn {
		t.Error("rewritten again, it differs")
	}
}

func TestOldTablesDontStay(t *testing.T) {
	path := written(t, page)
	for _, files := range [][][]Line{{talkLines(), growLines()}, {growLines()}} {
		if err := RewriteReadme(path, "", parts(), files...); err != nil {
			t.Fatal(err)
		}
	}
	got := contents(t, path)
	if strings.Contains(got, "Questions") || strings.Contains(got, "stale") || strings.Count(got, notMeasured) != 1 {
		t.Errorf("got\n%s", got)
	}
	if strings.Contains(got, "![") {
		t.Error("it shows a plot that was not drawn")
	}
}

func TestFullFiguresHideShortOnes(t *testing.T) {
	path := written(t, page)
	full := line(experiment.Full, "ask", "hayauma", 1, 0, map[string]float64{"rate": 42})
	if err := RewriteReadme(path, "", parts(), talkLines(), []Line{full}); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, path); !strings.Contains(got, "(ask, full)") || strings.Contains(got, "(ask, short)") {
		t.Errorf("got\n%s", got)
	}
}

func TestWrongMarks(t *testing.T) {
	const begin, end = "<!-- bench:begin talk -->\n", "<!-- bench:end talk -->\n"
	for name, c := range map[string]struct{ text, want string }{
		"none":        {"words\n", `mark "ask": it is missing: write <!-- bench:begin ask -->`},
		"no end":      {"x\n" + begin, `mark "talk" in line 2: it begins and never ends`},
		"no begin":    {end, `mark "talk" in line 1: it ends and has not begun`},
		"twice":       {begin + end + begin + end, `mark "talk" in line 3: it begins twice`},
		"crossed":     {begin + "<!-- bench:begin host -->\n" + end + "<!-- bench:end host -->\n", `mark "host" in line 2: it begins before "talk" has ended`},
		"another end": {begin + "<!-- bench:end host -->\n", `mark "host" in line 2: it ends and has not begun`},
		"unknown":     {begin + end + "<!-- bench:begin sing -->\n<!-- bench:end sing -->\n", `mark "sing" in line 3: there is no experiment`},
		"misspelt":    {"<!-- bench:start talk -->\n", `in line 1: write <!-- bench:begin NAME -->`},
		"in a line":   {"see " + begin + end, `in line 1: write <!-- bench:begin NAME -->`},
	} {
		path := written(t, c.text)
		err := RewriteReadme(path, "", parts(), talkLines())
		if _, ok := errors.AsType[*MarkError](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if contents(t, path) != c.text {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	if err := RewriteReadme(filepath.Join(t.TempDir(), "none.md"), "", parts(), talkLines()); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
}
