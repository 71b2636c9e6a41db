package engine

import (
	"errors"
	"sync"
)

// relay is where the answer to another member's question goes.
type relay struct {
	member string
	number uint64 // of the question there
}

// openRelay returns an ask that stands for another member's question: its answer is sent there.
func (p *asks) openRelay(to relay) (*ask, uint32) {
	p.relays.Add(1)
	a, gen := p.begun(to)
	a.asker.Store(uint64(p.sys.members.index(to.member))<<32 | uint64(gen))
	return a, gen
}

// Relays counts the other members' questions whose answers go through this system: its own actors have them, or it has sent them on. Who
// leaves the fleet waits until there are none, because those who asked are told then that this member is lost.
func (s *System) Relays() int { return int(s.asks.relays.Load()) }

// relayed sends the answer on and gives the ask back; the caller has taken its state.
func (a *ask) relayed(v any) {
	to, s := a.relay, a.home.sys
	a.close()
	s.sendAnswer(to, v)
}

// sendAnswer sends one, now or when there is room.
func (s *System) sendAnswer(to relay, v any) {
	w := lateWord{op: opAnswer, number: to.number, answer: v}
	if err := w.send(s, to.member); !errors.Is(err, ErrBacklog) {
		w.over(s, err)
		return
	}
	_ = s.late.add(s, to.member, w) // answers are never too many
}

// number names a question among all of its system.
func (a *ask) number(gen uint32) uint64 {
	return uint64(gen)<<32 | uint64(a.index)<<askBits | uint64(a.home.index)
}

// numbered returns the ask of a number, nil where there is none.
func (p *asks) numbered(number uint64) (*ask, uint32) {
	s := &p.shards[number%askShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	i := uint32(number) >> askBits
	if int(i) >= len(s.all) {
		return nil, 0
	}
	return s.all[i], uint32(number >> 32)
}

// sentTo notes which member is to answer, so that its end answers.
func (a *ask) sentTo(member string, gen uint32) {
	a.target.Store(uint64(a.home.sys.members.index(member))<<32 | uint64(gen))
}

// cameBack notes that the member which was to answer gave the question back: its end is no answer any more.
func (a *ask) cameBack(gen uint32) {
	if at := a.target.Load(); uint32(at) == gen {
		a.target.CompareAndSwap(at, 0)
	}
}

// unsent notes that nobody is to answer yet.
func (e *envelope) unsent() {
	if to := e.answers(); to.ask != nil {
		to.ask.cameBack(to.gen)
	}
}

// lost answers the questions that a member was to answer which is none any more, and ends its own: nobody waits for them.
func (p *asks) lost(member string) {
	index := uint64(p.sys.members.forget(member))
	if index == 0 {
		return
	}
	for i := range p.shards {
		for _, a := range p.shards[i].list() {
			for _, at := range []uint64{a.target.Load(), a.asker.Load()} {
				if at>>32 == index {
					a.answer(uint32(at), &MemberLostError{Member: member})
				}
			}
		}
	}
}

// memberNames gives the incarnations that were sent to, or have asked, short numbers, from 1.
type memberNames struct {
	mu     sync.RWMutex
	byName map[string]uint32 // guarded by mu
	last   uint32            // that was given; guarded by mu
}

// forget returns the number of one that is no member any more, 0 where it has none. Nobody gets it again.
func (m *memberNames) forget(name string) uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.byName[name]
	delete(m.byName, name)
	return i
}

func (m *memberNames) index(name string) uint32 {
	m.mu.RLock()
	i := m.byName[name]
	m.mu.RUnlock()
	if i > 0 {
		return i
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byName == nil {
		m.byName = map[string]uint32{}
	}
	if i = m.byName[name]; i == 0 {
		m.last++
		i = m.last
		m.byName[name] = i
	}
	return i
}
