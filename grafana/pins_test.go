package grafana_test

import (
	"os"
	"regexp"
	"testing"
)

var requirement = regexp.MustCompile(`(?m)^(?:require )?\s*([a-z][\w./-]+\.[\w./-]+) (v[\w.+-]+)`)

func required(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, m := range requirement.FindAllStringSubmatch(string(text), -1) {
		versions[m[1]] = m[2]
	}
	return versions
}

// TestPinsEqualTheRootModules: what both modules need they need in one version, and the generator's library is the one that is pinned.
func TestPinsEqualTheRootModules(t *testing.T) {
	root, here := required(t, "../go.mod"), required(t, "go.mod")
	shared := 0
	for path, version := range here {
		if want, ok := root[path]; ok {
			shared++
			if version != want {
				t.Errorf("%s is %s here and %s in the root module", path, version, want)
			}
		}
	}
	if shared == 0 || here["github.com/grafana/grafana-foundation-sdk/go"] != "v0.0.18" {
		t.Errorf("%d shared, %v", shared, here)
	}
}
