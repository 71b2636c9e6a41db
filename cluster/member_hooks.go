package cluster

import (
	"context"
	"sync"
	"time"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// TakeOver is a shard that this member serves again after nobody did.
type TakeOver struct {
	Shard journal.Shard
	From  string        // the incarnation that had it; this one's own after an unclear append
	Took  time.Duration // since its last sign of life, its first suspicion, or our loss
}

// seen is a change of the members.
type seen struct {
	before, after roster.View
	went          []journal.Shard
}

// hooks are called one after another by one goroutine of their own, in the order of what happened; a slow one delays nothing but them.
type hooks struct {
	wake chan struct{} // holds one

	mu         sync.Mutex // guards what follows
	queue      []func()
	onStanding []func(roster.Standing)
	onView     []func(before, after roster.View, went []journal.Shard)
	onTakeOver []func(TakeOver)
	onEnded    []func(error)
}

// OnStanding has f called when this member may act (Leased), may not (Suspended), or never will again (Ended). It comes a moment after the
// fact: right before acting, ask May. Hooks are set before Start.
func (m *Member) OnStanding(f func(roster.Standing)) {
	m.hooks.mu.Lock()
	defer m.hooks.mu.Unlock()
	m.hooks.onStanding = append(m.hooks.onStanding, f)
}

// OnView has f called when members came, went or changed, after places and peers say so. went are the shards, of all roles, that members
// had who are in the view no more.
func (m *Member) OnView(f func(before, after roster.View, went []journal.Shard)) {
	m.hooks.mu.Lock()
	defer m.hooks.mu.Unlock()
	m.hooks.onView = append(m.hooks.onView, f)
}

// OnTakeOver has f called for each shard that is served here again after a failure.
func (m *Member) OnTakeOver(f func(TakeOver)) {
	m.hooks.mu.Lock()
	defer m.hooks.mu.Unlock()
	m.hooks.onTakeOver = append(m.hooks.onTakeOver, f)
}

// OnEnded has f called once when this member's part is over though nobody called Stop: ErrEvicted, ErrDrained or ErrViewLost. Everything
// that it owned is given up by then. The process ends, or goes on with a new incarnation.
func (m *Member) OnEnded(f func(error)) {
	m.hooks.mu.Lock()
	defer m.hooks.mu.Unlock()
	m.hooks.onEnded = append(m.hooks.onEnded, f)
}

func (h *hooks) standing(s roster.Standing) {
	h.add(func() {
		for _, f := range h.onStanding {
			f(s)
		}
	})
}

func (h *hooks) seen(changes []seen) {
	for _, c := range changes {
		h.add(func() {
			for _, f := range h.onView {
				f(c.before, c.after, c.went)
			}
		})
	}
}

func (h *hooks) takeOver(t TakeOver) {
	h.add(func() {
		for _, f := range h.onTakeOver {
			f(t)
		}
	})
}

func (h *hooks) ended(why error) {
	h.add(func() {
		for _, f := range h.onEnded {
			f(why)
		}
	})
}

func (h *hooks) add(f func()) {
	h.mu.Lock()
	h.queue = append(h.queue, f)
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// run calls them until ctx ends, and what has happened by then.
func (h *hooks) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-h.wake:
		case <-ctx.Done():
		}
		h.mu.Lock()
		queue := h.queue
		h.queue = nil
		h.mu.Unlock()
		for _, f := range queue {
			f()
		}
	}
}
