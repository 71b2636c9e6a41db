package enginetest

import (
	"cmp"
	"slices"
	"sync"
	"testing"
	"time"

	"hayauma.example/engine"
)

// Network is a network in memory: members that join it are given their packets late, in the order of each lane, and once, also when
// connections break. Everything happens at exact times of a testing/synctest bubble's clock; nothing blocks on anything but it.
//
// A packet arrives latency and a random part of jitter after its Send, but not before the one sent before it; its acknowledgement
// takes as long back. Two members that have each other in their views are connected. A connection that was reset, or that a cut
// has silenced, is made again in a round trip, and brings all that was not acknowledged: the receiver drops what it has had.
type Network struct {
	t    testing.TB
	mu   sync.Mutex // guards what follows, and all of its members; not held while a Receiver is called
	idle *sync.Cond // tells that a Receive has returned

	seed            uint64
	latency, jitter time.Duration
	backlog         int
	members         map[string]*Member
	cuts            map[way]bool
	wires           map[lane]*wire
}

// way is one direction between two members.
type way struct{ from, to string }

// lane is one lane of a way.
type lane struct {
	way
	engine.Lane
}

// NewNetwork makes one without latency. Seed 0 takes that of [Rand], which is printed when the test fails.
func NewNetwork(t testing.TB, seed uint64) *Network {
	t.Helper()
	n := &Network{
		t: t, seed: seed, backlog: 16 << 20,
		members: map[string]*Member{}, cuts: map[way]bool{}, wires: map[lane]*wire{},
	}
	if seed == 0 {
		_, n.seed = Rand(t)
	}
	n.idle = sync.NewCond(&n.mu)
	return n
}

// SetLatency says how long packets take that are sent from now on.
func (n *Network) SetLatency(latency, jitter time.Duration) {
	n.locked(func() { n.latency, n.jitter = latency, jitter })
}

// SetBacklog says how many bytes a lane to a member may hold unacknowledged: 16 MiB unless it is called.
func (n *Network) SetBacklog(bytes int) { n.locked(func() { n.backlog = bytes }) }

func (n *Network) locked(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

// Join adds a member, which has no peers yet.
func (n *Network) Join(incarnation string) *Member {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.members[incarnation] != nil {
		n.t.Fatalf("enginetest: a second member %s", incarnation)
	}
	m := &Member{net: n, name: incarnation, peers: map[string]bool{}}
	n.members[incarnation] = m
	return m
}

// Break resets the connections between two members: what is under way, packets and acknowledgements, is lost and sent again.
func (n *Network) Break(a, b string) { n.locked(func() { n.reset(a, b) }) }

// Cut has nothing arrive at to that from writes, from now on: packets and acknowledgements.
func (n *Network) Cut(from, to string) { n.locked(func() { n.cuts[way{from, to}] = true }) }

// Partition cuts both ways.
func (n *Network) Partition(a, b string) {
	n.Cut(a, b)
	n.Cut(b, a)
}

// Mend ends a Cut; connections are made again.
func (n *Network) Mend(from, to string) {
	n.locked(func() {
		delete(n.cuts, way{from, to})
		n.reset(from, to)
	})
}

// Heal ends a Partition.
func (n *Network) Heal(a, b string) {
	n.Mend(a, b)
	n.Mend(b, a)
}

// Crash ends a member as a power failure does: it sends, receives and returns nothing any more, and what it had sent is lost unless it
// has arrived.
func (n *Network) Crash(incarnation string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.members[incarnation]
	if m == nil {
		n.t.Fatalf("enginetest: no member %s", incarnation)
	}
	m.gone, m.peers = true, map[string]bool{}
	for key, w := range n.wires {
		switch incarnation {
		case key.from:
			w.down()
			delete(n.wires, key)
		case key.to:
			w.down()
		}
	}
}

// reset breaks all wires between two members and makes them again a round trip later.
func (n *Network) reset(a, b string) {
	for _, w := range n.between(func(w way) bool { return w == way{a, b} || w == way{b, a} }) {
		w.down()
		w.later(2*n.latency, w.up)
	}
}

// connect makes the connections from and to a member that nothing speaks against any more.
func (n *Network) connect(name string) {
	for _, w := range n.between(func(w way) bool { return w.from == name || w.to == name }) {
		w.up()
	}
}

// between returns the wires of some ways, always in the same order.
func (n *Network) between(some func(way) bool) []*wire {
	var found []*wire
	for key, w := range n.wires {
		if some(key.way) {
			found = append(found, w)
		}
	}
	slices.SortFunc(found, func(a, b *wire) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.Lane, b.Lane))
	})
	return found
}

// linked says whether a connection from one to the other would be accepted.
func (n *Network) linked(w way) bool {
	to := n.members[w.to]
	return to != nil && to.peers[w.from] && to.receiver != nil && !n.cuts[w] && !n.cuts[way{w.to, w.from}]
}
