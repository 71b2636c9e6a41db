package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// network is a bridge with one network namespace for each node, so that single ways between processes can be cut. Addresses are
// PREFIX.1 for the test and the simulator, PREFIX.2 to .4 for NATS, PREFIX.11 and on for nodes.
type network struct {
	t      testing.TB
	bridge string
	prefix string
	nodes  []string // namespaces
}

// newNetwork makes the network, or skips the test where that isn't permitted.
func newNetwork(t testing.TB, nodes int) *network {
	t.Helper()
	n := &network{t: t, bridge: fmt.Sprintf("hym%d", os.Getpid()%100_000), prefix: fmt.Sprintf("10.%d.%d", 64+os.Getpid()/250%64, os.Getpid()%250)}
	if out, err := ip("link", "add", n.bridge, "type", "bridge"); err != nil {
		t.Skipf("network namespaces can't be made here: ip link add: %v: %s", err, out)
	}
	t.Cleanup(func() { _, _ = ip("link", "del", n.bridge) })
	for host := range 4 {
		n.must("addr", "add", fmt.Sprintf("%s.%d/24", n.prefix, host+1), "dev", n.bridge)
	}
	n.must("link", "set", n.bridge, "up")
	for i := range nodes {
		n.join(i)
	}
	return n
}

func (n *network) join(i int) {
	n.t.Helper()
	space, inside, outside := fmt.Sprint(n.bridge, "n", i), "eth0", fmt.Sprint(n.bridge, "v", i)
	if out, err := ip("netns", "add", space); err != nil {
		n.t.Skipf("network namespaces can't be made here: ip netns add: %v: %s", err, out)
	}
	n.t.Cleanup(func() { _, _ = ip("netns", "del", space) })
	n.must("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", space)
	n.must("link", "set", outside, "master", n.bridge, "up")
	n.must("-n", space, "addr", "add", n.node(i)+"/24", "dev", inside)
	n.must("-n", space, "link", "set", inside, "up")
	n.must("-n", space, "link", "set", "lo", "up")
	n.nodes = append(n.nodes, space)
}

func (n *network) must(args ...string) {
	n.t.Helper()
	if out, err := ip(args...); err != nil {
		n.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func ip(args ...string) ([]byte, error) { return exec.Command("ip", args...).CombinedOutput() }

// hub is the address of the test and the simulator.
func (n *network) hub() string { return n.prefix + ".1" }

// nats are the addresses of the NATS servers.
func (n *network) nats() [3]string {
	return [3]string{n.prefix + ".2", n.prefix + ".3", n.prefix + ".4"}
}

// node is the address of a node.
func (n *network) node(i int) string { return fmt.Sprint(n.prefix, ".", 11+i) }

// within is a command as a node runs it.
func (n *network) within(i int, args []string) []string {
	return append([]string{"ip", "netns", "exec", n.nodes[i]}, args...)
}

// cut has a node's packets to these addresses vanish.
func (n *network) cut(i int, addresses ...string) { n.routes("add", i, addresses) }

// heal ends a cut.
func (n *network) heal(i int, addresses ...string) { n.routes("del", i, addresses) }

func (n *network) routes(verb string, i int, addresses []string) {
	n.t.Helper()
	for _, a := range addresses {
		n.must("-n", n.nodes[i], "route", verb, "blackhole", a+"/32")
	}
}
