package cluster

import (
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// debt is a question of another member: when has all that it sent here arrived where these shards are?
type debt struct {
	from   string
	epoch  uint64 // of its view
	shards shardSet
}

// parted is what a question comes to: the shards are at a member.
type parted struct{ from, to string }

// way is how far the way to a member is known to be clear of what was sent on from here.
type way struct {
	asked, sure uint64 // numbers of engine.System.Forwards
	waiting     []waiting
}

type waiting struct {
	number uint64
	from   string
	shards shardSet
}

// payDebts answers what can be, and begins what is needed for the rest.
func (m *Member) payDebts() {
	l := &m.loop
	leaving := setsOf[parted]{}
	open := l.debts[:0]
	for _, d := range l.debts {
		if d.epoch <= l.view.View.Epoch {
			m.payDebt(d, leaving)
		}
		if d.shards.size() > 0 {
			open = append(open, d)
		}
	}
	clear(l.debts[len(open):])
	l.debts = open
	if len(leaving) > 0 {
		m.places.afterwards(func() { m.post(func() { m.clearWays(leaving) }) })
	}
}

// payDebt takes from a debt what is answered, or goes to another member.
func (m *Member) payDebt(d debt, leaving setsOf[parted]) {
	l := &m.loop
	here := shardSet{}
	for s := range d.shards.all() {
		owner := l.owners[s.Role][s.Number]
		switch h := l.shards[s]; {
		case owner == m.me || owner == "":
			if l.detours[s] != nil {
				continue // it was elsewhere, and comes back with all that had gone there
			}
			here.add(s)
		case h != nil && h.crowded():
			continue
		default:
			leaving.add(parted{d.from, owner}, s)
		}
		d.shards.remove(s)
	}
	m.pay(d.from, m.me, here)
}

func (m *Member) pay(from, to string, shards shardSet) {
	if n := shards.size(); n > 0 {
		m.mark(from, mark{What: passed, To: to, Shards: shards})
		m.owed.Add(-int64(n))
	}
}

// clearWays answers who asked once what was sent on from here has arrived. All of it is on its way by now.
func (m *Member) clearWays(leaving setsOf[parted]) {
	l := &m.loop
	number := m.sys.Forwards()
	for p, shards := range leaving {
		w := l.ways[p.to]
		if w == nil {
			w = &way{}
			l.ways[p.to] = w
		}
		if w.sure >= number || !l.view.View.Names(p.to) {
			m.pay(p.from, p.to, shards)
			continue
		}
		w.waiting = append(w.waiting, waiting{number, p.from, shards})
		m.askWay(p.to, w)
	}
}

// askWay asks whether all has arrived at a member that somebody waits for.
func (m *Member) askWay(to string, w *way) {
	if len(w.waiting) == 0 {
		return
	}
	number := w.waiting[len(w.waiting)-1].number
	switch {
	case w.asked >= number:
	case m.mark(to, mark{What: flush, Number: number}):
		w.asked = number
	default:
		m.markSoon()
	}
}

// flushed hears that what was sent on to a member, up to a number, has arrived.
func (m *Member) flushed(member string, number uint64) {
	w := m.loop.ways[member]
	if w == nil {
		return
	}
	w.sure = max(w.sure, number)
	rest := w.waiting[:0]
	for _, q := range w.waiting {
		if q.number <= w.sure {
			m.pay(q.from, member, q.shards)
		} else {
			rest = append(rest, q)
		}
	}
	clear(w.waiting[len(rest):])
	w.waiting = rest
}

// forgetWay answers who waits for a member that is none any more.
func (m *Member) forgetWay(member string) {
	if w := m.loop.ways[member]; w != nil {
		for _, q := range w.waiting {
			m.pay(q.from, member, q.shards)
		}
		delete(m.loop.ways, member)
	}
}

// crowded: its grains are just leaving.
func (h *holding) crowded() bool { return h.peopled && h.open && h.state.Phase() == roster.Releasing }

// empty notes that no grain of a shard is here any more.
func (m *Member) empty(s journal.Shard) {
	if h := m.loop.shards[s]; h != nil {
		h.peopled = false
		m.loop.dirty = true
	}
}
