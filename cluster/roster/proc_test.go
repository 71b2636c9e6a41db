package roster_test

import (
	"fmt"
	"time"

	"hayauma.example/cluster/roster"
)

// proc is one start of a process.
type proc struct {
	w    *world
	node int
	me   string
	rate float64
	from time.Duration // what its clock showed when the world began

	lease  *roster.Lease
	watch  *roster.Watch
	view   roster.View
	rev    uint64 // of view in the store
	shards [simShards]roster.Shard
	fence  [simShards]uint64 // position of our fence
	leased bool

	viewBusy, barBusy, leaving, released, dead, cut bool
	pausedTo, lag, pushed                           time.Duration
}

func newProc(w *world, node int, me string) *proc {
	p := &proc{w: w, node: node, me: me, rate: 1 + w.weather.drift*(2*w.rng.Float64()-1), from: w.between(0, time.Hour)}
	p.lease = roster.NewLease(me, roster.Timers{}, p.clock())
	p.watch = roster.NewWatch(me, roster.Timers{})
	for s := range p.shards {
		p.shards[s] = roster.NewShard(me)
	}
	p.rewatch()
	return p
}

func (p *proc) String() string {
	return fmt.Sprintf("node %d (%s, epoch %d)", p.node, p.me[len(p.me)-4:], p.view.Epoch)
}

func (p *proc) clock() time.Duration { return p.from + time.Duration(float64(p.w.now)*p.rate) }

func (p *proc) standing() roster.Standing { return p.lease.Standing(p.clock()) }

func (p *proc) mayAct() bool {
	s := p.standing()
	return s == roster.Leased || s == roster.Steady || p.w.weather.mutant.noLease
}

// acts is the truth that the invariant is about: would a message be handled now?
func (p *proc) acts(s int) bool { return p.shards[s].Phase() == roster.Owned && p.mayAct() }

// run lets the process do something, later where it is paused, never where it has ended.
func (p *proc) run(f func()) {
	if p.dead {
		return
	}
	if p.pausedTo > p.w.now {
		p.w.after(p.pausedTo-p.w.now, func() { p.run(f) })
		return
	}
	f()
}

// call asks the store; either the answer's function or lost runs.
func (p *proc) call(ask func() func(), lost func()) {
	answered := false
	p.w.after(400*time.Millisecond, func() {
		p.run(func() {
			if !answered {
				answered = true
				lost()
			}
		})
	})
	if p.fails() {
		return
	}
	p.w.after(p.delay(), func() {
		if p.w.store.away {
			return
		}
		answer := ask()
		if p.fails() {
			return
		}
		p.w.after(p.w.between(time.Millisecond, 20*time.Millisecond), func() {
			p.run(func() {
				if !answered {
					answered = true
					answer()
				}
			})
		})
	})
}

func (p *proc) fails() bool {
	return p.cut || !p.w.calm && p.w.chance(p.w.weather.loss)
}

func (p *proc) delay() time.Duration {
	if !p.w.calm && p.w.chance(p.w.weather.straggle) {
		return p.w.between(0, 3*time.Second)
	}
	return p.w.between(time.Millisecond, 20*time.Millisecond)
}

// push delivers what the watch tells, in order. While the process is cut off nothing comes; rewatch mends it.
func (p *proc) push(f func()) {
	if p.cut {
		return
	}
	p.pushed = max(p.pushed+1, p.w.now+p.lag+p.w.between(time.Millisecond, 20*time.Millisecond))
	p.w.after(p.pushed-p.w.now, func() { p.run(f) })
}

// rewatch begins the watch again with what stands in the store.
func (p *proc) rewatch() {
	if p.cut {
		return
	}
	found := make([]roster.Found, 0, len(p.w.store.records))
	for _, f := range p.w.store.records {
		found = append(found, f)
	}
	v, rev := p.w.store.view, p.w.store.viewRev
	p.push(func() {
		p.watch.Restarted(p.clock())
		p.see(v, rev)
		for _, f := range found {
			p.watch.Observe(f.Record, f.Revision, p.clock())
		}
	})
}

func (p *proc) see(v roster.View, rev uint64) {
	if p.dead || rev <= p.rev {
		return
	}
	p.view, p.rev = v, rev
	p.lease.See(v)
	p.watch.See(v, p.clock())
	owners := roster.Place(v, simRole)
	for s := range p.shards {
		p.step(s, func(sh roster.Shard) (roster.Shard, roster.Action, error) { return sh.See(v.Epoch, owners[s]) })
	}
}

func (p *proc) tick() {
	if p.dead {
		return
	}
	p.run(p.work)
	p.w.after(p.w.between(40*time.Millisecond, 60*time.Millisecond), p.tick)
}

func (p *proc) work() {
	if p.standing() == roster.Ended {
		p.w.restart(p, false, 100*time.Millisecond)
		return
	}
	p.tellLease()
	if r, ok := p.lease.Renew(p.clock()); ok && !p.released {
		p.renew(r)
	}
	p.enter()
	if p.leaving {
		p.leave()
	}
	p.judge()
	p.append()
}

func (p *proc) tellLease() {
	if leased := p.mayAct(); leased != p.leased {
		p.leased = leased
		for s := range p.shards {
			p.on(s, map[bool]roster.Event{true: roster.LeaseBack, false: roster.LeaseLapsed}[leased])
		}
	}
}

func (p *proc) renew(r roster.Renewal) {
	p.call(func() func() {
		rev, ok := p.w.store.putRecord(p.lease.Record(r), r.Expect)
		found := p.w.store.records[p.me]
		return func() {
			if ok {
				p.lease.Acknowledged(r, rev, p.clock())
			} else {
				p.lease.Refused(r, found, p.clock())
			}
		}
	}, func() {})
}

// change stores a change of the view at hand.
func (p *proc) change(f func(roster.View) (roster.View, roster.Reason, error), stored func()) {
	next, _, err := f(p.view)
	if err != nil || p.viewBusy {
		return
	}
	p.viewBusy = true
	at := p.rev
	p.call(func() func() {
		ok := p.w.store.putView(next, at)
		v, rev := p.w.store.view, p.w.store.viewRev
		return func() {
			p.viewBusy = false
			if ok {
				stored()
			}
			p.see(v, rev)
		}
	}, func() { p.viewBusy = false; p.read() })
}

func (p *proc) read() {
	p.call(func() func() {
		v, rev := p.w.store.view, p.w.store.viewRev
		return func() { p.see(v, rev) }
	}, func() {})
}

// enter changes the view where the lease needs it, and becomes active.
func (p *proc) enter() {
	token, needed := p.lease.Unproven()
	m, named := p.view.Member(p.me)
	switch {
	case needed && p.w.weather.mutant.noProof && named:
		p.lease.Proven(token, p.clock())
	case needed:
		p.change(func(v roster.View) (roster.View, roster.Reason, error) { return p.prove(v, token) }, func() { p.lease.Proven(token, p.clock()) })
	case named && m.State == roster.Joining:
		p.change(func(v roster.View) (roster.View, roster.Reason, error) { return v.Activate(p.me) }, func() {})
	}
}

func (p *proc) prove(v roster.View, proven uint64) (roster.View, roster.Reason, error) {
	if v.Names(p.me) {
		return v.Affirm(p.me, proven)
	}
	m := roster.Member{Incarnation: p.me, Node: fmt.Sprint("n", p.node), Address: "h:1", Roles: []string{simRole}, Proven: proven}
	if _, there := v.Node(m.Node); there {
		return v.Replace(m)
	}
	return v.Join(m)
}

func (p *proc) leave() {
	m, named := p.view.Member(p.me)
	switch {
	case !named:
	case m.State != roster.Draining:
		p.change(func(v roster.View) (roster.View, roster.Reason, error) { return v.Drain(p.me) }, func() {})
	case p.idle():
		p.change(func(v roster.View) (roster.View, roster.Reason, error) { return v.Leave(p.me) }, func() {
			p.lease.End()
			p.released = true
		})
	}
}

func (p *proc) idle() bool {
	for _, s := range p.shards {
		if s.Phase() != roster.Idle {
			return false
		}
	}
	return true
}

func (p *proc) judge() {
	own := p.standing()
	if own == roster.Leased && p.w.weather.mutant.noGap {
		own = roster.Steady
	}
	for _, j := range p.watch.Judge(own, p.clock()) {
		if j.Verdict == roster.Evict && !p.barBusy && !p.viewBusy {
			p.evict(j)
		}
	}
}

func (p *proc) evict(j roster.Judgment) {
	v, at := p.view, p.rev
	remove := func() {
		if p.rev == at { // the view from before the bar
			p.change(func(roster.View) (roster.View, roster.Reason, error) { return v.Evict(j.Incarnation) }, func() {})
		}
	}
	if p.w.weather.mutant.noBar {
		remove()
		return
	}
	p.barBusy = true
	p.call(func() func() {
		_, ok := p.w.store.putRecord(j.Bar(p.me), j.Revision)
		return func() {
			p.barBusy = false
			if ok {
				remove()
			}
		}
	}, func() { p.barBusy = false })
}
