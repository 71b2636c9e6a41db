package board_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hayauma.example/grafana/board"
)

// metric is a line of the daemon's table of metrics.
type metric struct {
	kind   string // gauge, counter, histogram
	labels []string
}

var (
	line  = regexp.MustCompile("(?m)^\\| `(hayauma_[a-z0-9_]+)` \\| ([a-z]+) \\| ([^|]*) \\|")
	label = regexp.MustCompile(`[a-z_]+`)
)

// catalogue reads the table, which a test of the daemon's holds equal to what is registered.
func catalogue(t *testing.T) map[string]metric {
	t.Helper()
	text, err := os.ReadFile("../../cmd/hayauma/internal/metrics/METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]metric{}
	for _, m := range line.FindAllStringSubmatch(string(text), -1) {
		all[m[1]] = metric{m[2], label.FindAllString(m[3], -1)}
	}
	if lines := strings.Count(string(text), "| `hayauma_"); len(all) < 50 || len(all) != lines {
		t.Fatalf("%d of the table's %d lines are read", len(all), lines)
	}
	return all
}

// expressions yields every expression of panels, variables and rules, with where it stands.
func expressions(yield func(where, expr string) bool) {
	for _, d := range board.Dashboards() {
		for p := range d.Panels {
			for _, q := range p.Queries {
				if !yield(d.UID+": "+p.Title, q.Expr) {
					return
				}
			}
		}
	}
	for _, a := range board.Alerts() {
		if !yield("alert "+a.Name, a.Expr) {
			return
		}
	}
}

// recorded are names that the rules make of ours: level:metric:operation.
var recorded = regexp.MustCompile(`\b[a-z_]+:hayauma_[a-z0-9_]+:[a-z0-9_]+`)

// TestEveryMetricThatIsNamedIsRegistered: a panel or an alert that names nothing shows nothing, and never fires.
func TestEveryMetricThatIsNamedIsRegistered(t *testing.T) {
	known := catalogue(t)
	check := func(where, expr string) {
		for _, name := range board.Metrics(recorded.ReplaceAllString(expr, "")) {
			if _, ok := known[name]; !ok {
				t.Errorf("%s names %s, which the daemon doesn't register", where, name)
			}
		}
	}
	for where, expr := range expressions {
		check(where, expr)
	}
	rules, err := board.Rules{}.YAML()
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, m := range regexp.MustCompile(`record: (\S+)`).FindAllStringSubmatch(string(rules), -1) {
		made[m[1]] = true
	}
	for _, name := range recorded.FindAllString(string(rules), -1) {
		if !made[name] {
			t.Errorf("a rule names %s, which none records", name)
		}
	}
	for l := range strings.SplitSeq(string(rules), "\n") {
		if strings.Contains(l, "expr:") {
			check("rules", l)
		}
	}
	for _, d := range board.Dashboards() {
		text, err := d.JSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`label_values\((hayauma_[a-z_]+)`).FindAllStringSubmatch(string(text), -1) {
			check("a variable of "+d.UID, name[1])
		}
	}
}

// TestEveryMetricIsOnAPanel: what nobody can see need not be measured.
func TestEveryMetricIsOnAPanel(t *testing.T) {
	var shown []string
	for where, expr := range expressions {
		if !strings.HasPrefix(where, "alert ") {
			shown = append(shown, board.Metrics(expr)...)
		}
	}
	for name := range catalogue(t) {
		if !slices.Contains(shown, name) {
			t.Errorf("%s is on no panel", name)
		}
	}
}
