package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"hayauma.example/benchmarks/experiment"
)

func some() []Spec {
	return []Spec{
		{Name: Shipped, Durable: true}, {Name: ShippedLikePeers, Durable: true}, {Name: ShippedMemory}, {Name: Bare},
		{Name: "php", Peer: true, Durable: true, Missing: func() string { return "" }},
		{Name: "river", Peer: true, Durable: true, Missing: func() string { return "no server" }},
	}
}

func TestPartIsWhole(t *testing.T) {
	p := Part(some())
	seen := map[string]experiment.Experiment{}
	for _, e := range p.Experiments {
		if _, twice := seen[e.Name]; twice {
			t.Errorf("%s stands twice", e.Name)
		}
		seen[e.Name] = e
		if len(e.Rows) == 0 || len(e.Rounds) == 0 || e.Title == "" || e.Text == "" || len(e.Figures) == 0 {
			t.Errorf("%s is not whole: %+v", e.Name, e)
		}
		for scale := range e.Rounds {
			if e.Patience[scale] == 0 {
				t.Errorf("%s has no patience at %s", e.Name, scale)
			}
		}
		if _, err := e.Run(t.Context(), "nobody", experiment.Full); err == nil {
			t.Errorf("%s measures a row that it does not have", e.Name)
		}
	}
	var want []string
	for _, kind := range []string{"push", "multicast"} {
		for _, what := range []string{"0ms-off", "20ms-off", "100ms-off"} {
			want = append(want, "pipeline-"+kind+"-10k-"+what)
		}
	}
	want = append(want, "pipeline-push-10k-100ms-line", "pipeline-multicast-10k-0ms-line", "pipeline-push-2k-0ms-off", "pipeline-multicast-2k-0ms-off",
		"pipeline-push-100k-0ms-off", "pipeline-push-100k-20ms-off",
		"pipeline-push-100k-100ms-off", "pipeline-multicast-100k-0ms-off", "pipeline-multicast-100k-0ms-line", "pipeline-push-1m-20ms-off",
		"pipeline-multicast-1m-0ms-line", "pipeline-cpu", "pipeline-kill", "pipeline-kill-short", "pipeline-journal")
	for _, name := range want {
		if _, ok := seen[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d experiments, want %d", len(seen), len(want))
	}
}

func TestEveryRowIsInEveryTable(t *testing.T) {
	for _, s := range matrix() {
		want := len(some())
		if s.only {
			want = len(s.rows)
		}
		if got := s.experiment(some()).Rows; !s.only && len(got) != want || len(got) > want {
			t.Errorf("%s has %d rows, want %d", s.Name(), len(got), want)
		}
	}
}

func TestSkipped(t *testing.T) {
	near := latencies[1]
	for _, c := range []struct {
		what    string
		s       setting
		row     string
		because string // "": it is measured
	}{
		{"fast", setting{kind: Push, recipients: 10_000}, Bare, ""},
		{"calls without latency", setting{kind: Push, recipients: 10_000}, ShippedLikePeers, "calls in flight"},
		{"calls, but named", setting{kind: Push, recipients: 10_000, rows: []string{ShippedLikePeers}}, ShippedLikePeers, ""},
		{"calls with latency", setting{kind: Push, recipients: 10_000, latency: near}, "river-2048", ""},
		{"calls at a limit", setting{kind: Push, recipients: 10_000, latency: near, limited: true}, "river-2048", "calls in flight"},
		{"calls of multicasts", setting{kind: Multicast, recipients: 10_000, latency: near}, manyPHP, "calls in flight"},
		{"slow", setting{kind: Push, recipients: 1_000_000, latency: near}, php, "about 12 minutes"},
		{"slow, but named", setting{kind: Push, recipients: 1_000_000, latency: near, rows: []string{php}}, php, ""},
		{"not named", setting{kind: Push, recipients: 100_000, latency: latencies[2], rows: []string{php}}, channels, "about 45 seconds"},
		{"many multicasts", setting{kind: Multicast, recipients: 1_000_000}, php, ""},
	} {
		t.Setenv(longVariable, "")
		why := c.s.skipped(c.row)
		if c.because == "" && why != "" || !strings.Contains(why, c.because) || c.because != "" && !strings.Contains(why, longVariable+"=1") {
			t.Errorf("%s: %q, want %q", c.what, why, c.because)
		}
		t.Setenv(longVariable, "1")
		if why := c.s.skipped(c.row); why != "" {
			t.Errorf("%s, asked for: %q", c.what, why)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Setenv(longVariable, "")
	small := setting{kind: Push, recipients: 10_000, latency: latencies[2]}.experiment(some())
	large := setting{kind: Push, recipients: 1_000_000, latency: latencies[1]}.experiment(some())
	if why := small.Missing(river); why != "no server" {
		t.Errorf("river: %q", why)
	}
	if why := small.Missing(php) + small.Missing(Shipped) + large.Missing(Shipped); why != "" {
		t.Errorf("these can be measured: %q", why)
	}
	if why := large.Missing(php); !strings.Contains(why, "minutes") {
		t.Errorf("php, a million: %q", why)
	}
}

func TestWithAsManyCallsAsTheDaemon(t *testing.T) {
	s := AsManyAsShipped(Spec{Name: river, About: "River"})
	if s.Name != fmt.Sprintf("river-%d", s.InFlight) || !strings.HasPrefix(s.About, "River; ") || !onlyCalls(s.Name) {
		t.Errorf("%+v", s)
	}
	if j := (cell{spec: s, kind: Push}).job("a", "e"); j.InFlight != 2048 {
		t.Errorf("%+v", j)
	}
}

// Text is made by whoever makes the tables, on another machine or with other settings than what was measured.
func TestTextIsTheSameEverywhere(t *testing.T) {
	before := (setting{}).text()
	t.Setenv(inFlightVariable, "7")
	if got := (setting{}).text(); got != before {
		t.Errorf("with a setting of this process it is\n%s", got)
	}
}

func TestInFlight(t *testing.T) {
	for text, want := range map[string]int{"": 256, "1": 1, "65536": 65536} {
		if n, wrong := inFlight(text); n != want || wrong != "" {
			t.Errorf("%q: %d, %s", text, n, wrong)
		}
	}
	for _, text := range []string{"0", "-1", "65537", "many"} {
		t.Setenv(inFlightVariable, text)
		why := Part(some()).Experiments[0].Missing(Bare)
		if !strings.Contains(why, inFlightVariable+"="+text) {
			t.Errorf("%q: %q", text, why)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int]string{999: "999", 2_000: "2k", 10_000: "10k", 1_500: "1500", 1_000_000: "1m"} {
		if got := size(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}

func TestJobs(t *testing.T) {
	t.Setenv(inFlightVariable, "")
	if j := (cell{kind: Push, recipients: 5}).job("a", "e"); j != (Job{Kind: Push, Recipients: 5, Audience: "a", Endpoint: "e", InFlight: defaultInFlight}) {
		t.Errorf("%+v", j)
	}
	t.Setenv(inFlightVariable, "64")
	for kind, rate := range map[Kind]int{Push: 2000, Multicast: 200} {
		if j := (cell{kind: kind, limited: true}).job("a", "e"); j.Rate != rate || j.InFlight != 64 {
			t.Errorf("%+v", j)
		}
	}
}
