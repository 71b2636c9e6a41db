package grafana_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/grafana/board"
)

// TestGeneratedIsCommitted: what the generator makes is what is there, and nothing else is.
func TestGeneratedIsCommitted(t *testing.T) {
	files, err := board.Files(board.Rules{Scale: 1, Places: board.Home})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator makes: go generate (%v)", name, err)
		}
	}
	for _, dir := range []string{"dashboards", "rules"} {
		there, err := filepath.Glob(dir + "/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range there {
			if files[filepath.ToSlash(name)] == nil {
				t.Errorf("%s is not generated", name)
			}
		}
	}
}

// promtool runs Debian's, and skips where there is none.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed (Debian package prometheus)")
	}
	if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtoolTakesRulesAndConfiguration(t *testing.T) {
	promtool(t, "check", "config", "prometheus.yml") // with the rules that it names
}

// TestRules plays each alert in real durations: quiet, fires, clears.
func TestRules(t *testing.T) { promtool(t, "test", "rules", "rules/tests.yml") }

// TestScaledRules: those of the proof are rules too.
func TestScaledRules(t *testing.T) {
	text, err := board.Rules{Scale: 60, Places: board.Home}.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "[5s]") || !strings.Contains(string(text), "for: 10s") || !strings.Contains(string(text), `le="1.024"`) {
		t.Errorf("durations are not scaled:\n%s", text)
	}
	path := filepath.Join(t.TempDir(), "scaled.yml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}

// TestExpressionsAreExpressions: promtool reads every panel's, as rules, with the variables filled in.
func TestExpressionsAreExpressions(t *testing.T) {
	var rules strings.Builder
	rules.WriteString("groups:\n- name: panels\n  rules:\n")
	for _, d := range board.Dashboards() {
		for p := range d.Panels {
			for _, q := range p.Queries {
				rules.WriteString("  - record: panel\n    labels: {at: " + quote(d.UID+" "+p.Title+" "+q.Legend) + "}\n    expr: " + quote(board.Fill(q.Expr, "1m")) + "\n")
			}
		}
	}
	path := filepath.Join(t.TempDir(), "panels.yml")
	if err := os.WriteFile(path, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
