package live

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// world is a simulator, three nodes with their own NATS servers, and what is sent.
type world struct {
	t       *testing.T
	dir     string
	program string
	sim     *process
	simURL  string
	nodes   [3]*process
	listens [3]string
	routes  [3]string
	hook    *httptest.Server
}

// whsec is a signing secret as Standard Webhooks wants it.
const whsec = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir()}
	w.program = build(t)
	address := freePort(t)
	w.simURL = "http://" + address
	w.sim = launch(t, nil, w.program, "line-sim", "--listen", address, "--limits", "off", "--faults", "latency=20ms")
	for i := range w.nodes {
		w.listens[i], w.routes[i] = freePort(t), freePort(t)
	}
	w.hook = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(w.hook.Close)
	for i := range w.nodes {
		w.serve(i)
	}
	w.ready()
	return w
}

// build makes the daemon with drills, unless HAYAUMA_PROGRAM names one.
func build(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("HAYAUMA_PROGRAM"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "hayauma")
	cmd := exec.Command("go", "build", "-tags", "crashpoints", "-o", path, "./cmd/hayauma")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func (w *world) drillFile(i int) string { return filepath.Join(w.dir, fmt.Sprint("drill", i+1)) }

// drill has a node make faults.
func (w *world) drill(i int, faults string) {
	w.t.Helper()
	if err := os.WriteFile(w.drillFile(i), []byte(faults), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) serve(i int) {
	name := fmt.Sprint("node", i+1)
	w.nodes[i] = launch(w.t, []string{"SHOP_TOKEN=any", "HOOK_SECRET=" + whsec, "HAYAUMA_DRILL=" + w.drillFile(i)}, w.program, "serve", "--node", name,
		"--data", filepath.Join(w.dir, name), "--listen", w.listens[i], "--cluster-listen", "127.0.0.1:0",
		"--nats-cluster-listen", w.routes[i], "--nats-routes", strings.Join(w.routes[:], ","))
}

// ready waits until every node takes work.
func (w *world) ready() {
	w.t.Helper()
	await(w.t, 90*time.Second, "all nodes are ready", func() bool {
		for i := range w.nodes {
			resp, err := http.Get("http://" + w.listens[i] + "/readyz")
			if err != nil {
				return false
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return false
			}
		}
		return true
	})
}

// cli runs a command of the daemon's on node 1.
func (w *world) cli(args ...string) {
	w.t.Helper()
	cmd := exec.Command(w.program, args...)
	cmd.Env = append(environment(), "HAYAUMA_SERVER=http://"+w.listens[0])
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

func (w *world) channel(name, limits string) {
	w.cli("channel", "add", name, "--endpoint", w.simURL, "--token-env", "SHOP_TOKEN", "--limits", limits)
}

// submit sends a campaign to n users, from first on; more is the rest of its definition.
func (w *world) submit(name, channel, text string, first, n int, more string) {
	w.t.Helper()
	file, audience := filepath.Join(w.dir, name+".yaml"), filepath.Join(w.dir, name+".csv")
	definition := fmt.Sprintf("name: %s\nchannel: %s\nmessages: [{type: text, text: %q}]\n%s", name, channel, text, more)
	var b strings.Builder
	b.WriteString("user_id,name\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,friend %d\n", user(first+i), i)
	}
	fmt.Fprintf(&b, "%s,twice\n", user(first))
	for path, text := range map[string]string{file: definition, audience: b.String()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.cli("campaign", "submit", "-f", file, "--audience", audience)
}

func user(i int) string { return fmt.Sprintf("U%032x", i) }

// order tells the simulator what goes wrong.
func (w *world) order(path, text string) {
	w.t.Helper()
	resp, err := http.Post(w.simURL+path, "text/plain", strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		w.t.Fatalf("%s %q: %s", path, text, resp.Status)
	}
}

func (w *world) freeze(nodes ...int) {
	for _, i := range nodes {
		w.nodes[i].signal(syscall.SIGSTOP)
	}
}

func (w *world) thaw(nodes ...int) {
	for _, i := range nodes {
		w.nodes[i].signal(syscall.SIGCONT)
	}
}
