package cluster

import (
	"context"
	"errors"
	"maps"
	"time"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

const (
	openAgain  = 250 * time.Millisecond
	fenceSoon  = 30 * time.Millisecond  // until the next look at a fence that another holds; doubled each time
	fenceAgain = 250 * time.Millisecond // up to this
	busyAgain  = 50 * time.Millisecond  // after the store was busy
	lossPause  = 100 * time.Millisecond // before a shard that was lost twice is claimed again; doubled each time
	lossMax    = 5 * time.Second
	lossCalm   = 10 * time.Second // without a loss, after which the next one counts as the first
)

// holding is this member's share in one shard.
type holding struct {
	shard   journal.Shard
	state   roster.Shard
	claim   journal.Fence // the newest of ours that is known to be stored
	looks   int           // at a fence that another holds, in a row
	told    bool          // somebody said that its fence has changed, since it was read
	gave    bool          // the fence says released, by us, as far as we know
	open    bool          // the ledger is
	early   error         // that it was lost, heard before it was known to be open
	peopled bool          // grains of it may be in memory
	busy    bool          // an operation of it is under way
	want    roster.Action // is next, when nothing is under way any more
	due     time.Duration // when it may begin

	down     time.Duration // since when nobody serves it, where that is a fail-over
	from     string        // whose shard it was then
	losses   int           // in a row
	lostLast time.Duration
}

// on gives a shard an event.
func (m *Member) on(h *holding, e roster.Event) {
	m.step(h, func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.On(e) })
}

func (m *Member) step(h *holding, f func(roster.Shard) (roster.Shard, roster.Action, error)) {
	next, do, err := f(h.state)
	if err != nil {
		m.log.Error("a shard's state doesn't know this", "role", h.shard.Role, "shard", h.shard.Number, "error", err)
		return
	}
	if next.Phase() != h.state.Phase() {
		m.log.Debug("shard", "role", h.shard.Role, "shard", h.shard.Number, "phase", string(next.Phase()))
	}
	h.state = next
	m.loop.dirty = true
	switch do {
	case roster.Nothing:
		return
	case roster.Serve:
		m.served(h)
		return
	case roster.Drop:
		m.loop.drops = append(m.loop.drops, h.shard)
	}
	h.want, h.due = do, m.now()
	if do == roster.Look {
		h.due += min(fenceSoon<<min(h.looks, 10), fenceAgain)
		h.looks++
	} else {
		h.looks = 0
	}
	if do == roster.Claim && h.losses > 1 {
		h.due += min(lossPause<<min(h.losses-2, 10), lossMax)
	}
}

// again has a blocked shard look at its fence now.
func (m *Member) again(h *holding) {
	if h.want == roster.Look {
		h.due = m.now()
	}
}

// handed tells the owner of a shard that we have released that it may claim it: at once, and again when a later view names another.
func (m *Member) handed(h *holding) {
	if owner := h.state.Owner(); h.gave && owner != "" && owner != m.me {
		m.tellLater(owner, h.shard)
	}
}

// served counts a fail-over that has ended.
func (m *Member) served(h *holding) {
	if h.down == 0 {
		return
	}
	took := m.now() - h.down
	m.loop.counts.TakeOvers++
	m.hooks.takeOver(TakeOver{Shard: h.shard, From: h.from, Took: took})
	from := h.from
	h.down, h.from = 0, ""
	m.tellTaken(from, took)
}

// shardLost is Ledgers' OnLost: from now on nobody hears that the shard is here.
func (m *Member) shardLost(c journal.Claim, err error) {
	m.places.lose(c)
	m.post(func() {
		m.places.found(c)
		switch h := m.loop.shards[c.Shard]; {
		case h.claim != c.Fence:
		case h.open:
			m.lost(h, err)
		case h.busy: // it may just be being opened
			h.early = err
		}
	})
}

// lost gives up a shard whose ledger is lost.
func (m *Member) lost(h *holding, err error) {
	now := m.now()
	if now-h.lostLast > lossCalm {
		h.losses = 0
	}
	h.losses++
	h.lostLast, h.down, h.from = now, now, m.me
	m.loop.counts.Lost++
	m.loop.dirty = true
	if errors.Is(err, journal.ErrFenced) {
		m.step(h, func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.Fenced("") })
		return
	}
	m.on(h, roster.AppendUnclear)
}

// settle publishes places, and then begins what the shards want.
func (m *Member) settle(ctx context.Context) {
	l := &m.loop
	m.probe(ctx)
	if l.dirty && l.viewed {
		l.dirty = false
		m.publish()
	}
	m.payDebts()
	for _, gone := range l.went {
		m.sys.MemberLost(gone)
	}
	l.went = nil
	m.hooks.seen(l.seen)
	l.seen = nil
	if len(l.drops) > 0 {
		m.ledgers.Load().Drop(l.drops)
		l.drops = nil
	}
	m.lookAfter(ctx)
	m.act(ctx)
	m.sendNudges()
	m.milestones()
}

// milestones tells Start and Stop how far it is.
func (m *Member) milestones() {
	l := &m.loop
	if l.ended && !l.parting && m.idle() {
		m.depart()
	}
	if self, _ := l.view.View.Member(m.me); self.State != roster.Active || !l.acts {
		return
	}
	select {
	case <-m.joined:
	default:
		close(m.joined)
	}
}

// publish draws the table of places.
func (m *Member) publish() {
	l := &m.loop
	t := table{}
	maps.Copy(t, l.others)
	claims := make(map[journal.Shard]journal.Fence, len(l.order))
	for _, h := range l.order {
		line := t[h.shard.Role]
		if line == nil {
			line = new([Shards]engine.Place)
			t[h.shard.Role] = line
		}
		p := m.placeOf(h)
		h.peopled = h.peopled || p.Answer == engine.Here
		line[h.shard.Number] = p
		claims[h.shard] = h.claim
	}
	m.wait(t)
	m.sendHeralds(t)
	m.places.publish(l.view.View.Epoch, t, claims)
	m.askOwners()
	m.places.epoch.Store(l.view.View.Epoch) // who asks for it then has got our marks
}

func (m *Member) placeOf(h *holding) engine.Place {
	l := &m.loop
	a := h.state.Answer(0) // the engine bounds what it holds
	switch {
	case a.Verb == roster.Take:
		return engine.Place{Answer: engine.Here}
	case h.open && l.acts && h.state.Phase() == roster.Recovering && h.state.Owner() == m.me:
		return engine.Place{Answer: engine.Here} // its reminders are being woken, and reach their grains
	case a.Verb == roster.Moved && h.crowded(): // what their mailboxes have goes first
		return engine.Place{Answer: engine.Soon, Member: a.To}
	case a.Verb == roster.Moved:
		return engine.Place{Answer: engine.Elsewhere, Member: a.To}
	case a.Verb == roster.Refuse && (l.leaving || l.ended):
		return engine.Place{Answer: engine.Nowhere}
	case a.Verb == roster.Refuse:
		if self, named := l.view.View.Member(m.me); named && self.State == roster.Active {
			return engine.Place{Answer: engine.Nowhere}
		}
	}
	return engine.Place{Answer: engine.Soon}
}

// act begins what is due, in batches.
func (m *Member) act(ctx context.Context) {
	l := &m.loop
	now := m.now()
	due := map[roster.Action][]*holding{}
	for _, h := range l.order {
		if h.want == roster.Nothing || h.busy || h.due > now {
			continue
		}
		what := h.want
		if what == roster.Look {
			what = roster.Claim
		}
		due[what] = append(due[what], h)
	}
	m.batches(ctx, due[roster.Release], m.release)
	m.batches(ctx, due[roster.Claim], m.claim)
	m.once(ctx, due[roster.Replay], m.recover)
	m.once(ctx, due[roster.Drain], m.drain)
	m.once(ctx, due[roster.Drop], m.drop)
}

func (m *Member) once(ctx context.Context, hs []*holding, do func(context.Context, []*holding)) {
	if len(hs) == 0 {
		return
	}
	begin(hs)
	do(ctx, hs)
}

// begin takes what the shards want in hand.
func begin(hs []*holding) {
	for _, h := range hs {
		h.busy, h.told, h.want = true, false, roster.Nothing
	}
}

// recover opens claimed shards; messages are taken from then on, and the reminders woken.
func (m *Member) recover(ctx context.Context, hs []*holding) {
	claims := make([]journal.Claim, len(hs))
	for i, h := range hs {
		claims[i] = journal.Claim{Shard: h.shard, Fence: h.claim}
		h.early = nil
	}
	m.async(ctx, func(ctx context.Context) func() {
		err := m.ledgers.Load().Open(ctx, claims)
		return func() { m.opened(ctx, hs, err) }
	})
}

func (m *Member) opened(ctx context.Context, hs []*holding, err error) {
	if err != nil {
		m.log.Warn("shards not opened yet", "count", len(hs), "error", err)
		for _, h := range hs {
			h.busy = false
			if h.want == roster.Nothing && h.state.Phase() == roster.Recovering {
				h.want, h.due = roster.Replay, m.now()+openAgain
			}
		}
		return
	}
	var fire []*holding
	for _, h := range hs {
		h.open = true
		if early := h.early; early != nil {
			h.early = nil
			m.lost(h, early)
		}
		if h.want == roster.Nothing && h.state.Phase() == roster.Recovering {
			fire = append(fire, h)
		} else {
			h.busy = false // given up meanwhile
		}
	}
	m.publish() // messages and reminders find their way before the first one fires
	m.async(ctx, func(ctx context.Context) func() {
		_ = m.ledgers.Load().Fire(ctx, shardsOf(fire)) // what can't be read is tried again there; Status tells
		return func() {
			for _, h := range fire {
				h.busy = false
				if h.state.Phase() == roster.Recovering {
					m.on(h, roster.Replayed)
				}
			}
		}
	})
}

func shardsOf(hs []*holding) []journal.Shard {
	shards := make([]journal.Shard, len(hs))
	for i, h := range hs {
		shards[i] = h.shard
	}
	return shards
}
