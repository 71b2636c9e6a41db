package all_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/all"
)

func find(t *testing.T, name string) experiment.Experiment {
	t.Helper()
	experiments := all.Part().Experiments
	i := slices.IndexFunc(experiments, func(e experiment.Experiment) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("there is no experiment %s", name)
	}
	return experiments[i]
}

func rows(t *testing.T, name string) (names []string) {
	t.Helper()
	for _, r := range find(t, name).Rows {
		names = append(names, r.Name)
	}
	return names
}

// every is all rows, in the order of the tables.
var every = []string{
	pipeline.Shipped, pipeline.ShippedLikePeers, pipeline.ShippedMemory, pipeline.Bare, "chan", "chan-2048", "protoactor", "hollywood",
	"asynq", "asynq-2048", "river", "river-2048", "php", "php-128",
}

// The pipeline names rows that packages beside it have: under another name they would silently be left out, or never be skipped.
func TestNamedRowsAreThere(t *testing.T) {
	for name, want := range map[string][]string{
		"pipeline-push-2k-0ms-off":     every,
		"pipeline-push-100k-100ms-off": every,
		"pipeline-push-1m-20ms-off":    every,
		"pipeline-kill":                {pipeline.Shipped, pipeline.ShippedMemory, pipeline.Bare, "chan", "protoactor", "hollywood", "asynq", "river", "php"},
		"pipeline-cpu":                 {pipeline.Shipped, pipeline.ShippedLikePeers, pipeline.ShippedMemory, pipeline.Bare},
		"pipeline-kill-short":          {pipeline.Shipped, pipeline.Bare},
	} {
		if got := rows(t, name); !slices.Equal(got, want) {
			t.Errorf("%s has the rows\n%v, want\n%v", name, got, want)
		}
	}
}

// What is measured without being asked for. A server that this machine lacks is another matter.
func TestMeasuredRows(t *testing.T) {
	t.Setenv("BENCH_LONG", "")
	slow := []string{pipeline.Shipped, pipeline.ShippedLikePeers, "chan-2048", "asynq-2048", "river", "river-2048"}
	for name, want := range map[string][]string{
		"pipeline-push-10k-0ms-off":      {pipeline.Shipped, pipeline.ShippedMemory, pipeline.Bare, "chan", "protoactor", "hollywood", "asynq", "river", "php"},
		"pipeline-push-10k-20ms-off":     every,
		"pipeline-push-100k-20ms-off":    {pipeline.Shipped, pipeline.ShippedLikePeers, "chan", "chan-2048", "asynq-2048", "river", "river-2048"},
		"pipeline-push-100k-100ms-off":   slow,
		"pipeline-push-1m-20ms-off":      {pipeline.Shipped, "chan", "protoactor"},
		"pipeline-multicast-1m-0ms-line": {pipeline.Shipped},
	} {
		e := find(t, name)
		var got []string
		for _, r := range e.Rows {
			if why := e.Missing(r.Name); !strings.Contains(why, "BENCH_LONG=1") {
				got = append(got, r.Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s measures\n%v, want\n%v", name, got, want)
		}
	}
}

func TestEverySystemSaysWhatItIs(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range all.Specs() {
		if seen[s.Name] || s.About == "" || s.Open == nil {
			t.Errorf("%+v", s)
		}
		seen[s.Name] = true
	}
	if len(all.Children()) < 4 { // bare, asynq, river and at least one for the actors
		t.Errorf("children: %v", all.Children())
	}
}

// A full run of everything has to fit in an hour and a half, and this part in less than half of it.
func TestAFullRunFits(t *testing.T) {
	t.Setenv("BENCH_LONG", "")
	if takes := pipeline.Takes(all.Specs()); takes > 40*time.Minute || takes < 10*time.Minute {
		t.Errorf("the full run is forecast to take %v", takes)
	} else {
		t.Logf("the full run is forecast to take %v", takes)
	}
}
