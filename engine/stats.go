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
	System   bool          // a plain cell
}

// KindStats counts what happened to a kind's grains, or to all plain cells (kind "cell"), since the system began.
type KindStats struct {
	Kind                      string
	Active                    uint64 // activated now
	Activations, Passivations uint64
	Restarts                  uint64
	Received, Handled, Failed uint64 // messages accepted, handled to their end, and failures of handlers, appends and replays
	Depth, MaxDepth           int64  // messages waiting in all mailboxes; the deepest mailbox that a worker found
	DeadLetters               map[string]uint64
}

var reasons = [...]string{
	reasonFull, reasonNoProducer, reasonStopped, reasonKilled, reasonLost, reasonType, reasonNoRoute,
}

// kindStats is what cells count; deliveries are counted by the worker that handles them, so that senders share no counter.
type kindStats struct {
	active                              atomic.Int64
	activations, passivations, restarts atomic.Uint64
	handled, failed, lost, buried       atomic.Uint64
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
	i := CellInfo{Kind: c.kind.name, ID: c.id, Depth: int(max(0, c.depth.Load())), Private: c.kind.private, System: c.kind.plain}
	if i.Depth > 0 {
		i.Oldest = c.kind.sys.clock.since(c.oldest.Load())
	}
	return i
}

// Stats returns the counters of every kind, unordered; kind "cell" stands for plain cells.
func (s *System) Stats() []KindStats {
	depths := map[*kindStats]int64{}
	for _, c := range s.allCells() {
		depths[c.kind.stats] += int64(max(0, c.depth.Load()))
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
		Restarts: k.restarts.Load(), Handled: k.handled.Load(), Failed: k.failed.Load(), Depth: depth,
		MaxDepth: max(depth, k.maxDepth.Load()), DeadLetters: map[string]uint64{},
	}
	s.MaxDepth = k.maxDepth.Load()
	s.Received = s.Handled + k.lost.Load() + k.buried.Load() + uint64(depth)
	for i, r := range reasons {
		if n := k.dead[i].Load(); n > 0 {
			s.DeadLetters[r] = n
		}
	}
	return s
}

// deadLetter counts a message that nobody handles, tells its Ask and publishes it.
func (k *core) deadLetter(id string, n *node, reason string) {
	k.stats.countDead(reason)
	if n.reply != nil {
		shown := id
		if k.private {
			shown = "private"
		}
		n.reply.answer(n.gen, &DeadLetterError{Kind: k.name, ID: shown, Reason: reason})
	}
	if k.sys.dead.Load() {
		return
	}
	pid := k.pid(id)
	if k.plain {
		pid = k.proc.pid
	}
	k.sys.hollywood.BroadcastEvent(actor.DeadLetterEvent{Target: pid, Message: n.msg, Sender: n.sender})
}

// stranded is a dead letter to an address that belongs to no kind.
func (s *System) stranded(pid *actor.PID, msg any, sender *actor.PID, reason string) {
	s.plainStats.countDead(reason)
	s.hollywood.BroadcastEvent(actor.DeadLetterEvent{Target: pid, Message: msg, Sender: sender})
}
