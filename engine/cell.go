package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/engine/journal"
)

// cell is one grain or plain actor: everything an idle one needs, and no more. What is seldom needed stands in extension.
//
// What senders write comes first and what the owner of the turn uses comes last, so that they are on different cache lines.
type cell struct {
	box      *box // what came in; guarded by mu, as are depth to poisoned
	mu       sync.Mutex
	depth    int32  // accepted and not yet handled, except what a worker has handled in its batch
	oldest   uint32 // stamp of the oldest message; valid while depth > 0
	state    uint8  // idle, scheduled, parked
	age      uint8  // sweeps since the last message; leaving when told to passivate
	closed   bool   // the cell has left and takes nothing
	poisoned bool   // a plain cell ends after what is queued, and takes only messages of its own
	stage    stage  // of the activation; owned by the turn
	early    bool   // when it was made, what this member's own actors sent to it waited
	beat     uint8  // counts messages; guarded by mu
	busy     bool   // it is in the system's crowd; guarded by mu

	kind  *core
	id    string
	chain *cell // next in its bucket; guarded by the shard's mutex

	sys   atomic.Pointer[sysNode] // stack of system messages
	cur   *box                    // what is being handled; left when the cell has; owned by the turn
	actor any                     // nil while not activated; owned by the turn
	ext   *extension              // owned by the turn
}

// stage says which of the actor's own functions have been called.
type stage uint8

const (
	absent   stage = iota // there is no actor
	starting              // Started has not returned
	running
	closing // Stopping or Restarting was called: nothing begins any more
)

// mode says what a cell waits for before it handles messages again.
type mode uint8

const (
	open       mode = iota // handles messages
	replaying              // its events are being read
	persisting             // an append is in flight
	backingOff             // it restarts after a pause
	judged                 // it has failed, and its parent decides
	awaiting               // its activation ends once its children have
)

// extension holds what few cells have; it is made on first use and owned by the turn.
type extension struct {
	mode     mode
	ending   string // why the cell ends once what it waits for is over; "" otherwise
	failing  error  // a child's failure that waits for the append in flight
	poisoned bool   // a plain cell ends once its mailbox is empty
	vacating bool   // a grain goes to another member
	farewell bool   // its actor was told so
	seq      uint64 // number of the last applied event
	tenure   uint64 // in which they were replayed
	snapshot uint64 // event number of the last snapshot
	pause    uint32 // counts the pauses of backingOff
	unsaved  int    // encoded bytes of the events after it
	frame    *frame // pinned while an append is in flight
	act      *activation
	asked    time.Duration // when its replay was asked for, on the system's clock

	failures failures           // its own
	family   failures           // its children's, of those with AllForOne
	children map[*cell]struct{} // those that have not ended
	next     func() bool        // while awaiting: what comes once the children have ended
	watchers []*watch           // who is told when the cell leaves
	ended    []*ending          // who waits for that
}

func (c *cell) extension() *extension {
	if c.ext == nil {
		c.ext = &extension{}
	}
	return c.ext
}

func (c *cell) activation() *activation {
	x := c.extension()
	if x.act == nil {
		x.act = &activation{}
	}
	return x.act
}

func (c *cell) mode() mode {
	if c.ext == nil {
		return open
	}
	return c.ext.mode
}

func (c *cell) pid() *actor.PID {
	if c.kind.plain {
		return actor.NewPID(c.kind.sys.incarnation, plainKind+"/"+c.id)
	}
	return c.kind.pid(c.id)
}

func (c *cell) grain() journal.Grain { return journal.Grain{Kind: c.kind.name, ID: c.id} }

// idle reports whether nothing but messages can need this activation.
func (c *cell) isIdle() bool {
	x := c.ext
	if x == nil {
		return true
	}
	return x.mode == open && len(x.children) == 0 && (x.act == nil || x.act.isIdle())
}

// activation is what ends with one stay in memory. Its address is its identity.
type activation struct {
	calls  []*goCall    // Go functions whose result has not been handled
	timers []*Timer     // pending
	kept   []*keptReply // replies not yet sent, and some that are

	become  []any            // handlers of Become, the newest last
	stash   []envelope       // put aside by Stash, the oldest first
	quiet   *quiet           // of ReceiveTimeout
	watches map[*watch]*cell // what it watches, and where
	follows []*Subscription  // topics
}

func (a *activation) isIdle() bool {
	return len(a.calls) == 0 && len(a.timers) == 0 && len(a.stash) == 0 && a.quiet == nil && a.openReplies() == 0
}

// end cancels what runs and answers what is still owed.
func (a *activation) end(err error) {
	for _, g := range a.calls {
		g.cancel()
	}
	for _, t := range a.timers {
		t.place = 0
		t.timer.Stop()
	}
	a.timers = nil
	for _, k := range a.kept {
		k.send(err)
	}
	a.kept = nil
	a.quiet.end()
	for w, target := range a.watches {
		w.takeBack(target)
	}
	for _, s := range a.follows {
		s.End()
	}
}

func (a *activation) openReplies() int {
	still := a.kept[:0]
	for _, k := range a.kept {
		if !k.sent.Load() {
			still = append(still, k)
		}
	}
	clear(a.kept[len(still):])
	a.kept = still
	return len(still)
}
