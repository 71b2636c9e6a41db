package fleet

import (
	"context"
	"errors"
	"time"

	"hayauma.example/actors"
	"hayauma.example/cluster/objects"
	"hayauma.example/engine/journal"
	"hayauma.example/engine/journal/journaltest"
)

// weather draws what becomes of requests to the store: of each by the seed, as bad as Rough says while there is a storm.
func (m *Members) weather(seed uint64) {
	badObjects, badJournal := odds(seed, m.Rough)
	goodObjects, goodJournal := odds(seed, 0)
	m.shared.Faults = func(c objects.Call) objects.Fault {
		if m.storm.Load() {
			return badObjects(c)
		}
		return goodObjects(c)
	}
	m.server.Hitches = func(q journaltest.Question) journaltest.Hitch {
		if m.storm.Load() {
			return badJournal(q)
		}
		return goodJournal(q)
	}
}

func odds(seed uint64, rough float64) (objects.Faults, journaltest.Hitches) {
	return objects.Seeded(seed, objects.Odds{
			LoseRequest: 0.005 * rough, LoseAnswer: 0.005 * rough, Busy: 0.005 * rough, Blind: 0.05 * rough, Interrupt: 0.002 * rough,
			Straggle: 0.005 * rough, Latency: 2 * time.Millisecond, Late: time.Second,
		}), journaltest.Seeded(seed, journaltest.Odds{
			LoseRequest: 0.002 * rough, LoseAnswer: 0.002 * rough, Busy: 0.005 * rough, Straggle: 0.005 * rough,
			Latency: 2 * time.Millisecond, Late: time.Second,
		})
}

// Storm begins the bad weather, or ends it.
func (m *Members) Storm(blows bool) { m.storm.Store(blows) }

// ended tells whether an incarnation's process has ended.
func (m *Members) ended(incarnation string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.nodes[incarnation]
	return n != nil && n.Dead()
}

// refuses tells what a connection attempt shows: a process that has ended refuses, unless the way to its machine is cut.
func (m *Members) refuses(by *Node, incarnation string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.nodes[incarnation]
	return n != nil && n.Dead() && m.cuts[way{by.Home, n.Home}] == 0 && m.cuts[way{n.Home, by.Home}] == 0
}

// Heard has the others notice at once that a node's connections broke.
func (m *Members) Heard(n *Node) {
	for i, o := range m.w.Live() {
		time.AfterFunc(time.Duration(i+1)*time.Millisecond, func() { m.part(o).member.Suspect(n.Name) })
	}
}

// Drain has a node ask that another leaves; that one's process ends then, and isn't started again by itself.
func (m *Members) Drain(by, n *Node) {
	ctx, cancel := context.WithTimeout(m.ctx, 5*time.Second)
	defer cancel()
	if err := m.part(by).member.Drain(ctx, n.Home); err != nil {
		m.w.Note(by.Name, "could not ask "+n.Home+" to leave: "+err.Error())
	}
}

// Away takes the store away for a time.
func (m *Members) Away(d time.Duration) {
	m.shared.Away(d)
	m.server.Away(d)
	m.locked(func() { m.away++ })
	time.AfterFunc(d, func() { m.locked(func() { m.away-- }) })
}

// Forget has the store lose what it has in memory only: the records.
func (m *Members) Forget() { m.shared.Forget() }

// Hang has a process stand still, as far as others see: what it sends leaves afterwards.
func (m *Members) Hang(n *Node, d time.Duration) {
	p := m.part(n)
	p.objects.Hold(d)
	p.journal.Hold(d)
	m.Isolate(n.Home, d)
}

// CutStore loses everything between a node, or the next starts of it, and the store.
func (m *Members) CutStore(home string, d time.Duration) {
	m.offStore(home, 1)
	time.AfterFunc(d, func() { m.offStore(home, -1) })
}

func (m *Members) offStore(home string, by int) {
	m.locked(func() { m.off[home] += by })
	for _, n := range m.w.Live() {
		if n.Home == home {
			m.relink(n)
		}
	}
}

// Isolate cuts a node from all others.
func (m *Members) Isolate(home string, d time.Duration) {
	seen := map[string]bool{home: true}
	for _, n := range m.w.Live() {
		if !seen[n.Home] {
			seen[n.Home] = true
			m.Part(home, n.Home, d)
		}
	}
}

// Part cuts two nodes, or the next starts of them, from each other.
func (m *Members) Part(a, b string, d time.Duration) {
	m.turn(a, b, 1)
	time.AfterFunc(d, func() { m.turn(a, b, -1) })
}

func (m *Members) turn(a, b string, by int) {
	m.locked(func() {
		m.cuts[way{a, b}] += by
		m.cuts[way{b, a}] += by
	})
	for _, n := range m.w.Live() {
		if n.Home == a {
			m.relink(n)
		}
	}
}

func (m *Members) locked(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

// relink gives a process the faults that its node has now.
func (m *Members) relink(n *Node) {
	others := m.w.Live()
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.parts[n]
	if m.off[n.Home] > 0 || n.Dead() {
		p.objects.Cut()
		p.journal.Cut()
	} else {
		p.objects.Heal()
		p.journal.Heal()
	}
	for _, o := range others {
		switch {
		case o.Home == n.Home:
		case m.cuts[way{n.Home, o.Home}] > 0:
			m.w.Net.Partition(n.Name, o.Name)
		default:
			m.w.Net.Heal(n.Name, o.Name)
		}
	}
}

// Hits tells whether nodes have something in flight: a call, or grains of a campaign that isn't final.
func (m *Members) Hits(nodes ...*Node) bool {
	for _, n := range nodes {
		m.w.mu.Lock()
		calls := m.w.calling[n]
		m.w.mu.Unlock()
		if calls > 0 {
			return true
		}
		for _, k := range n.Sys.Stats() {
			if (k.Kind == actors.Posters.Name() || k.Kind == actors.Composers.Name()) && k.Active > 0 {
				return true
			}
		}
	}
	return false
}

// shelf is where a node finds audiences and chunks: what can't be reached gives no answer for two seconds.
type shelf struct {
	all journal.Objects
	m   *Members
	n   *Node
}

var errUnreachable = errors.New("fleet: the store gives no answer")

func (s shelf) reach(ctx context.Context) error {
	s.m.mu.Lock()
	out := s.m.away > 0 || s.m.off[s.n.Home] > 0 || s.n.Dead()
	s.m.mu.Unlock()
	if !out {
		return nil
	}
	select {
	case <-time.After(2 * time.Second):
		return errUnreachable
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Put implements journal.Objects.
func (s shelf) Put(ctx context.Context, name string, data []byte) error {
	if err := s.reach(ctx); err != nil {
		return err
	}
	return s.all.Put(ctx, name, data)
}

// Get implements journal.Objects.
func (s shelf) Get(ctx context.Context, name string) ([]byte, error) {
	if err := s.reach(ctx); err != nil {
		return nil, err
	}
	return s.all.Get(ctx, name)
}

// Drop implements journal.Objects.
func (s shelf) Drop(ctx context.Context, prefix string) error {
	if err := s.reach(ctx); err != nil {
		return err
	}
	return s.all.Drop(ctx, prefix)
}
