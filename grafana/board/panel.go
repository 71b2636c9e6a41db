package board

import (
	"regexp"
	"strings"
)

// View is how a panel shows its answers.
type View int

// The views.
const (
	Lines  View = iota // values over time
	Areas              // the same, stacked
	Value              // the last value, large
	Table              // a row for each series, now
	Heat               // a histogram over time
	States             // bands over time, one for each series
)

// Panel is one picture with one question.
type Panel struct {
	Title, Help string // Help says in plain words what is seen, and when to worry
	Unit        string
	Empty       string // what is said where there are no series, and that is well; empty: Grafana's own words
	View        View
	Width       int // of 24
	Height      int
	Queries     []Query
	Good, Bad   float64           // Value: from Bad on it is red, from Good on yellow; equal: no colours
	Columns     []string          // Table: the labels that are shown, in order
	Units       map[string]string // Table: of the columns A, B …
	id          uint32
	x, y        int
}

// Query is one expression of PromQL and what its series are called.
type Query struct {
	Expr   string
	Legend string // {{label}} stands for a label's value
}

// Row is panels under a heading.
type Row struct {
	Title  string
	Panels []Panel
}

// Dashboard is a page.
type Dashboard struct {
	UID, Title, Help string
	Variables        []string // beside datasource, job and instance
	Rows             []Row
}

// ID is the panel's number on its dashboard.
func (p *Panel) ID() uint32 { return p.id }

// Place is where the panel stands, in Grafana's grid of 24 columns.
func (p *Panel) Place() (x, y, w, h int) { return p.x, p.y, p.Width, p.Height }

// q is one query.
func q(expr, legend string) Query { return Query{Expr: expr, Legend: legend} }

// quantiles asks a classic histogram for several quantiles; by are the labels that stay, legend names them.
func quantiles(metric, matchers, by, legend string, which ...string) []Query {
	keep := "le"
	if by != "" {
		keep += ", " + by
	}
	all := make([]Query, len(which))
	for i, p := range which {
		name := "p" + (strings.TrimPrefix(p, "0.") + "0")[:2]
		if legend != "" {
			name = legend + " " + name
		}
		all[i] = q("histogram_quantile("+p+", sum by ("+keep+") (rate("+metric+"_bucket{"+matchers+"}[$__rate_interval])))", name)
	}
	return all
}

// Common matchers, and what @ stands for.
const targets = `job=~"$job", instance=~"$instance"`

var matchers = strings.NewReplacer(
	"@kind", targets+`, kind=~"$kind"`,
	"@channel", targets+`, channel=~"$channel"`,
	"@campaign", targets+`, campaign=~"$campaign"`,
	"@", targets,
)

// lay numbers the panels of a dashboard and gives each its place, row by row.
func (d *Dashboard) lay() {
	id, y := uint32(0), 0
	for r := range d.Rows {
		id++ // the row's own
		y++
		x, high := 0, 0
		for p := range d.Rows[r].Panels {
			panel := &d.Rows[r].Panels[p]
			id++
			if x+panel.Width > 24 {
				x, y, high = 0, y+high, 0
			}
			panel.id, panel.x, panel.y = id, x, y
			x, high = x+panel.Width, max(high, panel.Height)
			for i := range panel.Queries {
				panel.Queries[i].Expr = matchers.Replace(panel.Queries[i].Expr)
			}
		}
		y += high
	}
}

// Dashboards are all four, in the order in which one leads to the next.
func Dashboards() []Dashboard {
	all := []Dashboard{overview(), actors(), delivery(), cluster()}
	for i := range all {
		all[i].lay()
	}
	return all
}

var metricName = regexp.MustCompile(`\bhayauma_[a-z0-9_]+`)

// Metrics are the names of ours in an expression, without a histogram's endings.
func Metrics(expr string) []string {
	all := metricName.FindAllString(expr, -1)
	for i, name := range all {
		all[i] = histogramEnd.ReplaceAllString(name, "")
	}
	return all
}

var histogramEnd = regexp.MustCompile(`_(bucket|sum|count)$`)

// Panels goes through a dashboard's panels.
func (d *Dashboard) Panels(yield func(*Panel) bool) {
	for r := range d.Rows {
		for p := range d.Rows[r].Panels {
			if !yield(&d.Rows[r].Panels[p]) {
				return
			}
		}
	}
}

// Fill puts values in the place of a dashboard's variables: everything, and a window for rates.
func Fill(expr, rateInterval string) string {
	return filling.Replace(strings.ReplaceAll(expr, "$__rate_interval", rateInterval))
}

var filling = strings.NewReplacer(`"$job"`, `"hayauma"`, `"$instance"`, `".*"`, `"$kind"`, `".*"`, `"$channel"`, `".*"`, `"$campaign"`, `".*"`)
