package cluster

import (
	"context"
	"time"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// loop is what the owner goroutine decides by. Nothing else touches it, but for those who know that the loop has ended.
type loop struct {
	lease  *roster.Lease
	watch  *roster.Watch
	view   objects.Viewed
	viewed bool // view was read once
	shards map[journal.Shard]*holding
	order  []*holding // the same, always in one order
	acts   bool       // the lease stood when it was looked at last
	ended  bool       // it has ended for good
	why    error      // why; nil: by our own will
	waits  string     // what a join waits for

	leaving   bool // by our own Stop, or by the view
	parting   bool // everything is released: the record and the view are being left
	changing  bool // a change of the view is under way
	changeAt  time.Duration
	markAt    time.Duration // when marks that couldn't be sent are tried again; 0: there are none
	lateMarks []lateMark    // that found the way full, but for questions
	revision  uint64        // of our record, the highest known
	outrun    uint64        // the highest epoch found in a fence

	judgeAt   time.Duration
	rejudge   bool
	records   map[string]roster.Found // of incarnations that the view does not name
	probing   map[string]bool
	heard     map[string]time.Duration // by incarnation: the newest sign of life
	dead      map[string]time.Duration // by incarnation: since when its death is suspected
	certain   map[string]bool          // by incarnation: its death was logged
	condemned map[string]uint64        // by incarnation: the revision of its record when its eviction was logged
	takings   map[string]*take         // by incarnation: what is taken over from it
	rewatch   context.CancelFunc       // ends the watch of the records, which begins again
	losses    uint64                   // of our record, that the watch began again after
	dirty     bool                     // places are to be published
	went      []string                 // the engine is to be told of
	putting   int                      // batches of fences under way
	looking   bool                     // fences are read that others asked about
	nudges    map[string][]journal.Shard
	counts    Counts
	older     time.Duration // since when the leader answers with an older view; 0: it doesn't
	warned    bool          // that our node's name is taken
	seen      []seen        // to be told to hooks
	drops     []journal.Shard
	others    table                    // lines of roles that are not ours
	asked     map[journal.Shard]bool   // others wait for their fences
	owners    map[string]roster.Owners // of all roles, by the view
	detours   map[journal.Shard]*detour
	debts     []debt
	ways      map[string]*way  // by member
	going     []setsOf[parted] // what is answered once the engine was told of places, the first first
}

func newLoop(m *Member) loop {
	l := loop{
		lease: roster.NewLease(m.me, m.timers, 0), watch: roster.NewWatch(m.me, m.timers), shards: map[journal.Shard]*holding{},
		waits: "an answer of the store", probing: map[string]bool{}, heard: map[string]time.Duration{}, dead: map[string]time.Duration{}, certain: map[string]bool{},
		condemned: map[string]uint64{}, takings: map[string]*take{},
		nudges: map[string][]journal.Shard{}, asked: map[journal.Shard]bool{}, records: map[string]roster.Found{}, dirty: true,
		owners: map[string]roster.Owners{}, detours: map[journal.Shard]*detour{}, ways: map[string]*way{},
	}
	for _, role := range m.cfg.Self.Roles {
		for n := range Shards {
			h := &holding{shard: journal.Shard{Role: role, Number: n}, state: roster.NewShard(m.me)}
			l.shards[h.shard] = h
			l.order = append(l.order, h)
		}
	}
	return l
}

// post has the loop run f. It never waits: what is posted is bounded by what is under way, which is an operation for each shard, a few
// renewals and changes, and one sight of each watch.
func (m *Member) post(f func()) {
	m.mu.Lock()
	m.inbox = append(m.inbox, f)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// pass is post that waits until f was run, or never will be.
func (m *Member) pass(ctx context.Context, f func()) {
	done := make(chan struct{})
	m.post(func() { f(); close(done) })
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// ask runs f where the loop's state may be read.
func (m *Member) ask(f func() string) (answer string) {
	done := make(chan struct{})
	m.post(func() { answer = f(); close(done) })
	select {
	case <-done:
	case <-m.over:
		select {
		case <-done:
		default:
			answer = f()
		}
	}
	return answer
}

// async does something off the loop, and has the loop run what comes of it.
func (m *Member) async(ctx context.Context, do func(ctx context.Context) (then func())) {
	m.work.Go(func() {
		if then := do(ctx); then != nil {
			m.post(then)
		}
	})
}

// atOnce is the shortest that a timer is set to: one that is due when it is set kills a synctest bubble under the race detector now and then
// (Go 1.26).
const atOnce = 1

// run is the owner goroutine: events, then what time brings, then what both ask for.
func (m *Member) run(ctx context.Context) {
	defer close(m.over)
	m.work.Go(func() { m.watchView(ctx) })
	m.watchRecords(ctx)
	m.read(ctx)
	timer := time.NewTimer(atOnce)
	defer timer.Stop()
	for ctx.Err() == nil {
		for _, f := range m.events() {
			f()
		}
		now := m.now()
		m.tick(ctx, now)
		m.settle(ctx)
		timer.Reset(max(atOnce, m.next(now)-m.now()))
		select {
		case <-m.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	m.loop.rewatch()
}

func (m *Member) events() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	events := m.inbox
	m.inbox = nil
	return events
}

// tick does what is due.
func (m *Member) tick(ctx context.Context, now time.Duration) {
	m.renew(ctx, now)
	m.stand(now)
	m.judge(ctx, now)
	m.tireDetours(now)
	m.marks(now)
	m.wish(ctx, now)
}

// next is when something is due that no event brings. What was due at now has been begun, or waits for an event.
func (m *Member) next(now time.Duration) time.Duration {
	l := &m.loop
	at := now + time.Hour
	soonest := func(t time.Duration) {
		if t > now {
			at = min(at, t)
		}
	}
	if !l.ended {
		at = min(at, l.lease.Due())
	}
	if until, ok := l.lease.Until(); ok {
		soonest(until)
	}
	soonest(l.judgeAt)
	soonest(l.changeAt)
	if l.markAt > 0 {
		at = min(at, l.markAt)
	}
	for _, g := range l.detours {
		soonest(g.until)
	}
	for _, h := range l.order {
		if h.want != roster.Nothing && !h.busy {
			soonest(h.due)
		}
	}
	return at
}
