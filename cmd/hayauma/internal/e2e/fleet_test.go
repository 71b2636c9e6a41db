package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fleet is a world of several daemons on three NATS servers. The world's daemon is the one that is asked.
type fleet struct {
	*world
	nats  *natsServers
	nodes []*node
}

// node is one place in the fleet, and the process that has it now.
type node struct {
	name, roles string
	host        string
	listen      string                       // of the API, always the same: a node that joins again is found there
	within      func(args []string) []string // where the process runs; nil: here
	env, flags  []string
	process     *process
}

// newFleet starts three NATS servers, a simulator, and a daemon for each list of roles, all on loopback.
func newFleet(t testing.TB, roles []string, simFlags ...string) *fleet {
	t.Helper()
	return newFleetOf(t, roles, nil, simFlags...)
}

// newFleetOf gives every node some flags.
func newFleetOf(t testing.TB, roles, flags []string, simFlags ...string) *fleet {
	t.Helper()
	f := &fleet{world: newWorld(t, simFlags...)}
	f.tells = f.tellsAll
	f.nats = startNATS(t, f.dir, [3]string{"127.0.0.1", "127.0.0.1", "127.0.0.1"})
	for i, r := range roles {
		f.nodes = append(f.nodes, &node{
			name: fmt.Sprint("n", i), roles: r, host: "127.0.0.1", listen: freePorts(t, "127.0.0.1", 1)[0], env: tokenEnv, flags: flags,
		})
	}
	f.startAll()
	return f
}

// all is n nodes that carry every role.
func all(n int) []string { return strings.Split(strings.Repeat("all,", n)[:4*n-1], ",") }

// startAll starts every node, waits until all of them are members, and adds the channel.
func (f *fleet) startAll() {
	f.t.Helper()
	for i := range f.nodes {
		f.serve(i)
	}
	f.use(0)
	f.settle()
	if r := f.addChannel(channel); r.code != 0 {
		f.t.Fatalf("channel add: %+v", r)
	}
}

// serve starts a node's process; the node's name and its data directory stay.
func (f *fleet) serve(i int) {
	f.t.Helper()
	n := f.nodes[i]
	args := append([]string{binary(f.t), "serve", "--data", filepath.Join(f.dir, n.name), "--listen", n.listen, "--node", n.name,
		"--cluster-listen", n.host + ":0", "--nats", f.nats.url(), "--nats-replicas", "3", "--log-level", "debug"}, n.flags...)
	if n.within != nil {
		args = n.within(args)
	}
	if n.process != nil {
		n.keep()
	} else {
		f.t.Cleanup(n.keep)
	}
	n.process = start(f.t, append([]string{"NODE_TYPE=" + n.roles}, n.env...), args...)
	if n.process.url == "" {
		f.t.Fatalf("%s does not start: %s", n.name, tail(n.process.said()))
	}
}

// keep writes what a node's process has said to a file below HAYAUMA_LOGS, if that is set.
func (n *node) keep() {
	if dir := os.Getenv("HAYAUMA_LOGS"); dir != "" {
		name := fmt.Sprintf("%s-%d.log", n.name, n.process.cmd.Process.Pid)
		_ = os.WriteFile(filepath.Join(dir, name), []byte(n.process.said()), 0o600) // it is for people to look at
	}
}

// use says which node is asked from now on.
func (f *fleet) use(i int) { f.daemon = f.nodes[i].process }

// status is GET /v1/cluster, as far as it is looked at here.
type status struct {
	Epoch   int `json:"epoch"`
	Members []struct {
		Node        string   `json:"node"`
		Incarnation string   `json:"incarnation"`
		Roles       []string `json:"roles"`
		Condition   string   `json:"condition"`
	} `json:"members"`
	Shards []struct {
		Role  string `json:"role"`
		Shard int    `json:"shard"`
		Owner string `json:"owner"` // node
		Phase string `json:"phase"` // of the asked node's own
	} `json:"shards"`
}

func (p *process) status() (s status, err error) {
	body, err := get(p.url + "/v1/cluster")
	if err != nil {
		return s, err
	}
	defer body.Close()
	return s, json.NewDecoder(body).Decode(&s)
}

// settle waits until every live node sees every live node active, and owns all that is its own.
func (f *fleet) settle() {
	f.t.Helper()
	deadline := time.Now().Add(startFor)
	for {
		why := f.unsettled()
		if why == "" {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("the fleet is not settled within %v: %s\n%s", startFor, why, f.said())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (f *fleet) unsettled() string {
	alive := map[string]bool{}
	for _, n := range f.nodes {
		alive[n.name] = n.process.alive()
	}
	for _, n := range f.nodes {
		if !alive[n.name] {
			continue
		}
		s, err := n.process.status()
		if err != nil {
			return fmt.Sprintf("%s: %v", n.name, err)
		}
		active := 0
		for _, m := range s.Members {
			if m.Condition == "active" && alive[m.Node] {
				active++
			} else {
				return fmt.Sprintf("%s sees %s %s", n.name, m.Node, m.Condition)
			}
		}
		for name, lives := range alive {
			if lives {
				active--
				_ = name
			}
		}
		if active != 0 {
			return fmt.Sprintf("%s sees %d members", n.name, len(s.Members))
		}
		for _, sh := range s.Shards {
			if sh.Owner == n.name && sh.Phase != "owned" {
				return fmt.Sprintf("%s: shard %s/%d is %s", n.name, sh.Role, sh.Shard, sh.Phase)
			}
		}
	}
	return ""
}

// said is the end of what each node has said.
func (f *fleet) said() string {
	var b strings.Builder
	for _, n := range f.nodes {
		fmt.Fprintf(&b, "--- %s\n%s\n", n.name, tail(n.process.said()))
	}
	return b.String()
}

// tellsAll is what the nodes have said, and what waits in them.
func (f *fleet) tellsAll() string {
	var b strings.Builder
	b.WriteString(f.said())
	for _, n := range f.nodes {
		body, err := get(n.process.url + "/metrics")
		if err != nil {
			fmt.Fprintf(&b, "--- %s tells no figures: %v\n", n.name, err)
			continue
		}
		figures, err := io.ReadAll(body)
		_ = body.Close()
		fmt.Fprintf(&b, "--- %s, %v\n%s\n", n.name, err, bytes.Join(counts.FindAll(figures, -1), []byte("\n")))
	}
	return b.String()
}

// counts are figures of what waits and of who has what, those that are not 0.
var counts = regexp.MustCompile(`(?m)^hayauma_(?:actor_(?:mailbox_messages|active|held)|cluster_shards|cluster_detour)[^\n]* [1-9][^\n]*$`)

// end waits for the mailings' ends, and has them judged. Every node must say the same.
func (f *fleet) end(all []*mailing) (unknown int) {
	f.t.Helper()
	for _, m := range all {
		s := f.finish(m)
		if s.State != "finished" || s.Pending != 0 {
			f.t.Errorf("%s ends as %+v\n%s", m.name, s, f.said())
		}
		if err := f.judge(m, s); err != nil {
			f.t.Errorf("%v\n%+v\n%s", err, s, f.said())
		}
		f.blame(m, s)
		unknown += s.Unknown
		for i, n := range f.nodes {
			f.use(i)
			o, err := f.show(m.id)
			for late := time.Now().Add(startFor); n.process.alive() && err != nil && time.Now().Before(late); o, err = f.show(m.id) {
				time.Sleep(50 * time.Millisecond) // it is just joining again: its port is closed for a moment
			}
			if n.process.alive() && (err != nil || o.Delivered != s.Delivered || o.State != s.State) {
				f.t.Errorf("%s says %+v of %s, %v; another %+v", n.name, o, m.name, err, s)
			}
		}
		f.use(0)
	}
	if f.t.Failed() {
		f.t.FailNow()
	}
	return unknown
}

// TestFleetSends submits to each of three nodes, and reads at each.
func TestFleetSends(t *testing.T) {
	f := newFleet(t, all(3), "--faults", "latency=5ms,500-after=0.01,seed=1")
	var mailings []*mailing
	for i := range f.nodes {
		f.use(i)
		pair := f.pair(i)
		f.submitAll(pair)
		mailings = append(mailings, pair...)
	}
	f.use(0)
	f.end(mailings)
}

// TestFleetOfRoles gives each role to a node of its own, and one kind's role to nobody for a while.
func TestFleetOfRoles(t *testing.T) {
	t.Parallel()
	f := newFleet(t, []string{"composer", "poster", "checker"})
	pair := f.pair(0)
	f.submitAll(pair)
	f.end(pair)

	f.nodes[2].process.kill() // the only checker
	pair = f.pair(1)
	f.submitAll(pair)
	f.await(pair[0].id, "waiting for a checker", func(s shown) bool { return strings.Contains(s.Reason, "checker") })
	f.serve(2)
	f.settle()
	f.end(pair)
}

// TestRollingRestart stops and starts one node after the other while campaigns run: nothing is lost, and nothing is in doubt.
func TestRollingRestart(t *testing.T) {
	f := newFleet(t, all(3), "--faults", "latency=20ms")
	f.limits = "push=300,multicast=5"
	if r := f.addChannel(channel); r.code != 0 {
		t.Fatalf("channel add: %+v", r)
	}
	mailings := []*mailing{f.personalised("rolling one", 3000), f.uniform("rolling all", 30_000)}
	f.submitAll(mailings)
	for i := range f.nodes {
		f.use((i + 1) % len(f.nodes))
		began := time.Now()
		f.nodes[i].process.stop()
		t.Logf("figure: a node of three stops in %.2f s", time.Since(began).Seconds())
		if code := f.nodes[i].process.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("%s ends with %d\n%s", f.nodes[i].name, code, tail(f.nodes[i].process.said()))
		}
		f.serve(i)
		f.settle()
	}
	f.use(0)
	if unknown := f.end(mailings); unknown > 0 {
		t.Errorf("%d recipients are unknown after a planned restart", unknown)
	}
}
