package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// Ends of a [Member] that its own process didn't ask for. The process ends, or goes on as a new incarnation.
var (
	// ErrEvicted: the others took it for dead, or its next start replaced it; what it owned is theirs.
	ErrEvicted = errors.New("cluster: this member was removed from the view: it was silent for too long, or was started again: start a new incarnation")
	// ErrDrained: somebody asked for it, everything was handed over, and the view has this member no more.
	ErrDrained = errors.New("cluster: this member was drained by another's word and has left: end the process, or start a new incarnation")
	// ErrViewLost: the store has an older view than it had: it was restored from a backup, or its disk is new.
	ErrViewLost = errors.New("cluster: the store lost the newest view: start a new incarnation, which begins one above all fences")
)

// MemberConfig describes a [Member]. Self, Objects and Journal are needed; all else may be zero.
type MemberConfig struct {
	Self    roster.Member // Incarnation, Node, Address, Roles, Weight; State and Proven are the member's own affair
	Timers  roster.Timers
	Objects objects.Store
	Journal journal.Store
	Writer  journal.WriterOptions // as in Config
	Log     *slog.Logger          // nil discards
	Wall    func() time.Time      // as in Config; members time each other by the monotonic clock

	// Peers is given the addresses of all others by incarnation, before anything names them. It doesn't wait for what is received
	// longer than a transport's SetPeers does. nil: there is no transport.
	Peers func(addresses map[string]string)

	// Predecessor tells whether an incarnation of this node's name is certainly over: it held the lock that this process holds now. It
	// is replaced at once then. Any other one keeps the member waiting until it has been silent for long enough: 2 s where others judge
	// it, 10 s alone. nil: none is known.
	Predecessor func(incarnation string) bool

	// Probe tells whether an incarnation is certainly dead: its address refuses connections, or another one answers there. It is
	// asked after Suspect, off the loop, for a second at most. nil: nobody is known to be dead for certain.
	Probe func(ctx context.Context, address, incarnation string) (dead bool)
}

func (c MemberConfig) validate() error {
	if err := errors.Join(c.Self.Validate(), c.Timers.Validate()); err != nil {
		return err
	}
	if c.Objects == nil || c.Journal == nil {
		return errors.New("cluster: a member needs Objects and a Journal")
	}
	return nil
}

// Member is this process's part in the fleet: it renews its lease, judges the others, claims and serves its shards, and tells the engine
// where every other grain is. It implements engine.Directory and engine.Journal, and is safe for concurrent use.
type Member struct {
	cfg    MemberConfig
	me     string
	timers roster.Timers // none is zero
	log    *slog.Logger
	began  time.Time // instants are durations since
	places places
	hooks  hooks

	ledgers atomic.Pointer[Ledgers] // nil before Start
	lent    atomic.Pointer[roster.Lease]
	joined  chan struct{} // closed when the view has this member as active
	left    chan struct{} // closed when nothing is owned any more, for good
	over    chan struct{} // closed when the loop has ended

	mu     sync.Mutex // guards what follows
	fire   func(kind, id, name string, due time.Time, payload []byte)
	sys    *engine.System // nil before Start
	cancel context.CancelCauseFunc
	inbox  []func()

	wake      chan struct{} // holds one: inbox or suspects have something
	suspects  suspicions
	nudge     engine.Address // of our own actor; written before the loop starts
	halted    atomic.Bool
	detouring atomic.Int64 // shards whose gates are closed
	owed      atomic.Int64 // answers, one for each shard and who asked
	unseen    atomic.Int64 // questions that the loop has yet to see
	work      sync.WaitGroup
	loop      loop // owned by run
}

var (
	_ engine.Tenured   = (*Member)(nil)
	_ engine.Directory = (*Member)(nil)
	_ engine.Marked    = (*Member)(nil)
)

// NewMember checks the configuration. The member may be used in engine.Config; everything waits until Start.
func NewMember(cfg MemberConfig) (*Member, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	d := roster.DefaultTimers
	m := &Member{
		cfg: cfg, me: cfg.Self.Incarnation, log: cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)), began: time.Now(),
		timers: roster.Timers{
			Renew: cmp.Or(cfg.Timers.Renew, d.Renew), Lease: cmp.Or(cfg.Timers.Lease, d.Lease), TakeOver: cmp.Or(cfg.Timers.TakeOver, d.TakeOver),
			Steady: cmp.Or(cfg.Timers.Steady, d.Steady), Crowd: cmp.Or(cfg.Timers.Crowd, d.Crowd),
		},
		fire:   func(string, string, string, time.Time, []byte) {},
		joined: make(chan struct{}), left: make(chan struct{}), over: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	m.places.wake = make(chan struct{}, 1)
	m.hooks.wake = make(chan struct{}, 1)
	m.loop = newLoop(m)
	m.lend()
	return m, nil
}

// Start joins. It returns when the view has this member as active and its shards are being claimed; the kinds of its roles are served by
// then. When ctx ends before, the member is killed and the error tells what it waited for.
func (m *Member) Start(ctx context.Context, sys *engine.System) error {
	inner, err := m.begin(ctx, sys)
	if err != nil {
		return err
	}
	m.work.Go(func() { m.run(inner) })
	m.work.Go(func() { m.places.tell(inner) })
	go m.hooks.run(inner) // not waited for: a hook may call Stop
	select {
	case <-m.joined:
		return nil
	case <-m.left:
		return cmp.Or(m.failure(), errStopped)
	case <-m.over:
		return errStopped
	case <-ctx.Done():
		waits := m.ask(func() string { return m.loop.waits })
		m.Kill()
		return fmt.Errorf("cluster: node %s didn't join in time, it waited for %s: %w", m.cfg.Self.Node, waits, context.Cause(ctx))
	}
}

func (m *Member) begin(ctx context.Context, sys *engine.System) (context.Context, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sys != nil || m.cancel != nil {
		return nil, errors.New("cluster: a member is started once")
	}
	if sys.Incarnation() != m.me {
		return nil, fmt.Errorf("cluster: the system's incarnation is %s and the member's %s: use one for both", sys.Incarnation(), m.me)
	}
	if err := m.listen(sys); err != nil {
		return nil, err
	}
	ledgers := NewLedgers(ctx, m.cfg.Journal, Config{Log: m.log, Writer: m.cfg.Writer, Wall: m.cfg.Wall, OnLost: m.shardLost})
	ledgers.OnReminder(m.fire)
	ledgers.Suspend()
	m.ledgers.Store(ledgers)
	m.sys = sys
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	m.cancel = cancel
	return inner, nil
}

// Stop drains: every shard is handed over, the record released, the view left. Where that takes longer than ctx, the rest is left to the
// others' judgment, and the error says so. It waits for all that the member has begun.
func (m *Member) Stop(ctx context.Context) error {
	if !m.started() {
		return nil
	}
	m.post(func() { m.loop.leaving = true })
	var err error
	select {
	case <-m.left:
	case <-m.over:
	case <-ctx.Done():
		err = fmt.Errorf("cluster: node %s has not left the fleet: the others take its shards over: %w", m.cfg.Self.Node, context.Cause(ctx))
	}
	m.halt(errStopped)
	err = errors.Join(err, m.ledgers.Load().Stop(ctx))
	m.work.Wait()
	return err
}

// Kill ends the member as if its process died: nothing is released. It waits for nothing, so it may be called from anywhere.
func (m *Member) Kill() {
	if m.started() {
		m.halt(errStopped)
		m.ledgers.Load().Kill()
	}
}

var errStopped = errors.New("cluster: the member has stopped")

func (m *Member) system() *engine.System {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sys
}

func (m *Member) started() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cancel != nil
}

// halt ends the loop and everything that was begun; the lease counts no more from now on.
func (m *Member) halt(cause error) {
	m.halted.Store(true)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cancel(cause)
}

// May tells whether this member may act just now: start a provider call, take a command. It is asked right before; a copy of the answer
// is worth nothing. It takes no lock.
func (m *Member) May() bool {
	s := m.Standing()
	return s == roster.Leased || s == roster.Steady
}

// Standing is what this member may do by its lease, just now.
func (m *Member) Standing() roster.Standing {
	if m.halted.Load() {
		return roster.Ended
	}
	return m.lent.Load().Standing(m.now())
}

func (m *Member) now() time.Duration { return time.Since(m.began) }

// Payload implements engine.Journal.
func (m *Member) Payload(ctx context.Context, role, key string, g journal.Grain, name string, due time.Time) ([]byte, error) {
	if l := m.ledgers.Load(); l != nil {
		return l.Payload(ctx, role, key, g, name, due)
	}
	return nil, ErrNotOpen
}

// OnReminder implements engine.Journal.
func (m *Member) OnReminder(fire func(kind, id, name string, due time.Time, payload []byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fire = fire
}

// Append implements engine.Journal.
func (m *Member) Append(u engine.Unit, done func(error)) {
	if l := m.ledgers.Load(); l != nil {
		l.Append(u, done)
		return
	}
	done(ErrNotOpen)
}

// Tenure implements engine.Tenured.
func (m *Member) Tenure(role, key string) uint64 {
	if l := m.ledgers.Load(); l != nil {
		return l.Tenure(role, key)
	}
	return 0
}

// Replay implements engine.Journal.
func (m *Member) Replay(ctx context.Context, role, key string, g journal.Grain) iter.Seq2[journal.Record, error] {
	if l := m.ledgers.Load(); l != nil {
		return l.Replay(ctx, role, key, g)
	}
	return func(yield func(journal.Record, error) bool) { yield(journal.Record{}, ErrNotOpen) }
}

// Snapshot implements engine.Journal.
func (m *Member) Snapshot(role, key string, g journal.Grain, after uint64, data []byte, done func(error)) {
	if l := m.ledgers.Load(); l != nil {
		l.Snapshot(role, key, g, after, data, done)
		return
	}
	done(ErrNotOpen)
}
