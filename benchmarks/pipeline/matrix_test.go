package pipeline

import (
	"slices"
	"strings"
	"testing"
	"time"

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
		for _, latency := range []string{"0ms", "20ms", "100ms"} {
			want = append(want, "pipeline-"+kind+"-10k-"+latency+"-off", "pipeline-"+kind+"-10k-"+latency+"-line")
		}
	}
	want = append(want, "pipeline-push-2k-0ms-off", "pipeline-multicast-2k-0ms-off", "pipeline-push-100k-0ms-off", "pipeline-push-100k-20ms-off",
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

func TestRowsOfSettings(t *testing.T) {
	names := func(s setting) []string {
		var all []string
		for _, r := range s.experiment(some()).Rows {
			all = append(all, r.Name)
		}
		return all
	}
	fast := setting{kind: Push, recipients: 1000}
	if got := names(fast); slices.Contains(got, ShippedLikePeers) || len(got) != 5 {
		t.Errorf("without latency: %v", got)
	}
	if got := names(setting{kind: Push, recipients: 1000, latency: time.Second}); len(got) != 6 {
		t.Errorf("with latency: %v", got)
	}
	if got := names(setting{kind: Push, recipients: 1000, rows: []string{Bare}}); !slices.Equal(got, []string{Bare}) {
		t.Errorf("one row: %v", got)
	}
}

func TestMissing(t *testing.T) {
	small := setting{kind: Push, recipients: 10_000, latency: latencies[2]}.experiment(some())
	large := setting{kind: Push, recipients: 1_000_000, latency: latencies[1]}.experiment(some())
	if why := small.Missing("river"); why != "no server" {
		t.Errorf("river: %q", why)
	}
	if why := small.Missing("php") + small.Missing(Shipped) + large.Missing(Shipped); why != "" {
		t.Errorf("these can be measured: %q", why)
	}
	t.Setenv(longVariable, "")
	if why := large.Missing("php"); !strings.Contains(why, "minutes") || !strings.Contains(why, longVariable+"=1") {
		t.Errorf("php, a million: %q", why)
	}
	t.Setenv(longVariable, "1")
	if why := large.Missing("php"); why != "" {
		t.Errorf("asked for: %q", why)
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
	if j := (cell{kind: Push, recipients: 5}).job("a", "e"); j != (Job{Push, 5, "a", "e", defaultInFlight, 0}) {
		t.Errorf("%+v", j)
	}
	t.Setenv(inFlightVariable, "64")
	for kind, rate := range map[Kind]int{Push: 2000, Multicast: 200} {
		if j := (cell{kind: kind, limited: true}).job("a", "e"); j.Rate != rate || j.InFlight != 64 {
			t.Errorf("%+v", j)
		}
	}
}
