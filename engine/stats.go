package engine

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/engine/meter"
)

// CellInfo describes one cell in memory.
type CellInfo struct {
	Kind, ID string
	Depth    int           // messages accepted and not yet handled
	Oldest   time.Duration // age of the oldest of them, to 100 ms
	Private  bool          // ID is personal data
	Plain    bool          // not a grain
	Busy     bool          // Busy yields it too
	State    string        // Idle, Working or Suspended
}

// States of a cell.
const (
	Idle      = "idle"      // nothing to do
	Working   = "working"   // at work, or in line for it
	Suspended = "suspended" // it waits for its journal, or until it begins anew after a failure
)

var states = [...]string{idle: Idle, scheduled: Working, parked: Suspended}

// KindStats counts what happened to a kind's grains, or to all plain cells (kind "cell"), since the system began.
type KindStats struct {
	Kind                      string
	Active                    uint64 // activated now
	Activations, Passivations uint64
	Ended                     map[string]uint64 // cells that left memory otherwise than by passivation: moved, lost, stopped
	Restarts                  uint64
	Blocked                   uint64 // handlers that took more than 100 ms
	Received, Handled, Failed uint64 // messages accepted, handled to their end, and failures of handlers, appends and replays
	Depth, MaxDepth           int64  // messages waiting in all mailboxes; the deepest mailbox that a worker found
	Peak                      int64  // the deepest that one found in the last minute, as long as somebody asks every ten seconds or so
	DeadLetters               map[string]uint64

	Activation meter.Reading            // how long activations took: all of durable kinds, 1 in 64 of others
	Found      meter.Reading            // depths that messages found, themselves included; 1 in 64, as the next two
	Wait       meter.Reading            // how long they waited
	Took       map[string]meter.Reading // how long their handlers took, by the name of their type; there are few of them
}

var reasons = [...]string{
	ReasonFull, ReasonNoProducer, ReasonStopped, ReasonKilled, ReasonLost, ReasonType, ReasonNoRoute, ReasonFailed,
	ReasonNobody, ReasonBacklog, ReasonUnregistered, ReasonUnsure,
}

// stripes is how many workers count without sharing a cache line.
const stripes = 16

type stripe struct {
	n atomic.Uint64
	_ [56]byte
}

// kindStats is what cells count; deliveries are counted by the worker that handles them, so that senders share no counter.
type kindStats struct {
	active                              atomic.Int64
	activations, passivations, restarts atomic.Uint64
	failed, lost, buried, blocked       atomic.Uint64
	moved                               atomic.Uint64   // accepted, and sent on to another member
	handled                             [stripes]stripe // by worker
	maxDepth                            atomic.Int64    // in the span that peaks has begun last
	dead                                [len(reasons)]atomic.Uint64
	ended                               [len(ends)]atomic.Uint64

	peaks                   peaks
	activation, found, wait meter.Histogram
	took                    subjects
}

// ends are the reasons of KindStats.Ended.
var ends = [...]string{ReasonMoved, ReasonLost, ReasonStopped}

func (k *kindStats) countEnd(reason string) {
	for i, r := range ends {
		if r == reason || i == len(ends)-1 {
			k.ended[i].Add(1)
			return
		}
	}
}

func (k *kindStats) deepest(depth int64) {
	for {
		old := k.maxDepth.Load()
		if depth <= old || k.maxDepth.CompareAndSwap(old, depth) {
			return
		}
	}
}

const (
	peakFor   = time.Minute
	peakEvery = 10 * time.Second
)

// peaks are the greatest depths of spans that have ended.
type peaks struct {
	mu    sync.Mutex
	began time.Duration // the span that goes on, on the system's clock; guarded by mu
	ever  int64         // guarded by mu
	last  []peak        // guarded by mu
}

type peak struct {
	depth int64
	until time.Duration
}

// peak ends the span that goes on when it is old enough, and returns the greatest depths since the beginning and in the last minute.
func (k *kindStats) peak(now time.Duration) (ever, lately int64) {
	p := &k.peaks
	p.mu.Lock()
	defer p.mu.Unlock()
	lately = k.maxDepth.Load()
	if now-p.began >= peakEvery {
		lately = k.maxDepth.Swap(0)
		p.last = append(p.last, peak{lately, now})
		p.began = now
	}
	p.last = slices.DeleteFunc(p.last, func(o peak) bool { return now-o.until > peakFor })
	for _, o := range p.last {
		lately = max(lately, o.depth)
	}
	p.ever = max(p.ever, lately)
	return p.ever, lately
}

func (k *kindStats) countDead(reason string) {
	for i, r := range reasons {
		if r == reason {
			k.dead[i].Add(1)
		}
	}
}

// Cells yields every cell in memory, unordered. Those that hold an old message are busy from then on.
func (s *System) Cells(yield func(CellInfo) bool) {
	var batch []*cell
	for _, k := range s.kinds.all() {
		for i := range k.shards {
			batch = k.cells(i, batch[:0])
			for _, c := range batch {
				if !yield(c.info()) {
					return
				}
			}
		}
	}
	clear(batch)
	s.Plain(yield)
}

// Plain yields the cells that are no grains, unordered.
func (s *System) Plain(yield func(CellInfo) bool) {
	s.mu.Lock()
	cells := slices.Collect(maps.Values(s.plain))
	s.mu.Unlock()
	for _, c := range cells {
		if !yield(c.info()) {
			return
		}
	}
}

// Busy yields the cells with more than 32 messages until they have fewer than 16, and those whose oldest message is over 5 s: of the
// latter those that somebody has seen since, by Cells. It costs nothing for the others.
func (s *System) Busy(yield func(CellInfo) bool) {
	for _, c := range s.crowd.all() {
		if i := c.info(); i.Busy && !yield(i) {
			return
		}
	}
}

// Live is the number of cells in memory.
func (s *System) Live() int64 { return s.live.Load() }

// Cell returns one that is in memory; kind "cell" stands for plain ones.
func (s *System) Cell(kind, id string) (i CellInfo, ok bool) {
	var c *cell
	if kind == plainKind {
		s.mu.Lock()
		c = s.plain[id]
		s.mu.Unlock()
	} else if k := s.kinds.named(kind); k != nil {
		c = k.find(id)
	}
	if c == nil {
		return CellInfo{}, false
	}
	return c.info(), true
}

func (c *cell) info() CellInfo {
	i := CellInfo{Kind: c.kind.name, ID: c.id, Private: c.kind.private, Plain: c.kind.plain}
	c.mu.Lock() // a worker takes what it has handled from one count and the other under it
	defer c.mu.Unlock()
	if i.Depth = c.depthNow(); i.Depth > 0 {
		i.Oldest = c.kind.sys.clock.since(c.oldest)
	}
	switch {
	case i.Oldest >= stuckAfter || i.Depth > crowded:
		c.enter()
	case i.Depth < calmBelow:
		c.calm()
	}
	i.Busy, i.State = c.busy, states[c.state]
	return i
}

// Stats returns the counters of every kind, unordered; kind "cell" stands for plain cells. It looks at all cells for Depth and Received.
func (s *System) Stats() []KindStats {
	depths := map[*kindStats]int64{}
	for _, c := range s.allCells() {
		depths[c.kind.stats] += int64(c.waiting())
	}
	return s.stats(depths)
}

// Counts is Stats without Depth, and with Received less by it: it looks at no cell.
func (s *System) Counts() []KindStats { return s.stats(nil) }

func (s *System) stats(depths map[*kindStats]int64) []KindStats {
	now := s.clock.uptime()
	out := []KindStats{s.plainStats.read(plainKind, depths[&s.plainStats], now)}
	for _, k := range s.kinds.all() {
		out = append(out, k.stats.read(k.name, depths[k.stats], now))
	}
	return out
}

func (k *kindStats) read(name string, depth int64, now time.Duration) KindStats {
	ever, lately := k.peak(now)
	s := KindStats{
		Kind: name, Active: uint64(max(0, k.active.Load())), Activations: k.activations.Load(), Passivations: k.passivations.Load(),
		Restarts: k.restarts.Load(), Failed: k.failed.Load(), Blocked: k.blocked.Load(), Depth: depth,
		MaxDepth: ever, Peak: lately, DeadLetters: map[string]uint64{}, Ended: map[string]uint64{},
		Activation: k.activation.Read(), Found: k.found.Read(), Wait: k.wait.Read(), Took: k.took.read(),
	}
	for i, r := range ends {
		s.Ended[r] = k.ended[i].Load()
	}
	for i := range k.handled {
		s.Handled += k.handled[i].n.Load()
	}
	s.Received = s.Handled + k.lost.Load() + k.buried.Load() + k.moved.Load() + uint64(depth)
	for i, r := range reasons {
		if n := k.dead[i].Load(); n > 0 {
			s.DeadLetters[r] = n
		}
	}
	return s
}

// deadLetter counts a message that nobody handles, tells its Ask and publishes it.
func (k *core) deadLetter(id string, n *envelope, reason string) {
	k.deadLetterAs(id, n, reason, &DeadLetterError{Kind: k.name, ID: k.shown(id), Reason: reason})
}

// deadLetterAs is deadLetter with another error for who asked.
func (k *core) deadLetterAs(id string, n *envelope, reason string, err error) {
	k.stats.countDead(reason)
	to := n.answers()
	if to.valid() {
		k.sys.fail(to, err)
	}
	if n.gen == unsung || !k.sys.publishes() {
		return
	}
	pid := k.pid(id)
	if k.proc != nil {
		pid = k.proc.pid
	}
	k.sys.hollywood.BroadcastEvent(actor.DeadLetterEvent{Target: pid, Message: n.bare(), Sender: to.pid})
	DeadLetters.Publish(k.sys, DeadLetter{Kind: k.name, ID: k.shown(id), Message: n.bare(), Reason: reason})
}

// shown is an identity as logs and events may show it.
func (k *core) shown(id string) string {
	if k.private {
		return "private"
	}
	return id
}

// stranded is a dead letter to an address that belongs to no kind.
func (s *System) stranded(pid *actor.PID, msg any, sender *actor.PID, reason string) {
	s.plainStats.countDead(reason)
	s.fail(address{pid: sender}, &DeadLetterError{Kind: pid.Address, ID: pid.ID, Reason: reason})
	if !s.publishes() {
		return
	}
	s.hollywood.BroadcastEvent(actor.DeadLetterEvent{Target: pid, Message: msg, Sender: sender})
	DeadLetters.Publish(s, DeadLetter{Kind: pid.Address, ID: pid.ID, Message: msg, Reason: reason})
}

// blocked counts a handler that blocks its worker, and names its kind once in the log.
func (s *System) blocked(w *worker, c *cell) {
	if w.seen.reported {
		return
	}
	w.seen.reported = true
	c.kind.stats.blocked.Add(1)
	if _, named := s.blockers.LoadOrStore(c.kind.name, true); !named {
		s.log.Warn("handler blocks its worker", "kind", c.kind.name, "id", c.shownID())
	}
}

// maxPublished bounds the dead letters published per tick of the clock; all are counted. Hollywood's event stream has no bound.
const maxPublished = 1024

func (s *System) publishes() bool {
	if now := s.clock.now(); s.publishedAt.Swap(now) != now {
		s.published.Store(0)
	}
	return s.published.Add(1) <= maxPublished && !s.dead.Load()
}
