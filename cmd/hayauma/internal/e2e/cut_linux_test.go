package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// TestFleetCuts runs campaigns through cuts of the network, each node in a namespace of its own. mTLS is on: what isn't loopback asks
// for it.
func TestFleetCuts(t *testing.T) {
	times, nodes := number(t, "HAYAUMA_FAILOVERS", 1), number(t, "HAYAUMA_NODES", 3)
	net := newNetwork(t, nodes)
	f := &fleet{world: newWorldAt(t, net.hub(), "--faults", "latency=20ms")}
	f.tells = f.tellsAll
	f.nats = startNATS(t, f.dir, net.nats())
	certs := filepath.Join(f.dir, "certs")
	for i, r := range all(nodes) {
		n := &node{
			name: fmt.Sprint("n", i), roles: r, host: net.node(i), listen: net.node(i) + ":8484", env: append([]string{"HAYAUMA_TOKEN=" + apiToken}, tokenEnv...),
			within: func(args []string) []string { return net.within(i, args) },
		}
		if r := command(t, nil, "cluster", "certs", certs, "--node", n.name, "--host", n.host); r.code != 0 {
			t.Fatalf("cluster certs: %+v", r)
		}
		n.flags = []string{
			"--cluster-ca", filepath.Join(certs, "ca.pem"), "--cluster-cert", filepath.Join(certs, n.name+".pem"),
			"--cluster-key", filepath.Join(certs, n.name+"-key.pem"),
		}
		f.nodes = append(f.nodes, n)
	}
	f.startAll()
	others := func(v int) (addresses []string) {
		for i := range f.nodes {
			if i != v {
				addresses = append(addresses, net.node(i))
			}
		}
		return addresses
	}
	servers := net.nats()
	everything := func(v int) []string { return append(append(others(v), servers[:]...), net.hub()) }
	cut := func(to func(v int) []string) (hit, heal func(*fleet, int)) {
		return func(_ *fleet, v int) { net.cut(v, to(v)...) }, func(_ *fleet, v int) { net.heal(v, to(v)...) }
	}
	cuts := []fault{
		{name: "cut from NATS", must: 2500 * time.Millisecond, hold: 4 * time.Second},
		{name: "cut from the other nodes", hold: 3 * time.Second},
		{name: "cut from everything, as by power loss", must: 2500 * time.Millisecond, hold: 4 * time.Second},
	}
	cuts[0].hit, cuts[0].heal = cut(func(int) []string { return servers[:] })
	cuts[1].hit, cuts[1].heal = cut(others)
	cuts[2].hit, cuts[2].heal = cut(everything)
	f.suffer(cuts, times)
}
