package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// changeAgain is the pause after a change of the view that had no clear answer.
const changeAgain = 50 * time.Millisecond

// olderFor is how long the store's leader may answer with an older view than it had before: one that is deposed does for a moment.
const olderFor = 10 * time.Second

func (m *Member) watchView(ctx context.Context) {
	for s := range m.cfg.Objects.WatchView(ctx) {
		switch s.Event {
		case objects.Stored:
			m.pass(ctx, func() { m.see(objects.Viewed{View: s.Value, Revision: s.Revision}) })
		case objects.Unreadable, objects.Deleted:
			m.log.Error("the view can't be read: this member goes on with the one before", "event", string(s.Event), "error", s.Err)
		case objects.Began:
		}
	}
}

// read asks the leader for the view.
func (m *Member) read(ctx context.Context) {
	m.loop.changing = true
	at := m.loop.view.Revision
	m.async(ctx, func(ctx context.Context) func() {
		v, err := m.cfg.Objects.View(ctx)
		return func() {
			m.loop.changing = false
			if err != nil {
				m.loop.changeAt = m.now() + changeAgain
				m.loop.waits = "the view: " + err.Error()
				return
			}
			m.answered(v, at)
		}
	})
}

// answered takes the leader's view; at is the revision that was known when it was asked.
func (m *Member) answered(v objects.Viewed, at uint64) {
	l := &m.loop
	now := m.now()
	if v.Revision >= at {
		l.older = 0
		l.viewed = true
		m.see(v)
		return
	}
	if l.older == 0 {
		l.older = now
	}
	if now-l.older >= olderFor {
		m.end(ErrViewLost)
	}
}

// see takes a view. Peers come first, then places, then what is to be done.
func (m *Member) see(v objects.Viewed) {
	l := &m.loop
	if v.Revision <= l.view.Revision {
		return
	}
	before := l.view.View
	l.view, l.viewed, l.rejudge = v, true, true
	l.lease.See(v.View)
	m.lend()
	l.watch.See(m.witnessed(v.View), m.now())
	diff := roster.Between(before, v.View)
	m.meet(diff.Came)
	m.log.Info("view", "epoch", v.View.Epoch, "members", len(v.View.Members), "came", names(diff.Came), "went", names(diff.Went),
		"now", changed(before, v.View))
	if m.cfg.Peers != nil && !diff.Empty() {
		m.cfg.Peers(addresses(v.View, m.me))
	}
	l.counts.Views++
	m.assign(before, diff)
	for _, gone := range diff.Went {
		l.went = append(l.went, gone.Incarnation)
		m.forgetWay(gone.Incarnation)
		delete(l.heard, gone.Incarnation)
		delete(l.dead, gone.Incarnation)
		delete(l.certain, gone.Incarnation)
		delete(l.condemned, gone.Incarnation)
	}
	if !diff.Empty() {
		l.seen = append(l.seen, seen{before, v.View, ownedBy(before, diff.Went)})
	}
	if self, ok := v.View.Member(m.me); ok && self.State == roster.Draining && !l.leaving {
		l.leaving, l.why = true, ErrDrained
	}
}

// changed tells who is in another state than before: NODE STATE.
func changed(before, after roster.View) (out []string) {
	for _, m := range after.Members {
		if was, ok := before.Member(m.Incarnation); ok && was.State != m.State {
			out = append(out, m.Node+" "+string(m.State))
		}
	}
	return out
}

func names(members []roster.Member) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Node + "/" + m.Incarnation
	}
	return out
}

func addresses(v roster.View, but string) map[string]string {
	out := make(map[string]string, len(v.Members))
	for _, m := range v.Members {
		if m.Incarnation != but {
			out[m.Incarnation] = m.Address
		}
	}
	return out
}

// ownedBy lists the shards that members had who went.
func ownedBy(v roster.View, went []roster.Member) (shards []journal.Shard) {
	if len(went) == 0 {
		return nil
	}
	for _, role := range v.Roles() {
		for n, owner := range roster.Place(v, role) {
			if slices.ContainsFunc(went, func(m roster.Member) bool { return m.Incarnation == owner }) {
				shards = append(shards, journal.Shard{Role: role, Number: n})
			}
		}
	}
	return shards
}

// assign tells every shard of ours who is to own it, and draws the lines of the others' roles.
func (m *Member) assign(before roster.View, diff roster.Diff) {
	l := &m.loop
	l.dirty = true
	l.others = table{}
	was := l.owners
	l.owners = map[string]roster.Owners{}
	for _, role := range l.view.View.Roles() {
		owners := roster.Place(l.view.View, role)
		l.owners[role] = owners
		m.moved(role, was[role], owners)
		if !m.cfg.Self.Carries(role) {
			l.others[role] = lineOf(owners)
		}
	}
	m.reviewDetours()
	went := roster.View{Members: diff.Went}
	for _, role := range m.cfg.Self.Roles {
		owners := roster.Place(l.view.View, role)
		for n, owner := range owners {
			h := l.shards[journal.Shard{Role: role, Number: n}]
			was := h.state.Owner()
			if was != owner && owner == m.me && went.Names(was) {
				h.down, h.from = m.downSince(was), was
				m.takes(was, diff.Went)
			}
			m.step(h, func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.See(l.view.View.Epoch, owner) })
			m.again(h)
			if was != owner {
				m.handed(h)
			}
		}
	}
}

func lineOf(owners roster.Owners) *[Shards]engine.Place {
	line := new([Shards]engine.Place)
	for n, owner := range owners {
		line[n] = engine.Place{Answer: engine.Elsewhere, Member: owner}
	}
	return line
}

// downSince is when a member that went gave its last sign of life, or was suspected first.
func (m *Member) downSince(incarnation string) time.Duration {
	if at, ok := m.loop.dead[incarnation]; ok {
		return at
	}
	if at, ok := m.loop.heard[incarnation]; ok {
		return at
	}
	return m.now()
}

type viewChange func(roster.View) (roster.View, roster.Reason, error)

// change stores a change of the view at hand; stored runs before the new view is seen.
func (m *Member) change(ctx context.Context, f viewChange, stored func()) {
	l := &m.loop
	next, why, err := f(l.view.View)
	if err != nil {
		l.changeAt = m.now() + changeAgain
		l.waits = err.Error()
		return
	}
	l.changing = true
	at := l.view.Revision
	m.async(ctx, func(ctx context.Context) func() {
		v, stands, err := m.putView(ctx, next, at)
		return func() {
			l.changing = false
			if err == nil {
				m.log.Debug("view changed", "reason", string(why), "epoch", next.Epoch)
				stored()
			} else if !stands || v.Revision <= at { // nothing new to decide on
				l.changeAt, l.waits = m.now()+changeAgain, "a change of the view: "+err.Error()
			}
			if stands {
				m.answered(v, at)
			}
		}
	})
}

// putView tells what stands after it, where it can.
func (m *Member) putView(ctx context.Context, v roster.View, at uint64) (stands objects.Viewed, known bool, err error) {
	revision, err := m.cfg.Objects.PutView(ctx, v, at)
	if err == nil {
		return objects.Viewed{View: v, Revision: revision}, true, nil
	}
	if refused, ok := errors.AsType[*objects.Refused[objects.Viewed]](err); ok && refused.Known {
		return refused.Found, true, err
	}
	stands, readErr := m.cfg.Objects.View(ctx)
	return stands, readErr == nil, err
}

// wish changes the view where this member needs it.
func (m *Member) wish(ctx context.Context, now time.Duration) {
	l := &m.loop
	if l.ended || l.changing || now < l.changeAt {
		return
	}
	if !l.viewed {
		m.read(ctx)
		return
	}
	self, named := l.view.View.Member(m.me)
	token, unproven := l.lease.Unproven()
	switch {
	case l.leaving && (!named || self.State != roster.Active):
		m.part(ctx, named)
	case unproven:
		m.change(ctx, func(v roster.View) (roster.View, roster.Reason, error) { return m.prove(v, token) }, func() {
			l.lease.Proven(token, m.now())
			m.lend()
		})
	case l.leaving:
		m.change(ctx, func(v roster.View) (roster.View, roster.Reason, error) { return v.Drain(m.me) }, func() {})
	case named && self.State == roster.Joining && l.acts:
		m.change(ctx, func(v roster.View) (roster.View, roster.Reason, error) { return v.Activate(m.me) }, func() {})
	case l.outrun > l.view.View.Epoch && l.acts:
		m.change(ctx, func(v roster.View) (roster.View, roster.Reason, error) { return v.Raise(l.outrun) }, func() {})
	}
}

// prove enters the view, or says there that our record was created anew.
func (m *Member) prove(v roster.View, proven uint64) (roster.View, roster.Reason, error) {
	if v.Names(m.me) {
		return v.Affirm(m.me, proven)
	}
	self := m.cfg.Self
	self.Proven = proven
	old, taken := v.Node(self.Node)
	if taken && m.cfg.Predecessor != nil && m.cfg.Predecessor(old.Incarnation) {
		return v.Replace(self)
	}
	if taken && !m.loop.warned {
		m.loop.warned = true
		m.log.Warn("an earlier incarnation has this node's name: waiting until it is evicted for its silence", "node", self.Node, "incarnation", old.Incarnation)
	}
	return v.Join(self)
}
