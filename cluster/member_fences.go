package cluster

import (
	"context"
	"errors"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// Claims and releases go in batches: all of one are stored, or none.
const (
	fencesAtOnce  = 256 // in one batch: below journal.MaxClaim
	batchesOfThem = 4   // under way
	fenceTries    = 5   // of one batch, each on what the one before has found
)

// batches begins what as many batches as are free hold.
func (m *Member) batches(ctx context.Context, hs []*holding, do func(context.Context, []*holding)) {
	for len(hs) > 0 && m.loop.putting < batchesOfThem {
		n := min(len(hs), fencesAtOnce)
		begin(hs[:n])
		m.loop.putting++
		do(ctx, hs[:n])
		hs = hs[n:]
	}
}

// stake is one shard of a batch: what is wanted of its fence, and what came of it.
type stake struct {
	shard journal.Shard
	owner string // by the view that the batch goes by
	claim journal.Fence
	open  bool

	event  roster.Event
	fence  journal.Fence // ClaimStored: ours
	found  objects.Fenced
	why    roster.Claimable
	settle bool // nothing more is tried
}

func stakesOf(hs []*holding) []stake {
	stakes := make([]stake, len(hs))
	for i, h := range hs {
		stakes[i] = stake{shard: h.shard, owner: h.state.Owner(), claim: h.claim, open: h.open}
	}
	return stakes
}

// claim takes what may be taken by the view at hand. What becomes of it while the view changes is the shard's affair.
func (m *Member) claim(ctx context.Context, hs []*holding) {
	v := m.loop.view.View
	stakes := stakesOf(hs)
	m.async(ctx, func(ctx context.Context) func() {
		busy := m.putClaims(ctx, v, stakes)
		return func() { m.claimed(hs, stakes, busy) }
	})
}

// putClaims says in each stake what came of it, and whether the store was busy.
func (m *Member) putClaims(ctx context.Context, v roster.View, stakes []stake) (busy bool) {
	each(stakes, func(s *stake) { s.event = roster.ClaimBlocked })
	found, err := m.cfg.Objects.Fences(ctx, wanted(stakes))
	for range fenceTries {
		if err != nil {
			return true
		}
		changes := m.claims(v, stakes, found)
		if len(changes) == 0 || !m.May() {
			return false
		}
		var fences []journal.Fence
		if fences, err = m.cfg.Objects.PutFences(ctx, changes); err == nil {
			each(stakes, func(s *stake) { s.event, s.fence, fences = roster.ClaimStored, fences[0], fences[1:] })
			return false
		}
		if errors.Is(err, objects.ErrUnclear) {
			each(stakes, func(s *stake) { s.event = roster.AnswerLost })
			return true
		}
		found, err = m.foundFences(ctx, wanted(stakes), err)
	}
	return true
}

// claims are the changes that what was found allows; the rest is settled: blocked.
func (m *Member) claims(v roster.View, stakes []stake, found []objects.Fenced) (changes []objects.FenceChange) {
	i := 0
	each(stakes, func(s *stake) {
		s.found = found[i]
		i++
		if s.why = roster.MayClaim(v, m.me, s.owner, s.found.Fence); !s.why.May() {
			s.settle = true
			return
		}
		changes = append(changes, objects.FenceChange{Shard: s.shard, Expect: s.found.Sequence, Fence: roster.ClaimFence(v, m.me)})
	})
	return changes
}

// each visits what is not settled.
func each(stakes []stake, f func(*stake)) {
	for i := range stakes {
		if !stakes[i].settle {
			f(&stakes[i])
		}
	}
}

func wanted(stakes []stake) (shards []journal.Shard) {
	each(stakes, func(s *stake) { shards = append(shards, s.shard) })
	return shards
}

// foundFences is what refused a batch.
func (m *Member) foundFences(ctx context.Context, shards []journal.Shard, err error) ([]objects.Fenced, error) {
	if refused, ok := errors.AsType[*objects.Refused[[]objects.Fenced]](err); ok {
		if refused.Known {
			return refused.Found, nil
		}
		return m.cfg.Objects.Fences(ctx, shards)
	}
	return nil, err
}

func (m *Member) claimed(hs []*holding, stakes []stake, busy bool) {
	l := &m.loop
	l.putting--
	for i, h := range hs {
		s := &stakes[i]
		h.busy = false
		if s.event == roster.ClaimStored {
			h.claim, h.gave = s.fence, false
		}
		m.on(h, s.event)
		if busy && h.want == roster.Look {
			h.due = m.now() + busyAgain
		}
		if h.told {
			m.again(h)
		}
		switch {
		case h.want != roster.Look || s.event != roster.ClaimBlocked:
		case s.why == roster.ClaimHeld:
			m.tellLater(s.found.Fence.Owner, h.shard)
		case s.why == roster.ClaimOutrun:
			l.outrun = max(l.outrun, s.found.Fence.Epoch)
		}
	}
}

// release gives shards to whom the view names, after nothing of them goes on here any more.
func (m *Member) release(ctx context.Context, hs []*holding) {
	v := m.loop.view.View
	stakes := stakesOf(hs)
	m.async(ctx, func(ctx context.Context) func() {
		if open := opened(stakes); len(open) > 0 { // given up before it was served
			m.emptied(ctx, open)
		}
		busy := m.putReleases(ctx, v, stakes)
		return func() { m.released(hs, stakes, busy) }
	})
}

func opened(stakes []stake) (shards []journal.Shard) {
	for _, s := range stakes {
		if s.open {
			shards = append(shards, s.shard)
		}
	}
	return shards
}

func (m *Member) putReleases(ctx context.Context, v roster.View, stakes []stake) (busy bool) {
	for range fenceTries {
		each(stakes, func(s *stake) { s.event = roster.AnswerLost })
		changes := m.releases(v, stakes)
		if len(changes) == 0 {
			return false
		}
		_, err := m.cfg.Objects.PutFences(ctx, changes)
		if err == nil {
			each(stakes, func(s *stake) { s.event, s.settle = roster.ReleaseStored, true })
			return false
		}
		if !errors.Is(err, objects.ErrRefused) {
			if !rest(ctx, busyAgain) {
				return true
			}
			found, err := m.cfg.Objects.Fences(ctx, wanted(stakes))
			if err != nil {
				return true
			}
			m.compare(stakes, found)
			continue
		}
		found, err := m.foundFences(ctx, wanted(stakes), err)
		if err != nil {
			return true
		}
		m.compare(stakes, found)
	}
	return true
}

func (m *Member) releases(v roster.View, stakes []stake) (changes []objects.FenceChange) {
	each(stakes, func(s *stake) {
		changes = append(changes, objects.FenceChange{Shard: s.shard, Expect: s.claim, Fence: roster.ReleaseFence(v, m.me, s.owner)})
	})
	return changes
}

// compare looks at the fences that stand in place of ours: a claim or release of our own that had no answer, or another's claim.
func (m *Member) compare(stakes []stake, found []objects.Fenced) {
	i := 0
	each(stakes, func(s *stake) {
		s.found = found[i]
		i++
		switch {
		case s.found.Fence.Owner != m.me:
			s.event, s.settle = "", true // fenced
		case s.found.Fence.State == roster.FenceReleased:
			s.event, s.settle = roster.ReleaseStored, true
		default:
			s.claim = s.found.Sequence
		}
	})
}

func (m *Member) released(hs []*holding, stakes []stake, busy bool) {
	m.loop.putting--
	for i, h := range hs {
		s := &stakes[i]
		h.busy, h.open, h.claim = false, false, s.claim
		if h.state.Phase() != roster.Releasing {
			continue // lost meanwhile
		}
		switch s.event {
		case "":
			m.step(h, func(st roster.Shard) (roster.Shard, roster.Action, error) { return st.Fenced(s.found.Fence.Owner) })
		case roster.ReleaseStored:
			h.gave = true
			m.on(h, roster.ReleaseStored)
			m.handed(h)
		default:
			m.on(h, roster.AnswerLost)
			if busy {
				h.due = m.now() + busyAgain
			}
		}
	}
}
