package cluster

import (
	"slices"
	"time"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// Counts are what has happened since the start.
type Counts struct {
	TakeOvers  uint64 // shards that are served here after a failure
	SelfFences uint64 // times that the lease ran out
	Lost       uint64 // shards that the store took away, or gave no clear answer for
	Views      uint64 // changes of the view that were seen
	HandOffs   uint64 // shards that were given up in order: their grains have left, what they had appended was waited for
	Unstored   uint64 // hand-offs before which not everything was known to be stored
	Evictions  uint64 // members that this one took out of the view
}

// Status is what this member knows of the fleet.
type Status struct {
	Incarnation string
	Node        string
	Standing    roster.Standing
	Condition   roster.Condition // of this member
	Waits       string           // what a join waits for; "" when it is over
	Epoch       uint64
	Members     []MemberStatus // by incarnation
	Roles       []RoleStatus   // of this member and of all active ones, by name
	Counts      Counts
	Detours     int // shards for which messages wait here until what was sent to an earlier owner has arrived
	Unread      int // shards that are served here though reminders couldn't be read yet: they come late
}

// MemberStatus is a member of the view.
type MemberStatus struct {
	roster.Member
	Condition roster.Condition // suspended: as far as its silence shows
	Silent    time.Duration    // since its last sign of life; 0 for this member
}

// RoleStatus is who is to own the shards of a role.
type RoleStatus struct {
	Role   string
	Own    bool // this member carries it
	Shards [Shards]ShardStatus
}

// ShardStatus is one shard.
type ShardStatus struct {
	Owner string       // incarnation; "": nobody carries the role
	Phase roster.Phase // of this member's own part; "" where it doesn't carry the role
}

// Status returns what is known now.
func (m *Member) Status() (s Status) {
	if !m.started() {
		return Status{Incarnation: m.me, Node: m.cfg.Self.Node, Condition: roster.NodeJoining, Waits: "its start"}
	}
	m.ask(func() string { s = m.status(); return "" })
	return s
}

func (m *Member) status() Status {
	l := &m.loop
	v := l.view.View
	now := m.now()
	s := Status{
		Incarnation: m.me, Node: m.cfg.Self.Node, Standing: m.Standing(), Epoch: v.Epoch, Counts: l.counts,
		Detours: len(l.detours),
	}
	if ledgers := m.ledgers.Load(); ledgers != nil {
		s.Unread = ledgers.Unread()
	}
	s.Condition = roster.Of(v, m.me, s.Standing, l.parting)
	if s.Condition == roster.NodeJoining {
		s.Waits = l.waits
	}
	for _, o := range v.Members {
		s.Members = append(s.Members, m.memberStatus(o, now, s.Condition))
	}
	for _, role := range m.roles() {
		s.Roles = append(s.Roles, m.roleStatus(role))
	}
	return s
}

func (m *Member) memberStatus(o roster.Member, now time.Duration, own roster.Condition) MemberStatus {
	out := MemberStatus{Member: o}
	if o.Incarnation == m.me {
		out.Condition = own
		return out
	}
	standing := roster.Leased
	if at, ok := m.loop.heard[o.Incarnation]; ok {
		out.Silent = now - at
	}
	if out.Silent >= m.timers.Lease {
		standing = roster.Suspended
	}
	out.Condition = roster.Of(m.loop.view.View, o.Incarnation, standing, false)
	return out
}

// roles are those that somebody carries, and our own.
func (m *Member) roles() []string {
	roles := append(m.loop.view.View.Roles(), m.cfg.Self.Roles...)
	slices.Sort(roles)
	return slices.Compact(roles)
}

func (m *Member) roleStatus(role string) RoleStatus {
	out := RoleStatus{Role: role, Own: m.cfg.Self.Carries(role)}
	line := m.loop.others[role]
	for n := range out.Shards {
		if h := m.loop.shards[journal.Shard{Role: role, Number: n}]; h != nil {
			out.Shards[n] = ShardStatus{Owner: h.state.Owner(), Phase: h.state.Phase()}
		} else if line != nil {
			out.Shards[n] = ShardStatus{Owner: line[n].Member}
		}
	}
	return out
}
