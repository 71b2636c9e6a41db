package engine

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/codec"
)

// Unbounded is a mailbox without a bound: the kind says why it needs one.
const Unbounded = -1

const (
	defaultIdle    = 30 * time.Second
	defaultMailbox = 4096
	defaultStash   = 1024
	plainKind      = "cell" // Hollywood's kind of plain cells
)

// KindConfig describes a kind of grain. Name is needed and contains no slash.
type KindConfig struct {
	Name, Role    string
	Idle          time.Duration          // a grain leaves memory after this long without work, late by a quarter at most; default 30 s, < 0: never
	Mailbox       int                    // bound in messages; 0: 4096; Unbounded: none
	Dispatcher    string                 // default DefaultDispatcher
	Private       bool                   // the identity is personal data: never logged or exported
	Affinity      func(id string) string // grains of a role with one key share a shard; nil: the id
	SnapshotEvery int                    // durable kinds: events after which a snapshot is stored; 0: their number is no reason
	SnapshotBytes int                    // durable kinds: encoded bytes of events after which one is stored; 0: their size is no reason
	Stash         int                    // bound of Stash in messages; default 1024
	Supervision   Supervision            // what becomes of grains that fail
}

// Kind names a kind of grain and the closed set of messages M it takes. It is a package-level value; a system that hosts the kind
// calls Serve or ServeDurable too.
type Kind[M any] struct {
	cfg      KindConfig
	lends    bool
	index    int
	events   atomic.Value // *Topic[Event[E]]
	reminder func(name string, due time.Time, payload []byte) M
}

var kindCount atomic.Int64

// NewKind declares a kind. A name that is empty or contains a slash panics.
func NewKind[M any](cfg KindConfig) *Kind[M] {
	if cfg.Name == "" || strings.Contains(cfg.Name, "/") || cfg.Name == plainKind {
		panic(fmt.Sprintf("engine: %q can't name a kind: it must not be empty, contain a slash or be %q", cfg.Name, plainKind))
	}
	if cfg.Idle == 0 {
		cfg.Idle = defaultIdle
	}
	if cfg.Dispatcher == "" {
		cfg.Dispatcher = DefaultDispatcher
	}
	if cfg.Affinity == nil {
		cfg.Affinity = func(id string) string { return id }
	}
	cfg.Stash = cmp.Or(cfg.Stash, defaultStash)
	cfg.Supervision = cfg.Supervision.withDefaults()
	return &Kind[M]{cfg: cfg, lends: codec.CanLend[M](), index: int(kindCount.Add(1) - 1)}
}

// Name returns the kind's name.
func (k *Kind[M]) Name() string { return k.cfg.Name }

// Role returns the role whose members host the kind.
func (k *Kind[M]) Role() string { return k.cfg.Role }

// Ref returns a reference to the grain of this identity; it activates nothing.
func (k *Kind[M]) Ref(s *System, id string) Ref[M] {
	c := k.core(s)
	return Ref[M]{kind: c, id: id, cell: c.seen(id)}
}

// OnReminder says how a fired reminder becomes a message of the kind. It is called once, before the kind is served. payload is
// nil where it is longer than InlinePayload.
func OnReminder[M any](k *Kind[M], f func(name string, due time.Time, payload []byte) M) {
	k.reminder = f
}

// Actor handles the messages of one grain or plain cell, one at a time.
type Actor[M any] interface{ Handle(c *Context[M], m M) }

// Starter is told after activation and replay, before the first message.
type Starter[M any] interface{ Started(c *Context[M]) }

// Stopping is told when the actor is about to end for good: stop, passivation. What it sends now is sent; its children still live.
type Stopping[M any] interface{ Stopping(c *Context[M]) }

// Leaving is told, before Stopping, when a grain is about to go to another member: its Go functions have ended, or are about to be
// cancelled. A durable one may Persist what its next activation is to know; it leaves when that is stored.
type Leaving[M any] interface{ Leaving(c *Context[M]) }

// Restarting is told, in place of Stopping, when another activation will follow after a failure. It is the one that has failed.
type Restarting[M any] interface {
	Restarting(c *Context[M], cause error)
}

// Stopper is told when the activation has ended: passivation, stop, restart. Its children have stopped before. It has no effects.
type Stopper interface{ Stopped() }

// Serve lets this system host the kind. produce is called at each activation, on a worker; it must not block. Serving a kind
// twice panics.
func Serve[M any](s *System, k *Kind[M], produce func(id string) Actor[M], before ...Middleware[M]) {
	s.kinds.serve(k.core(s), func(c *core) {
		c.behaviour, c.produce = newServing(k, before), func(id string) any { return produce(id) }
	})
}

func (k *Kind[M]) core(s *System) *core {
	if c := s.kinds.at(k.index); c != nil {
		return c
	}
	return s.kinds.declare(s, k.index, k.cfg, k.lends)
}

// bound is a mailbox bound as the cell compares it.
func bound(n int) int32 {
	switch {
	case n == 0:
		return defaultMailbox
	case n < 0 || n > math.MaxInt32:
		return math.MaxInt32
	}
	return int32(n)
}

// kindTable holds the kinds that a system has heard of, by index and by name.
type kindTable struct {
	mu      sync.Mutex // held while the tables are replaced
	byIndex atomic.Pointer[[]*core]
	byName  atomic.Pointer[map[string]*core] // replaced under mu
}

func (t *kindTable) at(i int) *core {
	if p := t.byIndex.Load(); p != nil && i < len(*p) {
		return (*p)[i]
	}
	return nil
}

func (t *kindTable) named(name string) *core {
	if p := t.byName.Load(); p != nil {
		return (*p)[name]
	}
	return nil
}

// bytes is named for a name in a packet, of which it keeps nothing.
func (t *kindTable) bytes(name []byte) *core {
	if p := t.byName.Load(); p != nil {
		return (*p)[string(name)]
	}
	return nil
}

func (t *kindTable) all() []*core {
	p := t.byName.Load()
	if p == nil {
		return nil
	}
	return slices.Collect(maps.Values(*p))
}

func (t *kindTable) declare(s *System, index int, cfg KindConfig, lends bool) *core {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.at(index); c != nil {
		return c
	}
	if t.named(cfg.Name) != nil {
		panic(fmt.Sprintf("engine: two kinds are named %q", cfg.Name))
	}
	disp, ok := s.dispatchers[cfg.Dispatcher]
	if !ok {
		panic(fmt.Sprintf("engine: kind %q wants the dispatcher %q, which Config.Dispatchers does not have", cfg.Name, cfg.Dispatcher))
	}
	c := &core{
		sys: s, name: cfg.Name, role: cfg.Role, private: cfg.Private, bound: bound(cfg.Mailbox), idle: cfg.Idle, disp: disp,
		affinity: cfg.Affinity, snapshotEvery: cfg.SnapshotEvery, snapshotBytes: cfg.SnapshotBytes,
		stash: cfg.Stash, supervision: cfg.Supervision, stats: &kindStats{}, shards: make([]shard, shardCount),
		lends: lends && s.transport != nil && cfg.Role != "",
	}
	var next []*core
	if p := t.byIndex.Load(); p != nil {
		next = append(next, *p...)
	}
	for len(next) <= index {
		next = append(next, nil)
	}
	next[index] = c
	t.byIndex.Store(&next)
	names := map[string]*core{cfg.Name: c}
	if p := t.byName.Load(); p != nil {
		maps.Copy(names, *p)
	}
	t.byName.Store(&names)
	return c
}

func (t *kindTable) serve(c *core, how func(*core)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.served.Load() {
		panic(fmt.Sprintf("engine: kind %q is served twice", c.name))
	}
	how(c)
	c.served.Store(true)
}
