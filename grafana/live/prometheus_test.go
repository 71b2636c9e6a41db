package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hayauma.example/grafana/board"
	"hayauma.example/grafana/draw"
)

// scale is how much faster the rules are than real ones.
const scale = 60

// The intervals of scrapes and of evaluations. A node whose store doesn't answer takes a second for a scrape.
const (
	scrape   = "1500ms"
	evaluate = "500ms"
)

// server is a Prometheus.
type server struct {
	*process
	draw.Source
}

// prometheus starts one that scrapes the targets.
func prometheus(t *testing.T, dir string, targets []string) *server {
	t.Helper()
	rules, err := board.Rules{Scale: scale, Places: board.Home}.YAML()
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("global: {scrape_interval: %s, scrape_timeout: %s, evaluation_interval: %s}\nrule_files: [rules.yml]\nscrape_configs:\n"+
		"- job_name: hayauma\n  static_configs: [{targets: [\"%s\"]}]\n", scrape, scrape, evaluate, strings.Join(targets, `", "`))
	for name, text := range map[string]string{"rules.yml": string(rules), "prometheus.yml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address := freePort(t)
	p := launch(t, nil, "prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "tsdb"),
		"--web.listen-address="+address, "--log.level=warn")
	s := &server{p, draw.Source{URL: "http://" + address}}
	await(t, 30*time.Second, "Prometheus is ready", func() bool {
		resp, err := http.Get(s.URL + "/-/ready")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode == http.StatusOK
	})
	return s
}

// alert is one that Prometheus has now.
type alert struct {
	Labels map[string]string `json:"labels"`
	State  string            `json:"state"`
}

func (s *server) alerts(t *testing.T) []alert {
	t.Helper()
	resp, err := http.Get(s.URL + "/api/v1/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct{ Alerts []alert }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data.Alerts
}

// firing tells whether an alert with these labels fires.
func (s *server) firing(t *testing.T, name string, labels map[string]string) bool {
	t.Helper()
	for _, a := range s.alerts(t) {
		same := a.State == "firing" && a.Labels["alertname"] == "Hayauma"+name
		for k, v := range labels {
			same = same && a.Labels[k] == v
		}
		if same {
			return true
		}
	}
	return false
}

// value is the sum of what an expression gives now.
func (s *server) value(t *testing.T, expr string) (sum float64) {
	t.Helper()
	resp, err := http.Get(s.URL + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, r := range answer.Data.Result {
		var v float64
		if _, err := fmt.Sscan(fmt.Sprint(r.Value[1]), &v); err == nil {
			sum += v
		}
	}
	return sum
}

// await waits until a condition holds; what takes longer fails the test.
func await(t *testing.T, most time.Duration, what string, holds func() bool) {
	t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > most {
			t.Fatalf("after %v it is still not so that %s", most, what)
		}
		time.Sleep(200 * time.Millisecond)
	}
}
