package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// nudgeName is the plain actor that each member has for what the others tell it: to look at some fences. It is a hint; who doesn't hear
// it looks all the same, a little later.
const nudgeName = "cluster.member"

// nudge is what one says, as JSON: numbers of shards by role.
type nudge map[string][]int

// nudged takes nudges for a Member.
type nudged struct{ m *Member }

// Handle implements engine.Actor. An empty message asks for the epoch that places go by.
func (n nudged) Handle(c *engine.Context[[]byte], message []byte) {
	if len(message) == 0 {
		c.Respond(n.m.places.epoch.Load())
		return
	}
	var told nudge
	if json.Unmarshal(message, &told) == nil {
		n.m.post(func() { n.m.look(told) })
	}
}

// listen makes the actor.
func (m *Member) listen(sys *engine.System) error {
	ref, err := engine.Spawn(sys, nudgeName, func() engine.Actor[[]byte] { return nudged{m} }, engine.WithMailbox(1000))
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	m.nudge = ref.Address()
	return nil
}

// epochOf asks a member by which view its places go.
func (m *Member) epochOf(ctx context.Context, member string) (uint64, error) {
	to := m.nudge
	to.Member = member
	return engine.Ask[uint64](ctx, engine.RefTo[[]byte](m.sys, to), []byte{})
}

// tellLater has a member told about a shard, together with all that is told it at this moment.
func (m *Member) tellLater(member string, shard journal.Shard) {
	if m.loop.view.View.Names(member) {
		m.loop.nudges[member] = append(m.loop.nudges[member], shard)
	}
}

func (m *Member) sendNudges() {
	for member, shards := range m.loop.nudges {
		told := nudge{}
		for _, s := range shards {
			told[s.Role] = append(told[s.Role], s.Number)
		}
		to := m.nudge
		to.Member = member
		if message, err := json.Marshal(told); err == nil {
			engine.RefTo[[]byte](m.sys, to).Tell(message)
		}
	}
	clear(m.loop.nudges)
}

// look follows a nudge: a shard that waits looks again; one that is idle may have a fence that names us, by a claim whose answer was
// lost.
func (m *Member) look(told nudge) {
	l := &m.loop
	for role, numbers := range told {
		for _, n := range numbers {
			h := l.shards[journal.Shard{Role: role, Number: n}]
			switch {
			case h == nil:
			case h.want == roster.Look:
				h.due = m.now()
			case h.busy:
				h.told = true
			case h.state.Phase() == roster.Idle && !h.busy:
				l.asked[h.shard] = true
			}
		}
	}
}

// lookAfter reads the fences of idle shards that others asked about.
func (m *Member) lookAfter(ctx context.Context) {
	l := &m.loop
	if l.looking || len(l.asked) == 0 {
		return
	}
	l.looking = true
	var hs []*holding
	for _, h := range l.order {
		if l.asked[h.shard] && len(hs) < fencesAtOnce {
			hs = append(hs, h)
		}
	}
	clear(l.asked)
	m.async(ctx, func(ctx context.Context) func() {
		found, err := m.cfg.Objects.Fences(ctx, shardsOf(hs))
		return func() {
			l.looking = false
			if err != nil {
				return // it is asked again
			}
			for i, h := range hs {
				f := found[i]
				if f.Fence.Owner == m.me && f.Fence.State == roster.FenceOwned && h.state.Phase() == roster.Idle && !h.busy {
					h.claim = f.Sequence
					m.on(h, roster.FenceFound)
				}
			}
		}
	})
}

// suspicions are incarnations that somebody suspects, each once.
type suspicions struct {
	mu    sync.Mutex
	names map[string]bool // guarded by mu
}

// maxSuspects is more than a view has members.
const maxSuspects = 2 * roster.MaxMembers

func (s *suspicions) add(incarnation string, wake chan<- struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]bool{}
	}
	if len(s.names) < maxSuspects {
		s.names[incarnation] = true
	}
	select {
	case wake <- struct{}{}:
	default:
	}
}

func (s *suspicions) take() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.names {
		out = append(out, name)
	}
	clear(s.names)
	return out
}
