package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/enginetest/bubble"
	"hayauma.example/engine/journal"
)

// strike begins a fault, which ends by itself.
func (w *world) strike(f fault) {
	if w.open(f) {
		w.mu.Lock()
		w.hits++
		w.mu.Unlock()
	}
	w.log.add("FAULT %v", f)
	p := w.current(f.node)
	switch f.what {
	case join:
		w.start(f.node, true)
	case slow:
		w.net.SetLatency(f.delay, f.delay/3)
		w.later(f, func() { w.net.SetLatency(w.plan.latency, w.plan.latency) })
	case clock:
		w.setClock(f.node, f.ahead)
		w.later(f, func() { w.setClock(f.node, 0) })
	case away:
		w.shared.Away(f.long)
		w.server.Away(f.long)
	case forget:
		w.shared.Forget()
	case partition:
		w.part(f, w.ways(f))
	case split:
		w.part(f, w.ways(f))
	case cut:
		w.offStore(f.node, 1)
		w.later(f, func() { w.offStore(f.node, -1) })
	default:
		if p != nil {
			w.hit(p, f)
		}
	}
}

// hit is a fault of one process.
func (w *world) hit(p *process, f fault) {
	switch f.what {
	case crash:
		if p.die(f.order, false) {
			w.suspect(p, f)
			w.later(f, func() { w.start(f.node, f.flag) })
		}
	case hang:
		p.objects.Hold(f.long)
		p.journal.Hold(f.long)
		w.part(f, w.ways(f))
	case lag:
		p.objects.Lag(f.long / 2)
		w.later(f, func() { p.objects.Lag(0) })
	case drain:
		w.work.Go(func() { w.drain(p, f) })
	}
}

// later ends a fault.
func (w *world) later(f fault, end func()) {
	bubble.AfterFunc(f.long, func() {
		w.log.add("END of %s at node %d", f.what, f.node)
		end()
	})
}

// drain has a node leave and come back.
func (w *world) drain(p *process, f fault) {
	if f.seen {
		if other := w.current(f.other); other != nil {
			ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
			defer cancel()
			if err := other.member.Drain(ctx, nodeName(f.node)); err != nil {
				w.log.add("node %d doesn't drain node %d: %v", f.other, f.node, err)
			}
		}
		return // it ends itself, and is started again
	}
	p.leave()
	w.rest(f.long)
	w.start(f.node, f.flag)
}

// suspect has the others hear that a process ended.
func (w *world) suspect(p *process, f fault) {
	if !f.seen {
		return
	}
	for i, o := range w.running() {
		time.AfterFunc(time.Duration(i+1)*time.Millisecond, func() { o.member.Suspect(p.me) })
	}
}

// ways are the directions that a fault cuts.
func (w *world) ways(f fault) (out []way) {
	for n := range w.plan.roles {
		if f.what == partition && n == f.other || f.what == hang && n != f.node {
			if out = append(out, way{n, f.node}); f.what == hang || !f.flag {
				out = append(out, way{f.node, n})
			}
		}
		for m := range w.plan.roles {
			if f.what == split && n != m && f.group>>n&1 != f.group>>m&1 {
				out = append(out, way{n, m})
			}
		}
	}
	return out
}

// part cuts directions between nodes until the fault ends, for processes that start meanwhile too.
func (w *world) part(f fault, ways []way) {
	for _, a := range ways {
		w.turn(a, 1)
	}
	w.later(f, func() {
		for _, a := range ways {
			w.turn(a, -1)
		}
	})
}

func (w *world) turn(a way, by int) {
	w.mu.Lock()
	w.cuts[a] += by
	n, from, to := w.cuts[a], w.nodes[a.from], w.nodes[a.to]
	w.mu.Unlock()
	switch {
	case from == nil || to == nil:
	case n == 0:
		w.net.Mend(from.me, to.me)
	default:
		w.net.Cut(from.me, to.me)
	}
}

func (w *world) offStore(node, by int) {
	w.mu.Lock()
	w.cutOff[node] += by
	n, p := w.cutOff[node], w.nodes[node]
	w.mu.Unlock()
	switch {
	case p == nil:
	case n == 0:
		p.objects.Heal()
		p.journal.Heal()
	default:
		p.objects.Cut()
		p.journal.Cut()
	}
}

// setClock sets the wall's clock of a node, as its operator does, or what corrects it. It stays set when a process ends.
func (w *world) setClock(node int, ahead time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead[node] = ahead
}

// wall is what the wall's clock of a node says.
func (w *world) wall(node int) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead[node])
}

// link gives a process that starts the faults that its node has; w.mu is held.
func (w *world) link(p *process) {
	if w.cutOff[p.node] > 0 {
		p.objects.Cut()
		p.journal.Cut()
	}
	for a, n := range w.cuts {
		if n == 0 || a.from != p.node && a.to != p.node {
			continue
		}
		if from, to := w.nodes[a.from], w.nodes[a.to]; from != nil && to != nil {
			w.net.Cut(from.me, to.me)
		}
	}
}

// open tells whether a command is under way that the fault concerns: it was given at such a node, or its register is owned by one.
func (w *world) open(f fault) bool {
	for _, o := range w.history.under() {
		if f.hits(o.node) {
			return true
		}
		if owner, ok := w.ownerOf(o.key); ok && f.hits(owner) || f.what == join && w.moves(o.key, f.node) {
			return true
		}
	}
	return false
}

// moves tells whether a register's shard goes to a node that joins.
func (w *world) moves(key string, node int) bool {
	v, err := w.shared.Client(observer).View(w.ctx)
	self := w.self(node, ulid.ULID{15: 255}.String())
	next, _, errJoin := v.View.Join(self)
	next, _, errActive := next.Activate(self.Incarnation)
	if errors.Join(err, errJoin, errActive) != nil {
		return false
	}
	return roster.Place(next, roleRegisters)[cluster.ShardOf(roleRegisters, key).Number] == self.Incarnation
}

// ownerOf is the node that has a register's shard, by the fence.
func (w *world) ownerOf(key string) (node int, ok bool) {
	s := w.memory.Stakes([]journal.Shard{cluster.ShardOf(roleRegisters, key)})[0]
	if s.Fence == 0 {
		return 0, false
	}
	f, err := roster.DecodeFence(s.Data)
	if err != nil {
		return 0, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	node, ok = w.nodeOf[f.Owner]
	return node, ok
}
