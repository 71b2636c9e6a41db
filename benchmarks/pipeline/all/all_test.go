package all_test

import (
	"slices"
	"testing"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/all"
)

func rows(t *testing.T, name string) []string {
	t.Helper()
	experiments := all.Part().Experiments
	i := slices.IndexFunc(experiments, func(e experiment.Experiment) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("there is no experiment %s", name)
	}
	var names []string
	for _, r := range experiments[i].Rows {
		names = append(names, r.Name)
	}
	return names
}

// The pipeline names rows that packages beside it have: under another name they would silently be left out, or never be skipped.
func TestNamedRowsAreThere(t *testing.T) {
	fast := []string{pipeline.Shipped, pipeline.ShippedMemory, pipeline.Bare, "chan", "protoactor", "hollywood", "asynq", "river", "php"}
	for name, want := range map[string][]string{
		"pipeline-push-2k-0ms-off":     fast,
		"pipeline-kill":                fast,
		"pipeline-push-10k-20ms-off":   slices.Concat([]string{pipeline.Shipped, pipeline.ShippedLikePeers}, fast[1:], []string{"php-128"}),
		"pipeline-push-100k-100ms-off": {pipeline.Shipped, pipeline.ShippedLikePeers, pipeline.Bare, "chan", "river", "php"},
		"pipeline-push-1m-20ms-off":    {pipeline.Shipped, "chan", "protoactor", "asynq", "river", "php", "php-128"},
		"pipeline-cpu":                 {pipeline.Shipped, pipeline.ShippedMemory, pipeline.Bare},
		"pipeline-kill-short":          {pipeline.Shipped, pipeline.Bare},
	} {
		if got := rows(t, name); !slices.Equal(got, want) {
			t.Errorf("%s has the rows\n%v, want\n%v", name, got, want)
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
