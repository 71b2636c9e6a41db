package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
)

// farewellFor bounds the wait for members that don't answer, when this one leaves.
const farewellFor = 500 * time.Millisecond

// The steps of leaving are tried so often, because nothing hangs on them: who has released everything is evicted at once where its
// record says so, and by its silence otherwise.
const (
	leaveTries = 10
	leaveAgain = 50 * time.Millisecond

	farewellAgain = 2 * time.Millisecond
)

// part releases the record and leaves the view once nothing is owned any more.
func (m *Member) part(ctx context.Context, named bool) {
	l := &m.loop
	if !m.idle() {
		return
	}
	l.parting = true
	l.lease.End()
	m.lend()
	number, revision, v := l.lease.Number(), l.revision, l.view.View
	m.async(ctx, func(ctx context.Context) func() {
		m.farewell(ctx, v)
		m.releaseRecord(ctx, number, revision)
		if named {
			m.leave(ctx)
		}
		return m.depart
	})
}

// farewell waits until the others have seen that nothing is here any more, and have received what this member has sent them: when it is
// out of the view, what is on its way between them is lost. Lanes keep their order, so an answer comes after all that was sent before.
func (m *Member) farewell(ctx context.Context, v roster.View) {
	ctx, cancel := context.WithTimeout(ctx, farewellFor)
	defer cancel()
	m.sentOn(ctx)
	var all sync.WaitGroup
	for _, o := range v.Members {
		if o.Incarnation == m.me {
			continue
		}
		all.Go(func() {
			for epoch := uint64(0); epoch < v.Epoch; {
				var err error
				if epoch, err = m.epochOf(ctx, o.Incarnation); err != nil || epoch < v.Epoch && !rest(ctx, farewellAgain) {
					return
				}
			}
			// questions that were sent on from here; messages that wait; members that wait for what was sent on
			for m.sys.Relays()+int(m.detouring.Load()+m.unseen.Load()+m.owed.Load()) > 0 && rest(ctx, farewellAgain) {
				continue
			}
			m.sentOn(ctx)
			_, _ = m.epochOf(ctx, o.Incarnation) // whoever doesn't answer has nothing on its way either
		})
	}
	all.Wait()
}

// sentOn waits until all is on its way that places let go.
func (m *Member) sentOn(ctx context.Context) {
	done := make(chan struct{})
	m.places.afterwards(func() { close(done) })
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (m *Member) idle() bool {
	for _, h := range m.loop.order {
		if h.busy || h.state.Phase() != roster.Idle {
			return false
		}
	}
	return true
}

func (m *Member) releaseRecord(ctx context.Context, number, revision uint64) {
	for range leaveTries {
		_, err := m.cfg.Objects.PutRecord(ctx, roster.Record{Incarnation: m.me, Number: number, State: roster.Let}, revision)
		if err == nil {
			return
		}
		found, known := m.foundRecord(ctx, err)
		switch {
		case !known:
			if !rest(ctx, leaveAgain) {
				return
			}
		case found.Revision == 0 || found.Record.State != roster.Live:
			return // barred, or lost: nobody needs it
		}
		if known {
			revision, number = found.Revision, max(number, found.Record.Number)
		}
	}
}

func (m *Member) leave(ctx context.Context) {
	err := m.amend(ctx, leaveTries, func(v roster.View) (roster.View, roster.Reason, error) { return v.Leave(m.me) })
	if err != nil && !errors.Is(err, roster.ErrUnknown) {
		m.log.Warn("not left the view: the others will evict this member", "node", m.cfg.Self.Node, "error", err)
	}
}

// amend changes the view that the leader has, and tries again where another was faster.
func (m *Member) amend(ctx context.Context, tries int, f viewChange) (err error) {
	var v objects.Viewed
	known := false
	for range tries {
		if !known {
			if v, err = m.cfg.Objects.View(ctx); err != nil {
				if !rest(ctx, leaveAgain) {
					return err
				}
				continue
			}
		}
		next, _, refusal := f(v.View)
		if refusal != nil {
			return refusal
		}
		at := v.Revision
		if v, known, err = m.putView(ctx, next, at); err == nil {
			m.post(func() { m.answered(v, at) })
			return nil
		}
		if !known && !rest(ctx, leaveAgain) {
			return err
		}
	}
	return err
}

// Drain asks, by the view, that a node hands over what it owns and leaves: this one or any other. It returns when the view says so; what
// follows is seen by Status. A node that the view doesn't name is a roster.ErrUnknown.
func (m *Member) Drain(ctx context.Context, node string) error {
	const tries = 50
	err := m.amend(ctx, tries, func(v roster.View) (roster.View, roster.Reason, error) {
		target, ok := v.Node(node)
		if !ok {
			return v, "", fmt.Errorf("%w: the view of epoch %d has no node %q", roster.ErrUnknown, v.Epoch, node)
		}
		return v.Drain(target.Incarnation)
	})
	if err == nil || errors.Is(err, roster.ErrAlready) {
		return nil
	}
	return fmt.Errorf("cluster: drain node %s: %w", node, err)
}

// rest is false when ctx ended meanwhile.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
