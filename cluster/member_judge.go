package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
)

const (
	probeFor   = time.Second
	probeTries = 5                     // a process that dies closes its connections before its port refuses
	probeAgain = 20 * time.Millisecond // between them
	judgeAgain = 50 * time.Millisecond // while somebody is silent
	evictTries = 5                     // views at hand for one judgment
)

// watchRecords begins the watch of the records, anew where there was one.
func (m *Member) watchRecords(ctx context.Context) {
	if m.loop.rewatch != nil {
		m.loop.rewatch()
	}
	ctx, cancel := context.WithCancel(ctx)
	m.loop.rewatch = cancel
	m.work.Go(func() {
		for s := range m.cfg.Objects.WatchRecords(ctx) {
			m.pass(ctx, func() {
				if ctx.Err() == nil {
					m.observe(s)
				}
			})
		}
	})
}

func (m *Member) observe(s objects.Sight[roster.Record]) {
	l := &m.loop
	now := m.now()
	switch s.Event {
	case objects.Began:
		l.watch.Restarted(now)
		clear(l.records)
		l.rejudge = true
	case objects.Stored:
		m.note(s)
		l.watch.Observe(s.Value, s.Revision, now)
		if s.Value.State != roster.Live {
			l.rejudge = true
		} else if l.view.View.Names(s.Key) {
			l.heard[s.Key] = now
			delete(l.dead, s.Key)
			if s.Revision > l.condemned[s.Key] { // not one that a watch tells again
				delete(l.condemned, s.Key)
			}
		}
	case objects.Unreadable:
		m.log.Error("a member's record can't be read: it counts as silent", "incarnation", s.Key, "error", s.Err)
	case objects.Deleted:
		delete(l.records, s.Key)
	}
}

// note keeps the record of an incarnation that may come; one that has ended never will.
func (m *Member) note(s objects.Sight[roster.Record]) {
	l := &m.loop
	switch {
	case s.Key == m.me || l.view.View.Names(s.Key):
	case s.Value.State != roster.Live && l.viewed:
		delete(l.records, s.Key)
	case len(l.records) < maxStrangers:
		l.records[s.Key] = roster.Found{Record: s.Value, Revision: s.Revision}
	}
}

// maxStrangers bounds the records that are kept of incarnations which the view doesn't name yet, or no more.
const maxStrangers = 10 * roster.MaxMembers

// meet takes the records of members that came: they were told before the view was.
func (m *Member) meet(came []roster.Member) {
	l := &m.loop
	for _, c := range came {
		if f, ok := l.records[c.Incarnation]; ok {
			l.watch.Observe(f.Record, f.Revision, m.now())
			delete(l.records, c.Incarnation)
		}
	}
}

// judge looks at the others when time or an event may have changed a verdict.
func (m *Member) judge(ctx context.Context, now time.Duration) {
	l := &m.loop
	if l.ended || !l.rejudge && now < l.judgeAt {
		return
	}
	l.rejudge = false
	l.judgeAt = now + l.watch.Next(now)
	own := l.lease.Standing(now)
	inTheWay := m.inTheWay()
	if inTheWay != "" {
		own = roster.Steady
	}
	for _, j := range l.watch.Judge(own, now) {
		if j.Verdict == roster.Alive || inTheWay != "" && j.Incarnation != inTheWay {
			continue
		}
		if j.For >= m.timers.TakeOver || j.Verdict == roster.Evict {
			l.judgeAt = min(l.judgeAt, now+judgeAgain) // its own turn may come by what others do
		}
		if j.Verdict == roster.Evict && !l.changing {
			m.evict(ctx, j)
		}
	}
}

// inTheWay is an incarnation that has this node's name, while this member waits to join; "" where there is none. Perhaps nobody is left to
// judge that one. So the applicant does, of its silence only: it hears its own renewals as a member does, it bars the record, and a view at
// hand is changed, which is all that the argument for one owner asks of a judge; that it has no lease yet only means that it may take an
// outage for silence. Alone with that one it waits as for a crowd.
func (m *Member) inTheWay() string {
	l := &m.loop
	if !l.viewed || l.leaving || l.view.View.Names(m.me) {
		return ""
	}
	old, _ := l.view.View.Node(m.cfg.Self.Node)
	return old.Incarnation
}

// witnessed is the view with this member in it, whose own renewals show whether its watch can be trusted.
func (m *Member) witnessed(v roster.View) roster.View {
	if v.Names(m.me) {
		return v
	}
	return roster.View{Epoch: v.Epoch, Members: append(slices.Clone(v.Members), m.cfg.Self)}
}

// evict carries a judgment out: a view at hand, the bar, that very view without the member. Where another changed the view between, it
// begins anew with the new one while the judgment stands: the bar is our own then, and the member the same.
func (m *Member) evict(ctx context.Context, j roster.Judgment) {
	l := &m.loop
	v := l.view
	judged, _ := v.View.Member(j.Incarnation)
	m.tellVerdict(judged, j)
	needs := l.lease.Standing(m.now())
	if j.Why != roster.Unheard {
		needs = roster.Leased
	}
	if j.Incarnation == m.inTheWay() {
		needs = roster.Suspended
	}
	l.changing = true
	at := v.Revision
	m.async(ctx, func(ctx context.Context) func() {
		stands, known := m.evicted(ctx, eviction{j: j, member: judged, view: v, needs: needs})
		return func() {
			l.changing = false // another try comes at its time, or with what is seen meanwhile
			if known {
				m.answered(stands, at)
			}
		}
	})
}

// tellVerdict logs once for each death that a member is evicted. One that has released everything leaves in order.
func (m *Member) tellVerdict(judged roster.Member, j roster.Judgment) {
	l := &m.loop
	if _, told := l.condemned[j.Incarnation]; told {
		return
	}
	l.condemned[j.Incarnation] = j.Revision
	if j.Why == roster.Departed {
		m.log.Info("a member has left", "node", judged.Node, "incarnation", j.Incarnation)
		return
	}
	m.log.Warn("evicting a member", "node", judged.Node, "incarnation", j.Incarnation, "reason", string(j.Why), "silent_for", j.For)
}

// eviction is one judgment with the view at hand.
type eviction struct {
	j      roster.Judgment
	member roster.Member
	view   objects.Viewed
	needs  roster.Standing
}

func (m *Member) evicted(ctx context.Context, e eviction) (stands objects.Viewed, known bool) {
	for range evictTries {
		revision, err := m.cfg.Objects.PutRecord(ctx, e.j.Bar(m.me), e.j.Revision)
		if err != nil {
			m.barRefused(err)
			return stands, known
		}
		next, _, err := e.view.View.Evict(e.j.Incarnation)
		if s := m.Standing(); err != nil || s < e.needs || s == roster.Ended {
			return stands, known
		}
		stands, known, err = m.putView(ctx, next, e.view.Revision)
		if err == nil {
			m.post(func() { m.loop.counts.Evictions++ })
		}
		if err == nil || !known || !errors.Is(err, objects.ErrRefused) {
			return stands, known
		}
		if still, ok := stands.View.Member(e.j.Incarnation); !ok || !still.Equal(e.member) {
			return stands, known
		}
		e.view, e.j.Revision = stands, revision
	}
	return stands, known
}

// barRefused takes what stood in the bar's way: a renewal that the watch has not told yet, or another's bar.
func (m *Member) barRefused(err error) {
	refused, ok := errors.AsType[*objects.Refused[roster.Found]](err)
	if ok && refused.Known && refused.Found.Revision != 0 {
		m.post(func() { m.loop.watch.Observe(refused.Found.Record, refused.Found.Revision, m.now()) })
	}
}

// Suspect says that a connection to an incarnation broke, or that something else speaks against its life. The member is asked for by the
// probe, and evicted at once where its death is certain. It doesn't wait.
func (m *Member) Suspect(incarnation string) {
	if m.cfg.Probe == nil || !m.started() {
		return
	}
	m.suspects.add(incarnation, m.wake)
}

// probe begins to ask for those who are suspected.
func (m *Member) probe(ctx context.Context) {
	l := &m.loop
	for _, incarnation := range m.suspects.take() {
		suspect, ok := l.view.View.Member(incarnation)
		if !ok || incarnation == m.me || l.probing[incarnation] || l.ended {
			continue
		}
		l.probing[incarnation] = true
		if _, known := l.dead[incarnation]; !known {
			l.dead[incarnation] = m.now()
		}
		m.async(ctx, func(ctx context.Context) func() {
			dead := m.dies(ctx, suspect)
			return func() { m.probed(suspect, dead) }
		})
	}
}

func (m *Member) dies(ctx context.Context, suspect roster.Member) bool {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	for range probeTries {
		if m.cfg.Probe(ctx, suspect.Address, suspect.Incarnation) {
			return true
		}
		if !rest(ctx, probeAgain) {
			break
		}
	}
	return false
}

func (m *Member) probed(suspect roster.Member, dead bool) {
	l := &m.loop
	delete(l.probing, suspect.Incarnation)
	if !l.view.View.Names(suspect.Incarnation) {
		return // it has gone meanwhile
	}
	if !dead {
		delete(l.dead, suspect.Incarnation)
		delete(l.certain, suspect.Incarnation)
		return
	}
	if l.view.View.Names(suspect.Incarnation) && !l.certain[suspect.Incarnation] {
		l.certain[suspect.Incarnation] = true
		m.log.Warn("a member is dead for certain", "node", suspect.Node, "incarnation", suspect.Incarnation)
	}
	l.watch.Died(suspect.Incarnation)
	l.rejudge = true
}

// take is what this member takes over from one that went, until all of it is served.
type take struct {
	node   string
	shards int
	took   time.Duration // the longest
}

// takes notes that a shard of one that went is to be served here.
func (m *Member) takes(incarnation string, went []roster.Member) {
	l := &m.loop
	if l.takings[incarnation] == nil {
		l.takings[incarnation] = &take{}
	}
	for _, gone := range went {
		if gone.Incarnation == incarnation {
			l.takings[incarnation].node = gone.Node
		}
	}
}

// tellTaken logs what was taken over from an incarnation once all of it is served.
func (m *Member) tellTaken(from string, took time.Duration) {
	l := &m.loop
	t := l.takings[from]
	if t == nil {
		return
	}
	t.shards++
	t.took = max(t.took, took)
	for _, h := range l.order {
		if h.from == from && h.down > 0 {
			return
		}
	}
	delete(l.takings, from)
	m.log.Info("took over shards", "node", m.cfg.Self.Node, "from", t.node, "shards", t.shards, "took", t.took)
}
