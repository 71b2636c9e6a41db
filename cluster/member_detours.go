package cluster

import (
	"time"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// detourFor bounds how long this member's own messages to a shard wait for those that went to its old owner.
const detourFor = time.Second

// detour stands before a shard that has moved from one member to another: our own actors' messages wait until those that they sent before
// have arrived where it is now.
type detour struct {
	epoch uint64        // of the view that it begins with
	last  string        // the member that we sent to: it is asked
	asked bool          // it was
	at    string        // where all has arrived, as it says; "": it hasn't answered
	until time.Duration // it opens then in any case
}

// moved sees who owned a role's shards, and who does now.
func (m *Member) moved(role string, was, now roster.Owners) {
	for n := range now {
		if was[n] != now[n] {
			m.shardMoved(journal.Shard{Role: role, Number: n}, was[n], now[n])
		}
	}
}

func (m *Member) shardMoved(s journal.Shard, was, now string) {
	l := &m.loop
	g := l.detours[s]
	switch {
	case now == "":
		delete(l.detours, s)
	case g != nil:
		g.until = m.now() + detourFor
	case was != "" && was != m.me && l.view.View.Names(was):
		l.detours[s] = &detour{epoch: l.view.View.Epoch, last: was, until: m.now() + detourFor}
	}
}

// reviewDetours goes by a new view.
func (m *Member) reviewDetours() {
	l := &m.loop
	for s, g := range l.detours {
		switch {
		case !l.view.View.Names(g.last): // lost, and what was on its way with it
			delete(l.detours, s)
		case g.at != "" && g.at == g.last && l.owners[s.Role][s.Number] != g.at: // it has moved once more since
			g.at, g.asked = "", false
		case g.at != "":
			m.follow(s, g)
		}
	}
}

// passed hears where all is that we sent to a member, for some shards.
func (m *Member) passed(from, to string, shards shardSet) {
	l := &m.loop
	for s := range shards.all() {
		if g := l.detours[s]; g != nil && g.last == from && g.asked {
			g.at = to
			m.follow(s, g)
		}
	}
}

// follow opens the gate where all is there that we sent, or goes on to where it is.
func (m *Member) follow(s journal.Shard, g *detour) {
	l := &m.loop
	switch {
	case g.at == l.owners[s.Role][s.Number], g.at == m.me, !l.view.View.Names(g.at):
		delete(l.detours, s)
	case g.at == g.last: // it knows a newer view
		return
	default:
		g.last, g.at, g.asked = g.at, "", false
	}
	l.dirty = true
}

// tireDetours opens what has waited for long enough.
func (m *Member) tireDetours(now time.Duration) {
	l := &m.loop
	late := 0
	for s, g := range l.detours {
		if now >= g.until {
			delete(l.detours, s)
			late++
		}
	}
	if late > 0 {
		l.dirty = true
		m.log.Warn("messages go to new owners though earlier ones to the old may be on their way", "shards", late)
	}
}

// wait has our own actors' messages wait at the gates.
func (m *Member) wait(t table) {
	lines := map[string]*[Shards]engine.Place{}
	for s := range m.loop.detours {
		line := lines[s.Role]
		if line == nil {
			if t[s.Role] == nil {
				continue
			}
			copied := *t[s.Role]
			line = &copied
			lines[s.Role], t[s.Role] = line, line
		}
		line[s.Number].Wait = true
	}
}

// sendHeralds tells members what will be sent to them from now on.
func (m *Member) sendHeralds(t table) {
	l := &m.loop
	before := table{}
	if old := m.places.table.Load(); old != nil {
		before = *old
	}
	heralds := setsOf[string]{}
	for role, line := range t {
		old := before[role]
		for n, p := range line {
			if p.Answer == engine.Elsewhere && !p.Wait && p.Member != m.me && (old == nil || old[n] != p) {
				heralds.add(p.Member, journal.Shard{Role: role, Number: n})
			}
		}
	}
	for to, shards := range heralds {
		m.tellMark(to, mark{What: herald, Epoch: l.view.View.Epoch, Shards: shards})
	}
}

// askOwners asks the old owners, once nothing is sent to them any more.
func (m *Member) askOwners() {
	l := &m.loop
	asks := setsOf[string]{}
	for s, g := range l.detours {
		if !g.asked {
			asks.add(g.last, s)
		}
	}
	for to, shards := range asks {
		if m.mark(to, mark{What: ask, Epoch: l.view.View.Epoch, Shards: shards}) != nil {
			m.markSoon()
			continue
		}
		for s := range shards.all() {
			l.detours[s].asked = true
		}
	}
	m.detouring.Store(int64(len(l.detours)))
}
