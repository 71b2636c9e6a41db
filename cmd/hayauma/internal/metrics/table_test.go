package metrics_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"hayauma.example/cmd/hayauma/internal/metrics"
)

var rewrite = flag.Bool("rewrite", false, "write the table of metrics anew")

// TestTableIsUpToDate compares METRICS.md with the catalogue.
func TestTableIsUpToDate(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Metrics\n\nEvery metric of the daemon's own, as `/metrics` tells it. Made by `go test ./cmd/hayauma/internal/metrics -rewrite`; don't edit.\n" +
		"Go's runtime and the process have theirs as everywhere (`go_…`, `process_…`). A channel beyond the first 500 is counted as `other`.\n" +
		"Histograms have classic buckets, and native ones (powers of two) for a Prometheus that asks for them.\n")
	group := ""
	for _, m := range metrics.Catalogue() {
		if m.Group != group {
			group = m.Group
			fmt.Fprintf(&b, "\n## %s\n\n| Name | Type | Labels | Meaning |\n|---|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, strings.Join(m.Labels, ", "), strings.ReplaceAll(m.Help, "|", `\|`))
	}
	if *rewrite {
		if err := os.WriteFile("METRICS.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile("METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(stored) != b.String() {
		t.Error("METRICS.md isn't what the catalogue says: run this test with -rewrite")
	}
}

// TestCatalogueAndRegistryAgree: what is named is described once, and nothing else is.
func TestCatalogueAndRegistryAgree(t *testing.T) {
	described := map[string]int{}
	descs := make(chan *prometheus.Desc, 1000)
	full(t).Describe(descs)
	close(descs)
	for d := range descs {
		_, rest, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ := strings.Cut(rest, `"`)
		if strings.HasPrefix(name, "hayauma_") {
			described[name]++
		}
	}
	names := metrics.Names()
	for _, name := range names {
		if described[name] != 1 {
			t.Errorf("%s is described %d times", name, described[name])
		}
	}
	for name := range described {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in the catalogue", name)
		}
	}
	if compact := slices.Compact(slices.Clone(names)); len(compact) != len(names) {
		t.Error("a name stands in the catalogue twice")
	}
}
