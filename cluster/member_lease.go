package cluster

import (
	"context"
	"errors"
	"time"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
)

// lend publishes the lease as it is now; May and Standing go by it.
func (m *Member) lend() {
	l := *m.loop.lease
	m.lent.Store(&l)
}

// renew sends what is due, whatever answers are outstanding.
func (m *Member) renew(ctx context.Context, now time.Duration) {
	r, ok := m.loop.lease.Renew(now)
	if !ok {
		return
	}
	record := m.loop.lease.Record(r)
	m.async(ctx, func(ctx context.Context) func() {
		inTime, cancel := context.WithTimeout(ctx, m.timers.Lease) // a later answer would give no right
		defer cancel()
		revision, err := m.cfg.Objects.PutRecord(inTime, record, r.Expect)
		if err == nil {
			return func() { m.renewed(r, revision) }
		}
		found, known := m.foundRecord(inTime, err)
		if !known {
			return nil // the next one tells
		}
		return func() { m.refused(ctx, r, found) }
	})
}

// foundRecord is what stood in the way of our renewal.
func (m *Member) foundRecord(ctx context.Context, err error) (found roster.Found, known bool) {
	refused, ok := errors.AsType[*objects.Refused[roster.Found]](err)
	if !ok || refused.Known {
		return foundOf(refused), ok
	}
	found, err = m.cfg.Objects.Record(ctx, m.me)
	return found, err == nil
}

func foundOf(r *objects.Refused[roster.Found]) (f roster.Found) {
	if r != nil {
		f = r.Found
	}
	return f
}

func (m *Member) renewed(r roster.Renewal, revision uint64) {
	l := &m.loop
	l.lease.Acknowledged(r, revision, m.now())
	l.revision = max(l.revision, revision)
	m.lend()
}

func (m *Member) refused(ctx context.Context, r roster.Renewal, found roster.Found) {
	l := &m.loop
	l.lease.Refused(r, found, m.now())
	l.revision = max(l.revision, found.Revision)
	m.lend()
	if n := l.lease.Losses(); n != l.losses {
		l.losses = n
		m.log.Warn("the store lost this member's record: it is created again", "node", m.cfg.Self.Node)
		m.watchRecords(ctx)
	}
}

// stand carries out what the lease says: appends, reminders and places rest while it doesn't stand.
func (m *Member) stand(now time.Duration) {
	l := &m.loop
	standing := l.lease.Standing(now)
	if standing == roster.Ended {
		m.end(ErrEvicted)
		return
	}
	acts := standing != roster.Suspended
	if acts == l.acts {
		return
	}
	l.acts = acts
	event, told := roster.LeaseLapsed, roster.Suspended
	if acts {
		event, told = roster.LeaseBack, roster.Leased
		m.ledgers.Load().Resume()
		m.log.Info("the lease stands", "node", m.cfg.Self.Node)
	} else {
		m.ledgers.Load().Suspend()
		l.counts.SelfFences++
		m.log.Warn("the lease has run out: this member is suspended", "node", m.cfg.Self.Node)
	}
	for _, h := range l.order {
		m.on(h, event)
	}
	m.hooks.standing(told)
}

// end is for good: every shard is dropped.
func (m *Member) end(why error) {
	l := &m.loop
	if l.ended {
		return
	}
	l.ended, l.acts = true, false
	l.lease.End()
	m.lend()
	m.ledgers.Load().Suspend()
	if !l.parting {
		l.why = why
		m.log.Error("this member has ended", "node", m.cfg.Self.Node, "error", why)
	}
	for _, h := range l.order {
		m.on(h, roster.MemberEnded)
	}
	m.hooks.standing(roster.Ended)
}

// depart says that nothing is owned any more, once.
func (m *Member) depart() {
	select {
	case <-m.left:
		return
	default:
	}
	close(m.left)
	if why := m.loop.why; why != nil {
		m.hooks.ended(why)
	}
}

func (m *Member) failure() error {
	var err error
	m.ask(func() string { err = m.loop.why; return "" })
	return err
}
