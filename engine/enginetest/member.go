package enginetest

import (
	"maps"
	"slices"

	"hayauma.example/engine"
)

// Member is a Transport in a Network. It is safe for concurrent use.
type Member struct {
	net  *Network
	name string

	receiver engine.Receiver // guarded by net.mu, as is what follows
	peers    map[string]bool
	gone     bool
	stats    MemberStats
}

// MemberStats counts packets of a member.
type MemberStats struct {
	Received   int
	Duplicates int // arrived again, and were dropped
	Returned   int
}

var _ engine.Transport = (*Member)(nil)

// Start implements engine.Transport.
func (m *Member) Start(r engine.Receiver) {
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	m.receiver = r
	m.net.connect(m.name)
}

// Stats returns what was counted.
func (m *Member) Stats() MemberStats {
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	return m.stats
}

// Send implements engine.Transport.
func (m *Member) Send(to string, l engine.Lane, p engine.Packet) error {
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	w := m.net.wires[lane{way{m.name, to}, l}]
	switch {
	case m.gone || w == nil:
		return engine.ErrNoMember
	case w.bytes >= m.net.backlog:
		return engine.ErrBacklog
	}
	b, err := p.AppendPacket(nil)
	if err != nil {
		return err
	}
	if w.bytes+len(b) > m.net.backlog {
		return engine.ErrBacklog
	}
	w.take(b)
	return nil
}

// SetPeers says who the other members are. When it has returned, nothing is received from those that are none any more, and what
// they had not acknowledged has been given to Returned. It waits for a Receive that is under way.
func (m *Member) SetPeers(incarnations ...string) {
	left := m.setPeers(incarnations)
	for _, w := range left {
		for _, p := range w.unacked {
			m.receiver.Returned(w.to, w.Lane, p.bytes, p.written)
		}
	}
}

// Close ends the member as SetPeers without any does.
func (m *Member) Close() error {
	m.SetPeers()
	m.net.locked(func() { m.gone = true })
	return nil
}

func (m *Member) setPeers(incarnations []string) (left []*wire) {
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	if m.gone {
		return nil
	}
	before := m.peers
	m.peers = map[string]bool{}
	for _, other := range incarnations {
		if other != m.name && other != "" {
			m.peers[other] = true
		}
	}
	for _, other := range slices.Sorted(maps.Keys(before)) {
		if !m.peers[other] {
			left = append(left, m.part(other)...)
		}
	}
	for other := range m.peers {
		m.meet(other)
	}
	m.net.connect(m.name)
	return left
}

func (m *Member) meet(other string) {
	for l := range engine.Lanes {
		key := lane{way{m.name, other}, l}
		if m.net.wires[key] == nil {
			m.net.wires[key] = &wire{net: m.net, lane: key, next: 1}
		}
	}
}

// part ends all that goes on with a member, and returns the wires to it.
func (m *Member) part(other string) (left []*wire) {
	for l := range engine.Lanes {
		if w := m.net.wires[lane{way{other, m.name}, l}]; w != nil {
			w.down()
		}
		key := lane{way{m.name, other}, l}
		w := m.net.wires[key]
		w.down()
		delete(m.net.wires, key)
		m.stats.Returned += len(w.unacked)
		left = append(left, w)
	}
	for l := range engine.Lanes {
		m.net.wait(lane{way{other, m.name}, l})
	}
	return left
}

// wait waits for a Receive that is under way.
func (n *Network) wait(key lane) {
	for {
		w := n.wires[key]
		if w == nil || !w.delivering {
			return
		}
		n.idle.Wait()
	}
}
