package engine

import (
	"errors"
	"sync"
	"time"
)

// relay is where the answer to another member's question goes.
type relay struct {
	member string
	number uint64 // of the question there
}

// openRelay returns an ask that stands for another member's question: its answer is sent there.
func (p *asks) openRelay(to relay) (*ask, uint32) {
	p.relays.Add(1)
	return p.begun(to)
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
	o := outgoings.Get().(*outgoing)
	o.op, o.number, o.msg = opAnswer, to.number, v
	o.by(s.messages)
	if err := s.sendPacket(to.member, o); errors.Is(err, ErrBacklog) {
		s.late.add(s, to, v)
		return
	} // else who asked has gone, or will be told that this member has
	s.asks.relays.Add(-1)
}

// late is answers that found their lanes full. They are no more than the questions that are relayed, and are tried again every moment.
type late struct {
	mu      sync.Mutex
	answers []lateAnswer // guarded by mu
}

type lateAnswer struct {
	to relay
	v  any
}

func (l *late) add(s *System, to relay, v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, lateAnswer{to, v})
	if len(l.answers) == 1 {
		time.AfterFunc(retryEvery, func() { l.again(s) })
	}
}

// again tries all.
func (l *late) again(s *System) {
	l.mu.Lock()
	answers := l.answers
	l.answers = nil
	l.mu.Unlock()
	for _, a := range answers {
		s.sendAnswer(a.to, a.v)
	}
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

// lost answers the questions that a member was to answer which is none any more.
func (p *asks) lost(member string) {
	index := uint64(p.sys.members.forget(member))
	if index == 0 {
		return
	}
	for i := range p.shards {
		for _, a := range p.shards[i].list() {
			if at := a.target.Load(); at>>32 == index {
				a.answer(uint32(at), &MemberLostError{Member: member})
			}
		}
	}
}

// memberNames gives the incarnations that were sent to short numbers, from 1.
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
