package roster_test

import (
	"errors"
	"time"

	"hayauma.example/cluster/roster"
)

// append asks the store under the fence, as events do.
func (p *proc) append() {
	s := p.w.rng.IntN(simShards * 5)
	if s >= simShards || p.shards[s].Answer(0).Verb != roster.Take {
		return
	}
	at := p.fence[s]
	still := func() bool {
		ph := p.shards[s].Phase()
		return p.fence[s] == at && (ph == roster.Owned || ph == roster.Releasing)
	}
	p.call(func() func() {
		ok, f := p.w.store.at[s] == at, p.w.store.fences[s]
		return func() {
			if !ok && still() {
				p.fenced(s, f.Owner)
			}
		}
	}, func() {
		if still() {
			p.on(s, roster.AppendUnclear)
		}
	})
}

func (p *proc) fenced(s int, by string) {
	p.step(s, func(sh roster.Shard) (roster.Shard, roster.Action, error) { return sh.Fenced(by) })
}

func (p *proc) on(s int, e roster.Event) {
	p.step(s, func(sh roster.Shard) (roster.Shard, roster.Action, error) { return sh.On(e) })
}

func (p *proc) step(s int, f func(roster.Shard) (roster.Shard, roster.Action, error)) {
	next, do, err := f(p.shards[s])
	if err != nil {
		if !errors.Is(err, roster.ErrImpossible) {
			panic(err)
		}
		p.w.problem("%s, shard %d: %v", p, s, err)
		return
	}
	p.shards[s] = next
	p.do(s, do)
}

func (p *proc) later(from, to time.Duration, f func()) {
	p.w.after(p.w.between(from, to), func() { p.run(f) })
}

func (p *proc) do(s int, a roster.Action) {
	const ms = time.Millisecond
	switch a {
	case roster.Claim:
		p.claim(s)
	case roster.Look:
		p.later(50*ms, 150*ms, func() { p.claim(s) })
	case roster.Replay:
		at := p.fence[s]
		p.later(5*ms, 100*ms, func() {
			if ph := p.shards[s].Phase(); p.fence[s] == at && (ph == roster.Recovering || ph == roster.Releasing) {
				p.on(s, roster.Replayed)
			}
		})
	case roster.Drain:
		at := p.fence[s]
		p.later(5*ms, 100*ms, func() {
			if p.fence[s] == at && p.shards[s].Phase() == roster.Releasing {
				p.on(s, roster.Drained)
			}
		})
	case roster.Release:
		p.release(s)
	case roster.Drop:
		p.later(ms, 5*ms, func() { p.on(s, roster.StateDropped) })
	}
}

// claim looks at the fence and writes it where it may.
func (p *proc) claim(s int) {
	if p.shards[s].Phase() != roster.Claiming {
		return
	}
	p.call(func() func() {
		f, at := p.w.store.fences[s], p.w.store.at[s]
		return func() { p.claimOver(s, f, at) }
	}, func() { p.on(s, roster.ClaimBlocked) })
}

func (p *proc) claimOver(s int, f roster.Fence, at uint64) {
	judged := f
	if p.w.weather.mutant.noEpoch && judged.Owner != "" {
		judged.Epoch = 0
	}
	if !roster.MayClaim(p.view, p.me, p.shards[s].Owner(), judged).May() {
		p.askHolder(s, f)
		p.on(s, roster.ClaimBlocked)
		return
	}
	mine := roster.ClaimFence(p.view, p.me)
	p.call(func() func() {
		pos, ok := p.w.store.putFence(s, mine, at)
		return func() {
			if !ok {
				p.on(s, roster.ClaimBlocked)
				return
			}
			p.fence[s] = pos
			p.on(s, roster.ClaimStored)
		}
	}, func() { p.on(s, roster.AnswerLost) })
}

// askHolder tells the member that the fence names to look at it.
func (p *proc) askHolder(s int, f roster.Fence) {
	for _, o := range p.w.current {
		if o != nil && o.me == f.Owner && o != p && !o.cut && !p.cut {
			o.later(time.Millisecond, 20*time.Millisecond, func() { o.lookAt(s) })
		}
	}
}

func (p *proc) lookAt(s int) {
	if p.shards[s].Phase() != roster.Idle {
		return
	}
	p.call(func() func() {
		f, at := p.w.store.fences[s], p.w.store.at[s]
		return func() {
			if p.shards[s].Phase() == roster.Idle && f.Owner == p.me && f.State == roster.FenceOwned {
				p.fence[s] = at
				p.on(s, roster.FenceFound)
			}
		}
	}, func() {})
}

func (p *proc) release(s int) {
	at, f := p.fence[s], roster.ReleaseFence(p.view, p.me, p.shards[s].Owner())
	p.call(func() func() {
		_, ok := p.w.store.putFence(s, f, at)
		now := p.w.store.fences[s]
		return func() {
			if p.shards[s].Phase() != roster.Releasing || p.fence[s] != at {
				return
			}
			if ok || now.Owner == p.me && now.State == roster.FenceReleased {
				p.on(s, roster.ReleaseStored)
			} else {
				p.fenced(s, now.Owner)
			}
		}
	}, func() {
		if p.shards[s].Phase() == roster.Releasing && p.fence[s] == at {
			p.on(s, roster.AnswerLost)
		}
	})
}
