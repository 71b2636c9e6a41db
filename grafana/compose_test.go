package grafana_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestComposeFits: what the compose file mounts is there, and its daemons are where Prometheus looks for them, with the token that it has.
// Docker itself is needed to run it, and no gate does.
func TestComposeFits(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Command     []string
			Volumes     []string
			Environment map[string]string
		}
	}
	var prometheus struct {
		ScrapeConfigs []struct {
			Authorization struct{ Credentials string }
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	read(t, "compose.yaml", &compose)
	read(t, "prometheus.yml", &prometheus)
	var listens []string
	for name, s := range compose.Services {
		for _, v := range s.Volumes {
			if from, _, _ := strings.Cut(v, ":"); strings.HasPrefix(from, ".") {
				if _, err := os.Stat(from); err != nil {
					t.Errorf("%s mounts %v", name, err)
				}
			}
		}
		if len(s.Command) > 0 && s.Command[0] == "serve" {
			at := s.Command[slices.Index(s.Command, "--listen")+1]
			listens = append(listens, strings.Replace(at, "0.0.0.0", "127.0.0.1", 1))
			if s.Environment["HAYAUMA_TOKEN"] != prometheus.ScrapeConfigs[0].Authorization.Credentials {
				t.Errorf("%s has another token than Prometheus", name)
			}
		}
	}
	slices.Sort(listens)
	if targets := prometheus.ScrapeConfigs[0].StaticConfigs[0].Targets; len(listens) != 3 || !slices.Equal(listens, targets) {
		t.Errorf("daemons at %v, Prometheus looks at %v", listens, targets)
	}
	script, err := os.ReadFile("../examples/see-it.sh")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`--listen "127\.0\.0\.1:848\$n"`).Match(script) {
		t.Error("examples/see-it.sh starts its nodes elsewhere")
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
