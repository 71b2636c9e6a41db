package remote

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"

	"hayauma.example/engine"
)

// peer is another member, as long as it is in the view.
type peer struct {
	name    string // its incarnation
	session uint64
	address atomic.Pointer[string]
	cancel  context.CancelCauseFunc // ends its links

	out   [engine.Lanes]*outbox
	in    [engine.Lanes]*inbox
	links [engine.Lanes]*link
}

// peers are the other members. They are never changed in place.
type peers struct {
	byName map[string]*peer // by incarnation
	few    []*peer          // all of them, where looking through them is faster than the map
}

// maxFew is how many peers are looked through.
const maxFew = 8

func newPeers(byName map[string]*peer) *peers {
	p := &peers{byName: byName}
	if len(byName) <= maxFew {
		p.few = slices.Collect(maps.Values(byName))
	}
	return p
}

// named returns the peer of an incarnation; nil: there is none.
func (p *peers) named(name string) *peer {
	for _, few := range p.few {
		if few.name == name {
			return few
		}
	}
	if len(p.byName) <= maxFew {
		return nil
	}
	return p.byName[name]
}

// meet makes a peer and begins to dial it.
func (t *Transport) meet(name, address string) *peer {
	t.sessions++
	p := &peer{name: name, session: t.sessions}
	p.address.Store(&address)
	ctx, cancel := context.WithCancelCause(t.ctx)
	p.cancel = cancel
	marks := t.memory.recall(name)
	for lane := range engine.Lanes {
		p.out[lane] = newOutbox(t.cfg, t.spares)
		p.in[lane] = newInbox(name, lane, t.cfg, marks[lane])
		p.links[lane] = &link{t: t, peer: p, lane: lane, box: p.out[lane]}
		t.work.Go(func() { p.links[lane].run(ctx) })
	}
	return p
}

// part ends all that goes on with a peer. Nothing is received from it any more, and it gets back what it didn't acknowledge.
func (t *Transport) part(p *peer) {
	p.cancel(errRemoved)
	var marks marks
	for lane, in := range p.in {
		marks[lane] = in.close()
	}
	t.memory.keep(p.name, marks)
	for lane, out := range p.out {
		left, acked := out.close()
		t.giveBack(p.name, engine.Lane(lane), left, acked)
	}
	t.sum.Lock()
	defer t.sum.Unlock()
	t.gone.Add(p.stats())
}

func (t *Transport) giveBack(to string, lane engine.Lane, left []batch, acked uint64) {
	for _, b := range left {
		packets := b.message[headerSize:]
		for number := b.first; number <= b.last; number++ {
			packet, rest, err := cutPacket(packets, t.cfg.MaxPacket)
			if err != nil {
				panic(err) // written here: a bug
			}
			packets = rest
			if number > acked {
				t.receiver.Returned(to, lane, packet, b.written)
			}
		}
	}
}

func (p *peer) stats() Stats {
	var s Stats
	for lane := range engine.Lanes {
		s.Add(p.out[lane].stats())
		s.Add(p.in[lane].stats())
		s.Reconnects += p.links[lane].reconnects.Load()
	}
	return s
}

// marks are those of a peer's lanes.
type marks [engine.Lanes]mark

// remembered is how many peers' marks are kept: views differ for moments only, and an incarnation that left for good stays away.
const remembered = 1024

// memory has marks of the peers that left last, so that one that comes again has nothing received twice.
type memory struct {
	marks map[string]marks
	order []string // the oldest first
}

func (m *memory) keep(name string, ms marks) {
	if m.marks == nil {
		m.marks = map[string]marks{}
	}
	if len(m.order) == remembered {
		delete(m.marks, m.order[0])
		m.order = append(m.order[:0], m.order[1:]...)
	}
	m.marks[name] = ms
	m.order = append(m.order, name)
}

// recall returns what is known of a peer and forgets it.
func (m *memory) recall(name string) marks {
	ms, ok := m.marks[name]
	if !ok {
		return ms
	}
	delete(m.marks, name)
	for i, other := range m.order {
		if other == name {
			m.order = append(m.order[:i], m.order[i+1:]...)
			break
		}
	}
	return ms
}
