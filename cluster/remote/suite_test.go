package remote_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/engine/transporttest"
)

const suiteBacklog = 64 << 10

func TestConformance(t *testing.T) {
	transporttest.Run(t, transporttest.Subject{New: newLoopback, Backlog: suiteBacklog, Settle: 150 * time.Millisecond})
}

// loopback is members in this process, each behind a proxy for each other one.
type loopback struct {
	t *testing.T

	mu        sync.Mutex
	addresses map[string]string    // guarded by mu
	proxies   map[[2]string]*proxy // by dialler and listener; guarded by mu
	members   map[string]*remoteMember
}

func newLoopback(t *testing.T) transporttest.Network {
	n := &loopback{t: t, addresses: map[string]string{}, proxies: map[[2]string]*proxy{}, members: map[string]*remoteMember{}}
	t.Cleanup(func() {
		for _, p := range n.proxies {
			p.close()
		}
		for _, m := range n.members {
			_ = m.Close()
		}
	})
	return n
}

func (n *loopback) Join(incarnation string) transporttest.Member {
	transport, err := remote.Listen(n.t.Context(), remote.Config{
		Incarnation: incarnation, Listen: "127.0.0.1:0", Backlog: suiteBacklog, MaxPacket: 16 << 10, MaxBatch: 8 << 10,
		DeadAfter: 400 * time.Millisecond, HandshakeTimeout: 200 * time.Millisecond,
		RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(n.t.Output(), nil)),
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addresses[incarnation] = transport.Addr().String()
	m := &remoteMember{Transport: transport, net: n, name: incarnation}
	n.members[incarnation] = m
	return m
}

func (n *loopback) proxy(from, to string) *proxy {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := [2]string{from, to}
	if n.proxies[key] == nil {
		n.proxies[key] = newProxy(n.t, func() string {
			n.mu.Lock()
			defer n.mu.Unlock()
			return n.addresses[to]
		})
	}
	return n.proxies[key]
}

func (n *loopback) Break(a, b string) {
	n.proxy(a, b).reset()
	n.proxy(b, a).reset()
}

func (n *loopback) Cut(from, to string)  { n.cut(from, to, true) }
func (n *loopback) Mend(from, to string) { n.cut(from, to, false) }

func (n *loopback) cut(from, to string, shut bool) {
	n.proxy(from, to).forth.set(shut)
	n.proxy(to, from).back.set(shut)
}

// Crash closes the member's connections from outside first, so that it can't say anything any more.
func (n *loopback) Crash(incarnation string) {
	n.mu.Lock()
	delete(n.addresses, incarnation)
	n.mu.Unlock()
	for other := range n.members {
		n.Break(incarnation, other)
	}
	_ = n.members[incarnation].Close()
}

type remoteMember struct {
	*remote.Transport
	net  *loopback
	name string
}

func (m *remoteMember) View(incarnations ...string) {
	peers := map[string]string{}
	for _, other := range incarnations {
		peers[other] = m.net.proxy(m.name, other).listener.Addr().String()
	}
	m.SetPeers(peers)
}
