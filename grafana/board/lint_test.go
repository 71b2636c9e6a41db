package board_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"hayauma.example/grafana/board"
)

var (
	selector = regexp.MustCompile(`\b((?:hayauma|process)_[a-z0-9_]+|go_(?:gc|memstats|sched)_[a-z0-9_]+|up|scrape_[a-z_]+)(\{[^}]*\})?`)
	window   = regexp.MustCompile(`\[([^\]]*)\]`)
	ofLegend = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
	grouping = regexp.MustCompile(`by \(([^)]*)\)`)
)

// TestPanels holds every panel to the rules of the house.
func TestPanels(t *testing.T) {
	known := catalogue(t)
	for _, d := range board.Dashboards() {
		titles := map[string]bool{}
		var text strings.Builder
		for p := range d.Panels {
			at := d.UID + ": " + p.Title
			if p.Title == "" || titles[p.Title] {
				t.Errorf("%s: the title is missing or there twice", at)
			}
			titles[p.Title] = true
			if p.Unit == "" {
				t.Errorf("%s has no unit", at)
			}
			if len(p.Help) < 16 || !strings.HasSuffix(p.Help, ".") {
				t.Errorf("%s is not described: %q", at, p.Help)
			}
			if len(p.Queries) == 0 {
				t.Errorf("%s asks nothing", at)
			}
			for _, q := range p.Queries {
				text.WriteString(q.Expr)
				for _, fault := range faults(d, q, known) {
					t.Errorf("%s: %s\n\t%s", at, fault, q.Expr)
				}
			}
		}
		if d.Help == "" {
			t.Errorf("%s is not described", d.UID)
		}
		for _, v := range d.Variables {
			if !strings.Contains(text.String(), "$"+v+`"`) {
				t.Errorf("%s: no panel follows the variable %s", d.UID, v)
			}
		}
	}
}

// faults are what a query does that ours may not.
func faults(d board.Dashboard, q board.Query, known map[string]metric) (all []string) {
	for _, m := range selector.FindAllStringSubmatch(q.Expr, -1) {
		name, matchers := m[1], m[2]
		for _, v := range []string{"job", "instance"} {
			if !strings.Contains(matchers, v+`=~"$`+v+`"`) {
				all = append(all, name+" doesn't follow $"+v)
			}
		}
		base := board.Metrics(name)
		if len(base) == 0 {
			continue
		}
		k := known[base[0]]
		for _, v := range d.Variables {
			if slices.Contains(k.labels, v) && !regexp.MustCompile(`\b`+v+`=~?"`).MatchString(matchers) {
				all = append(all, name+" has the label "+v+" and doesn't follow $"+v)
			}
		}
		cumulative := k.kind == "counter" || k.kind == "histogram"
		if cumulative && !regexp.MustCompile(`(rate|increase)\(`+regexp.QuoteMeta(m[0])+`\[`).MatchString(q.Expr) {
			all = append(all, name+" only ever rises: ask for its rate")
		}
		if !cumulative && regexp.MustCompile(`(rate|increase)\(`+regexp.QuoteMeta(m[0])).MatchString(q.Expr) && strings.HasPrefix(name, "hayauma_") {
			all = append(all, name+" is a gauge: it has no rate")
		}
		if k.kind == "histogram" && name == base[0] {
			all = append(all, name+" is asked for as a native histogram: ask its classic buckets")
		}
	}
	for _, m := range window.FindAllStringSubmatch(q.Expr, -1) {
		if m[1] != "$__rate_interval" {
			all = append(all, "a window of its own: ["+m[1]+"]")
		}
	}
	if strings.Contains(q.Expr, "histogram_quantile") && !strings.Contains(q.Expr, "by (le") {
		all = append(all, "a quantile without le")
	}
	kept := grouping.FindStringSubmatch(q.Expr)
	for _, m := range ofLegend.FindAllStringSubmatch(q.Legend, -1) {
		if kept != nil && !slices.Contains(strings.Split(kept[1], ", "), m[1]) {
			all = append(all, "the legend names "+m[1]+", which is summed away")
		}
	}
	if q.Legend == "" {
		all = append(all, "a series without a name")
	}
	return all
}

// TestLintFindsFaults: each rule finds what it is for.
func TestLintFindsFaults(t *testing.T) {
	known := map[string]metric{
		"hayauma_c_total": {"counter", []string{"kind"}}, "hayauma_g": {"gauge", nil}, "hayauma_h_seconds": {"histogram", nil},
	}
	const m = `job=~"$job", instance=~"$instance"`
	for expr, want := range map[string]string{
		`hayauma_g`: "doesn't follow $job",
		`rate(hayauma_c_total{` + m + `}[$__rate_interval])`:                                        "doesn't follow $kind",
		`hayauma_c_total{` + m + `, kind=~"$kind"}`:                                                 "only ever rises",
		`rate(hayauma_c_total{` + m + `, kind="x"}[5m])`:                                            "a window of its own",
		`rate(hayauma_g{` + m + `}[$__rate_interval])`:                                              "is a gauge",
		`rate(hayauma_h_seconds{` + m + `}[$__rate_interval])`:                                      "native histogram",
		`histogram_quantile(0.5, sum(rate(hayauma_h_seconds_bucket{` + m + `}[$__rate_interval])))`: "a quantile without le",
		`sum by (kind) (hayauma_g{` + m + `})`:                                                      "which is summed away",
	} {
		found := strings.Join(faults(board.Dashboard{Variables: []string{"kind"}}, board.Query{Expr: expr, Legend: "{{actor}}"}, known), "; ")
		if !strings.Contains(found, want) {
			t.Errorf("%s: %q, want %q", expr, found, want)
		}
	}
}

// TestPlaces: panels lie within the page and not on each other.
func TestPlaces(t *testing.T) {
	for _, d := range board.Dashboards() {
		taken := map[[2]int]string{}
		for p := range d.Panels {
			x, y, w, h := p.Place()
			if x+w > 24 || w < 1 || h < 1 {
				t.Errorf("%s: %s is at %d,%d, %d × %d", d.UID, p.Title, x, y, w, h)
			}
			for i := x; i < x+w; i++ {
				for j := y; j < y+h; j++ {
					if other := taken[[2]int{i, j}]; other != "" {
						t.Fatalf("%s: %s lies on %s", d.UID, p.Title, other)
					}
					taken[[2]int{i, j}] = p.Title
				}
			}
		}
	}
}

// TestAlerts: each says what it means, what to look at and what to do, and leads to a panel.
func TestAlerts(t *testing.T) {
	names := map[string]bool{}
	for _, a := range board.Alerts() {
		if names[a.Name] {
			t.Errorf("%s is there twice", a.Name)
		}
		names[a.Name] = true
		if a.Severity != "critical" && a.Severity != "warning" {
			t.Errorf("%s has the severity %q", a.Name, a.Severity)
		}
		if a.Summary == "" || a.Means == "" || len(a.Look) == 0 || len(a.Do) == 0 {
			t.Errorf("%s leaves its reader alone", a.Name)
		}
		if _, err := board.FindPanel(a.Panel[0], a.Panel[1]); err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
		for _, m := range regexp.MustCompile(`\$labels\.([a-z_]+)`).FindAllStringSubmatch(a.Summary, -1) {
			if a.Test.Labels[m[1]] == "" {
				t.Errorf("%s: the summary names %s, which the alert hasn't", a.Name, m[1])
			}
		}
	}
	if len(names) < 14 {
		t.Errorf("%d alerts", len(names))
	}
}
