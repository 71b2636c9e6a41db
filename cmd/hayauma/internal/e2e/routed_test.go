package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// routed is a fleet whose NATS servers are in its nodes.
type routed struct {
	t       testing.TB
	dir     string
	routes  []string
	listens []string // of the APIs
	nodes   []*process
}

func newRouted(t testing.TB) *routed {
	return &routed{
		t: t, dir: t.TempDir(), routes: freePorts(t, "127.0.0.1", 3), listens: freePorts(t, "127.0.0.1", 3), nodes: make([]*process, 3),
	}
}

// launch starts a node and doesn't wait for it: it may wait for others.
func (r *routed) launch(i int) {
	r.t.Helper()
	r.nodes[i] = launch(r.t, nil, nil, append([]string{binary(r.t)}, r.args(fmt.Sprint("n", i), r.listens[i], r.routes[i])...)...)
	r.nodes[i].url = "http://" + r.listens[i]
}

func (r *routed) args(name, listen, route string) []string {
	return []string{"serve", "--data", filepath.Join(r.dir, name+"-"+filepath.Base(route)), "--listen", listen, "--node", name, "--cluster-listen", "127.0.0.1:0",
		"--nats-cluster-listen", route, "--nats-routes", strings.Join(r.routes, ",")}
}

// settle waits until every node that lives sees as many active ones.
func (r *routed) settle(many int) {
	r.t.Helper()
	for end := time.Now().Add(startFor); ; time.Sleep(50 * time.Millisecond) {
		settled := true
		for _, n := range r.nodes {
			if !n.alive() {
				continue
			}
			s, err := n.status()
			active := 0
			for _, m := range s.Members {
				if m.Condition == "active" {
					active++
				}
			}
			settled = settled && err == nil && active == many && len(s.Members) == many
		}
		if settled {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("not settled: %s", r.said())
		}
	}
}

func (r *routed) said() string {
	var b strings.Builder
	for i, n := range r.nodes {
		if n != nil {
			fmt.Fprintf(&b, "--- n%d\n%s\n", i, tail(n.said()))
		}
	}
	return b.String()
}

// warnings are what the nodes have warned of.
func (r *routed) warnings() []string {
	var all []string
	for i, n := range r.nodes {
		for _, line := range regexp.MustCompile(`(?m)^.*level=(WARN|ERROR).*$`).FindAllString(n.said(), -1) {
			all = append(all, fmt.Sprintf("n%d: %s", i, line))
		}
	}
	return all
}

// stopAll stops every node at once, and wants each to end well.
func (r *routed) stopAll() {
	r.t.Helper()
	began := time.Now()
	for _, n := range r.nodes {
		_ = n.cmd.Process.Signal(syscall.SIGTERM)
	}
	for i, n := range r.nodes {
		n.wait(deathFor)
		if code := n.cmd.ProcessState.ExitCode(); code != 0 {
			r.t.Errorf("n%d ends with %d: %s", i, code, tail(n.said()))
		}
	}
	r.t.Logf("figure: all of three nodes stop at once in %.1f s", time.Since(began).Seconds())
}

// kindsOf are what nodes warn of: one word on many shards may come in several lines.
func kindsOf(warnings []string) map[string]bool {
	kinds := map[string]bool{}
	for _, line := range warnings {
		node, _, _ := strings.Cut(line, ":")
		_, rest, _ := strings.Cut(line, `msg="`)
		msg, _, _ := strings.Cut(rest, `"`)
		kinds[node+" "+msg] = true
	}
	return kinds
}

// TestRoutedFleetStartsAndStops: nodes with servers of their own wait for each other and say for whom, refuse a second one of a name without
// a tremor, warn of nothing where one leaves and comes back in order, and all stop at once without a failure, and come again.
func TestRoutedFleetStartsAndStops(t *testing.T) {
	t.Parallel()
	r := newRouted(t)
	r.launch(0)
	r.launch(1)
	missing := r.routes[2] + ": connection refused"
	for end := time.Now().Add(startFor); ; time.Sleep(50 * time.Millisecond) { // two of three would do later, never at the very first start
		if said := readiness(r.nodes[0].url); strings.Contains(said, "waiting for NATS: 2 of 3 servers reached ("+missing+")") {
			break
		} else if time.Now().After(end) {
			t.Fatalf("ready is %s\n%s", said, r.said())
		}
	}
	r.launch(2)
	r.settle(3)

	began := time.Now()
	own := freePorts(t, "127.0.0.1", 1)[0]
	second := &routed{dir: r.dir, routes: []string{r.routes[0], r.routes[1], own}}
	twin := command(t, nil, second.args("n1", "127.0.0.1:0", own)...)
	if twin.code == 0 || !strings.Contains(twin.stderr, "another live node has this name") || !strings.Contains(twin.stderr, "n1 answers at "+r.routes[1]) {
		t.Errorf("a second n1: %+v", twin)
	}
	t.Logf("figure: a second node of a name is refused after %.2f s", time.Since(began).Seconds())

	r.nodes[2].stop()
	r.settle(2)
	before := r.nodes[2].said()
	r.launch(2)
	r.settle(3)
	if all := r.warnings(); len(kindsOf(all)) > 6 || strings.Contains(before, "level=ERROR") { // a server of NATS may warn of a slow election
		t.Errorf("%d warnings of a start, and of a node that leaves and comes in order:\n%s", len(all), strings.Join(all, "\n"))
	} else {
		t.Logf("figure: %d warnings\n%s", len(all), strings.Join(all, "\n"))
	}

	r.stopAll()
	for i := range r.nodes {
		r.launch(i)
	}
	r.settle(3)
	for _, i := range []int{1, 2} {
		r.nodes[i].kill()
	}
	began = time.Now()
	r.nodes[0].stop()
	took := time.Since(began)
	t.Logf("figure: the last of three nodes stops without a quorum in %.1f s", took.Seconds())
	if code := r.nodes[0].cmd.ProcessState.ExitCode(); code != 0 || took > 8*time.Second || !strings.Contains(r.nodes[0].said(), "stopped without NATS quorum") {
		t.Errorf("the last ends with %d after %v: %s", code, took, tail(r.nodes[0].said()))
	}
}

// readiness is why a node is not ready.
func readiness(url string) string {
	body, err := get(url + "/readyz")
	if err != nil {
		return err.Error()
	}
	_ = body.Close()
	return "ready"
}
