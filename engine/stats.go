package engine

import (
	"sync/atomic"
	"time"

	"github.com/anthdm/hollywood/actor"
)

// CellInfo describes one cell in memory.
type CellInfo struct {
	Kind, ID string
	Depth    int           // messages accepted and not yet handled
	Oldest   time.Duration // age of the oldest of them, to 100 ms
	Private  bool          // ID is personal data
	Plain    bool          // not a grain
}

// KindStats counts what happened to a kind's grains, or to all plain cells (kind "cell"), since the system began.
type KindStats struct {
	Kind                      string
	Active                    uint64 // activated now
	Activations, Passivations uint64
	Restarts                  uint64
	Blocked                   uint64 // handlers that took more than 100 ms
	Received, Handled, Failed uint64 // messages accepted, handled to their end, and failures of handlers, appends and replays
	Depth, MaxDepth           int64  // messages waiting in all mailboxes; the deepest mailbox that a worker found
	DeadLetters               map[string]uint64
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
	maxDepth                            atomic.Int64
	dead                                [len(reasons)]atomic.Uint64
}

func (k *kindStats) deepest(depth int64) {
	for {
		old := k.maxDepth.Load()
		if depth <= old || k.maxDepth.CompareAndSwap(old, depth) {
			return
		}
	}
}

func (k *kindStats) countDead(reason string) {
	for i, r := range reasons {
		if r == reason {
			k.dead[i].Add(1)
		}
	}
}

// Cells yields every cell in memory, unordered.
func (s *System) Cells(yield func(CellInfo) bool) {
	for _, c := range s.allCells() {
		if !yield(c.info()) {
			return
		}
	}
}

func (c *cell) info() CellInfo {
	depth, oldest := c.waiting()
	i := CellInfo{Kind: c.kind.name, ID: c.id, Depth: depth, Private: c.kind.private, Plain: c.kind.plain}
	if depth > 0 {
		i.Oldest = c.kind.sys.clock.since(oldest)
	}
	return i
}

// Stats returns the counters of every kind, unordered; kind "cell" stands for plain cells.
func (s *System) Stats() []KindStats {
	depths := map[*kindStats]int64{}
	for _, c := range s.allCells() {
		depth, _ := c.waiting()
		depths[c.kind.stats] += int64(depth)
	}
	out := []KindStats{s.plainStats.read(plainKind, depths[&s.plainStats])}
	for _, k := range s.kinds.all() {
		out = append(out, k.stats.read(k.name, depths[k.stats]))
	}
	return out
}

func (k *kindStats) read(name string, depth int64) KindStats {
	s := KindStats{
		Kind: name, Active: uint64(max(0, k.active.Load())), Activations: k.activations.Load(), Passivations: k.passivations.Load(),
		Restarts: k.restarts.Load(), Failed: k.failed.Load(), Blocked: k.blocked.Load(), Depth: depth,
		MaxDepth: k.maxDepth.Load(), DeadLetters: map[string]uint64{},
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
	k.sys.hollywood.BroadcastEvent(actor.DeadLetterEvent{Target: pid, Message: n.msg, Sender: to.pid})
	DeadLetters.Publish(k.sys, DeadLetter{Kind: k.name, ID: k.shown(id), Message: n.msg, Reason: reason})
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
