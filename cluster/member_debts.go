package cluster

import (
	"slices"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// debt is a question of another member: when has all that it sent here arrived where these shards are?
type debt struct {
	from   string
	epoch  uint64 // of its view
	after  uint64 // it is looked at by a view that isn't older; 0: by that one
	shards shardSet
}

// parted is what a question comes to: the shards are at a member.
type parted struct {
	from  string
	epoch uint64 // of the question
	to    string
}

// way is how far the way to a member is known to be clear of what was sent on from here.
type way struct {
	asked, sure uint64 // numbers of engine.System.Forwards
	waiting     []waiting
}

type waiting struct {
	number uint64
	parted
	shards shardSet
}

// payDebts answers what can be, and begins what is needed for the rest.
func (m *Member) payDebts() {
	l := &m.loop
	leaving := setsOf[parted]{}
	open := l.debts[:0]
	for _, d := range l.debts {
		if max(d.epoch, d.after) <= l.view.View.Epoch {
			m.payDebt(d, leaving)
		}
		if d.shards.size() > 0 {
			open = append(open, d)
		}
	}
	clear(l.debts[len(open):])
	l.debts = open
	if len(leaving) > 0 {
		l.going = append(l.going, leaving)
		m.places.afterwards(func() { m.post(m.clearWays) })
	}
	m.owed.Store(int64(l.owes()))
}

// owes counts the answers that are owed, one for each shard and member that asked, and what waits for room.
func (l *loop) owes() (n int) {
	open := setsOf[string]{}
	add := func(from string, shards shardSet) {
		for s := range shards.all() {
			open.add(from, s)
		}
	}
	for _, d := range l.debts {
		add(d.from, d.shards)
	}
	for _, leaving := range l.going {
		for p, shards := range leaving {
			add(p.from, shards)
		}
	}
	for _, w := range l.ways {
		for _, q := range w.waiting {
			add(q.from, q.shards)
		}
	}
	for _, k := range l.lateMarks {
		add(k.to, k.Shards)
	}
	for _, shards := range open {
		n += shards.size()
	}
	return n
}

// owe takes a question of another member.
func (m *Member) owe(d debt) {
	m.loop.debts = append(m.loop.debts, d)
	m.owed.Store(int64(m.loop.owes()))
	m.unseen.Add(-1)
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
		case l.detours[s] != nil && l.detours[s].epoch > d.epoch:
			continue // it has moved once more: what came back waits here
		default:
			leaving.add(parted{d.from, d.epoch, owner}, s)
		}
		d.shards.remove(s)
	}
	m.pay(d.from, m.me, here)
}

func (m *Member) pay(from, to string, shards shardSet) {
	if shards.size() > 0 {
		m.tellMark(from, mark{What: passed, To: to, Shards: shards})
	}
}

// clearWays answers who asked longest ago once what was sent on from here has arrived. All of it is on its way by now.
func (m *Member) clearWays() {
	l := &m.loop
	leaving := l.going[0]
	l.going = l.going[1:]
	number := m.sys.Forwards()
	for p, shards := range leaving {
		if !l.view.View.Names(p.to) {
			m.arrivedAt(p, shards, 0)
			continue
		}
		w := l.ways[p.to]
		if w == nil {
			w = &way{}
			l.ways[p.to] = w
		}
		if w.sure >= number {
			m.arrivedAt(p, shards, 0)
			continue
		}
		w.waiting = append(w.waiting, waiting{number, p, shards})
		m.askWay(p.to, w)
	}
}

// arrivedAt answers where all has arrived that was sent on from here. Where the shards are somewhere else by now, or were by the view of who
// has received it, some of it may have come back, and goes on to there: the question is as open as before.
func (m *Member) arrivedAt(p parted, shards shardSet, epoch uint64) {
	l := &m.loop
	settled, moved := shardSet{}, shardSet{}
	for s := range shards.all() {
		if epoch > l.view.View.Epoch || l.owners[s.Role][s.Number] != p.to {
			moved.add(s)
		} else {
			settled.add(s)
		}
	}
	m.pay(p.from, p.to, settled)
	if moved.size() > 0 {
		l.debts = append(l.debts, debt{p.from, p.epoch, epoch, moved})
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
	case m.mark(to, mark{What: flush, Number: number}) == nil:
		w.asked = number
	default:
		m.markSoon()
	}
}

// flushed hears that what was sent on to a member, up to a number, has arrived, and by which view that one goes.
func (m *Member) flushed(member string, number, epoch uint64) {
	w := m.loop.ways[member]
	if w == nil {
		return
	}
	w.sure = max(w.sure, number)
	rest := w.waiting[:0]
	for _, q := range w.waiting {
		if q.number <= w.sure {
			m.arrivedAt(q.parted, q.shards, epoch)
		} else {
			rest = append(rest, q)
		}
	}
	clear(w.waiting[len(rest):])
	w.waiting = rest
}

// forgetWay has what waits for a member that is none any more go by where the shards are now. It waits for no answers itself.
func (m *Member) forgetWay(member string) {
	l := &m.loop
	l.debts = slices.DeleteFunc(l.debts, func(d debt) bool { return d.from == member })
	for _, w := range l.ways {
		w.waiting = slices.DeleteFunc(w.waiting, func(q waiting) bool { return q.from == member })
	}
	if w := m.loop.ways[member]; w != nil {
		for _, q := range w.waiting {
			m.arrivedAt(q.parted, q.shards, 0)
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
