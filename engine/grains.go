package engine

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/engine/journal"
)

// core is a kind as one system knows it, or one plain cell's own.
type core struct {
	sys   *System
	name  string
	role  string
	plain bool
	away  string // plain cells: the incarnation that they live in; "": this one

	private       bool
	bound         int32
	idle          time.Duration
	disp          *dispatcher
	affinity      func(id string) string
	snapshotEvery int
	snapshotBytes int
	stash         int
	supervision   Supervision
	parent        *cell     // plain cells; nil: none
	heir          bool      // the parent takes what is not handled
	lends         bool      // a message for another member can be lent to the transport
	loans         sync.Pool // of *M, those lent before

	served    atomic.Bool // what stands below is set
	behaviour behaviour
	produce   func(id string) any
	apply     func(a, e any) error        // durable kinds: applies an event
	isEvent   func(e any) error           // durable kinds: nil for what apply takes
	publish   func(id string, e numbered) // durable kinds

	stats  *kindStats
	shards []shard
	sweep  sweeper
	proc   *process // plain cells
}

// behaviour is the part of a kind that knows its message type.
type behaviour interface {
	frame() *frame
	clear(*frame)
	free(*frame)                   // cleared
	bind(f *frame)                 // the cell has its actor
	invoke(f *frame, msg any) bool // false: not a message of this kind
	started(f *frame)
	leaving(f *frame)
	stopping(f *frame)
	restarting(f *frame, cause error)
	reminds() bool
	reminder(name string, due time.Time, payload []byte) (any, bool)
}

const shardCount = 64 // a power of two

var hashSeed = maphash.MakeSeed()

// shard is one slice of a kind's table of grains: chains of cells, so that a grain costs one or two pointers here.
type shard struct {
	mu      sync.RWMutex
	buckets []*cell // guarded by mu, as are the chains
	size    int     // guarded by mu
}

func (k *core) shard(id string) (*shard, uint64) {
	h := maphash.String(hashSeed, id)
	return &k.shards[h%shardCount], h / shardCount
}

// find returns the grain's cell, nil when it is not in memory.
func (k *core) find(id string) *cell {
	s, h := k.shard(id)
	s.mu.RLock()
	c := s.find(h, id)
	s.mu.RUnlock()
	return c
}

// seen returns the cell that a reference may send to directly: none while something waits that must not be overtaken.
func (k *core) seen(id string) *cell {
	c := k.find(id)
	if c != nil && (k.sys.held.grains.Load() > 0 || c.early && k.locate(id).Wait) {
		return nil
	}
	return c
}

// acquire returns a cell in the place of one that has left (nil: none is known), making it when needed; otherwise the reason why
// there is none.
func (k *core) acquire(id string, stale *cell) (*cell, string) {
	if !k.served.Load() {
		return nil, ReasonNoProducer
	}
	if c := k.find(id); c != nil && c != stale {
		return c, ""
	}
	if id == "" || len(id) > journal.MaxName {
		return nil, ReasonNoRoute
	}
	s, h := k.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason := k.sys.refusal(); reason != "" {
		return nil, reason
	}
	place := k.locate(id)
	if place.Answer != Here { // asked under the lock that Vacate takes after the answer has changed
		return nil, reasonAway
	}
	if old := s.find(h, id); old != nil {
		if old != stale {
			return old, ""
		}
		s.remove(old, h)
	}
	c := &cell{kind: k, id: id, early: place.Wait, beat: uint8(h)} // anywhere, so that of those that live briefly some are measured too
	s.insert(c, h)
	k.sys.live.Add(1)
	k.sweep.arm(k)
	return c, ""
}

// forget removes a cell that has left.
func (k *core) forget(c *cell) {
	if k.plain {
		k.sys.forgetPlain(c)
		return
	}
	s, h := k.shard(c.id)
	s.mu.Lock()
	s.remove(c, h)
	s.mu.Unlock()
	k.sys.recent.forget(c)
}

// make makes an actor.
func (k *core) make(id string) any {
	a := k.produce(id)
	if a == nil {
		panic("engine: produce returned no actor")
	}
	return a
}

func (k *core) pid(id string) *actor.PID { return actor.NewPID(GrainAddress, k.name+"/"+id) }

// cells returns the kind's cells of one shard.
func (k *core) cells(i int, into []*cell) []*cell {
	s := &k.shards[i]
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range s.buckets {
		for ; c != nil; c = c.chain {
			into = append(into, c)
		}
	}
	return into
}

func (s *shard) find(h uint64, id string) *cell {
	if len(s.buckets) == 0 {
		return nil
	}
	for c := s.buckets[h&uint64(len(s.buckets)-1)]; c != nil; c = c.chain {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (s *shard) insert(c *cell, h uint64) {
	if s.size >= len(s.buckets) {
		s.resize(max(4, 2*len(s.buckets)))
	}
	b := &s.buckets[h&uint64(len(s.buckets)-1)]
	c.chain, *b = *b, c
	s.size++
}

func (s *shard) remove(c *cell, h uint64) {
	if len(s.buckets) == 0 {
		return
	}
	for p := &s.buckets[h&uint64(len(s.buckets)-1)]; *p != nil; p = &(*p).chain {
		if *p == c {
			*p, c.chain = c.chain, nil
			s.size--
			break
		}
	}
	if len(s.buckets) > 64 && s.size < len(s.buckets)/8 {
		s.resize(len(s.buckets) / 4)
	}
}

func (s *shard) resize(n int) {
	old := s.buckets
	s.buckets = make([]*cell, n)
	for _, c := range old {
		for c != nil {
			rest := c.chain
			b := &s.buckets[(maphash.String(hashSeed, c.id)/shardCount)&uint64(n-1)]
			c.chain, *b = *b, c
			c = rest
		}
	}
}

// sweeper looks at every grain of a kind four times per idle time; it runs only while there are grains.
type sweeper struct {
	mu    sync.Mutex
	armed atomic.Bool
	timer *time.Timer // guarded by mu
}

func (w *sweeper) arm(k *core) {
	if k.idle < 0 || w.armed.Load() || !w.armed.CompareAndSwap(false, true) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer == nil {
		w.timer = time.AfterFunc(k.idle/4, func() { w.run(k) })
		return
	}
	w.timer.Reset(k.idle / 4)
}

func (w *sweeper) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *sweeper) run(k *core) {
	if k.sys.dead.Load() {
		return
	}
	w.armed.Store(false)
	if k.age() > 0 {
		w.arm(k)
	}
}

// age makes every grain one sweep older, tells those that are due, and returns how many there are.
func (k *core) age() int {
	n := 0
	var batch []*cell
	for i := range k.shards {
		batch = k.cells(i, batch[:0])
		n += len(batch)
		for _, c := range batch {
			if c.older() {
				c.kind.disp.submit(turn{cell: c})
			}
		}
		clear(batch)
	}
	return n
}

// older counts a sweep; true when the grain is due to leave and was idle: it is now scheduled.
func (c *cell) older() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.depth > 0 || c.state != idle {
		return false
	}
	if c.age < sweeps {
		c.age++
	}
	if c.age < sweeps {
		return false
	}
	c.state = scheduled
	return true
}
