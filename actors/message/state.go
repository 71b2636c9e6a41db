package message

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"hayauma.example/actors"
)

// message is one that has no outcome.
type message struct {
	number       uint32
	user         string
	key, content uint64
	due          int64 // what the caller said, or when it was accepted, in milliseconds since 1970, as all times here
	at           int64 // when it may go: later than due where it was accepted after that, or quiet hours have put it off
	from         int64 // the window's beginning
	window       uint32
}

// before is the order in which messages to one user go.
func (m *message) before(o *message) int {
	return cmp.Or(cmp.Compare(m.at, o.at), cmp.Compare(m.due, o.due), cmp.Compare(m.number, o.number))
}

// deadline is when the last call of its window may start.
func (m *message) deadline() time.Time { return moment(m.from).Add(actors.CallDeadline) }

// past is a message with an outcome: nothing in it says whose it was.
type past struct {
	number       uint32
	key, content uint64
	due, at      int64 // at: when the outcome was known
	outcome      actors.Outcome
	tries        uint32
	request      string
	reason       string
}

// state is a fold of the events, and nothing else.
type state struct {
	next  uint32 // the last number that was given
	awake bool   // since Began
	open  map[uint32]*message
	users map[string][]*message // of open, in their order
	past  map[uint32]*past
	order []uint32          // of past, the oldest first
	keys  map[uint64]uint32 // of open and past
	size  int               // that past takes in a snapshot

	figures figures
	keeping time.Time // when what is over is looked through; zero: there is none
}

func newState() state {
	return state{open: map[uint32]*message{}, users: map[string][]*message{}, past: map[uint32]*past{}, keys: map[uint64]uint32{}, figures: newFigures()}
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// apply makes an event part of the state.
func (s *state) apply(e Event) {
	switch e := e.(type) {
	case Accepted:
		s.accept(e)
	case Began:
		s.awake = true
	case Rested:
		s.awake = false
	case Settled:
		s.figures.version++
		for _, o := range e.Entries {
			s.settle(o)
		}
		s.trim()
	case Returned:
		for _, n := range e.Numbers {
			if m := s.open[n]; m != nil {
				m.window++
				m.from = e.At
			}
		}
	case Deferred:
		for i, n := range e.Numbers {
			if m := s.open[n]; m != nil {
				s.leave(m)
				m.at = e.Until[i]
				if !e.Same[i] {
					m.from = max(m.from, m.at)
				}
				s.enter(m)
			}
		}
	case Owing:
		s.figures.owing = e.Due
	case Told:
		s.figures.settle(e.Version)
	case Keeping:
		s.keeping = e.Until
	case Forgotten:
		s.forget(e.Before)
		s.keeping = e.Next
	}
}

func (s *state) accept(e Accepted) {
	for i, x := range e.Entries {
		m := &message{number: e.First + uint32(i), user: x.User, key: x.Key, content: x.Content, due: x.Due, at: x.At, from: x.At, window: 1}
		s.next = m.number
		s.begin(m)
	}
}

func (s *state) begin(m *message) {
	s.open[m.number] = m
	s.keys[m.key] = m.number
	s.enter(m)
}

// enter puts a message where it stands among those to its user.
func (s *state) enter(m *message) {
	q := s.users[m.user]
	i, _ := slices.BinarySearchFunc(q, m, (*message).before)
	s.users[m.user] = slices.Insert(q, i, m)
}

func (s *state) leave(m *message) {
	q := slices.DeleteFunc(s.users[m.user], func(o *message) bool { return o == m })
	if len(q) == 0 {
		delete(s.users, m.user)
		return
	}
	s.users[m.user] = q
}

func (s *state) settle(o Outcome) {
	m := s.open[o.Number]
	if m == nil {
		s.better(o)
		return
	}
	delete(s.open, o.Number)
	s.leave(m)
	p := &past{number: m.number, key: m.key, content: m.content, due: m.due, at: o.At, outcome: o.Outcome, tries: o.Tries, request: o.Request, reason: o.Reason}
	s.end(p)
	s.figures.count(o.At, o.Outcome, o.Tries, 1)
}

// better replaces an outcome by a greater one.
func (s *state) better(o Outcome) {
	p := s.past[o.Number]
	if p == nil || o.Outcome <= p.outcome {
		return
	}
	s.figures.count(p.at, p.outcome, 0, -1)
	s.figures.count(o.At, o.Outcome, o.Tries, 1)
	s.size -= p.size()
	p.outcome, p.reason, p.request, p.tries = o.Outcome, o.Reason, o.Request, max(p.tries, o.Tries)
	s.size += p.size()
}

func (s *state) end(p *past) {
	s.past[p.number] = p
	s.keys[p.key] = p.number
	s.order = append(s.order, p.number)
	s.size += p.size()
}

// trim forgets the oldest of what is over where there is no room for it.
func (s *state) trim() {
	n := 0
	for ; n < len(s.order) && (len(s.past) > maxPast || s.size+s.openSize() > maxSize); n++ {
		s.drop(s.order[n])
	}
	s.order = slices.Delete(s.order, 0, n)
}

func (s *state) drop(number uint32) {
	p := s.past[number]
	s.size -= p.size()
	delete(s.past, number)
	if s.keys[p.key] == number {
		delete(s.keys, p.key)
	}
}

// forget drops what ended before a time.
func (s *state) forget(before int64) {
	s.order = slices.DeleteFunc(s.order, func(n uint32) bool {
		old := s.past[n].at < before
		if old {
			s.drop(n)
		}
		return old
	})
}

// numbers are those of all messages that are known, in order.
func (s *state) numbers() []uint32 {
	all := slices.AppendSeq(make([]uint32, 0, len(s.open)+len(s.past)), maps.Keys(s.open))
	all = slices.AppendSeq(all, maps.Keys(s.past))
	slices.Sort(all)
	return all
}
