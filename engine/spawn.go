package engine

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"

	"github.com/anthdm/hollywood/actor"
)

// SpawnOption changes how a plain cell is spawned.
type SpawnOption func(*spawnOptions)

type spawnOptions struct {
	mailbox, stash int
	dispatcher     string
	supervision    Supervision
	before         any
	heir           bool
}

// WithMailbox bounds the cell's mailbox; see KindConfig.
func WithMailbox(n int) SpawnOption { return func(o *spawnOptions) { o.mailbox = n } }

// WithStash bounds the cell's stash; see KindConfig.
func WithStash(n int) SpawnOption {
	return func(o *spawnOptions) { o.stash = cmp.Or(n, defaultStash) }
}

// WithDispatcher names the pool of workers that runs the cell.
func WithDispatcher(name string) SpawnOption { return func(o *spawnOptions) { o.dispatcher = name } }

// WithSupervision says what becomes of the cell when it fails.
func WithSupervision(s Supervision) SpawnOption { return func(o *spawnOptions) { o.supervision = s } }

// withHeir leaves what the cell has not handled when it ends to its parent's stash.
func withHeir(o *spawnOptions) { o.heir = true }

// WithMiddleware has every message go through these first, the first one outermost. M is the actor's.
func WithMiddleware[M any](before ...Middleware[M]) SpawnOption {
	return func(o *spawnOptions) { o.before = before }
}

// Spawn starts a plain cell under a name that is unique in the system and not empty. produce makes its actor, on a
// worker, soon and after each failure; what is sent before waits. A produce that returns the same one again goes on with its state.
// Hollywood's registry has the cell as kind "cell". A taken name is a TakenError.
func Spawn[M any](s *System, name string, produce func() Actor[M], opts ...SpawnOption) (Ref[M], error) {
	if name == "" {
		return Ref[M]{}, errors.New("engine: an actor needs a name")
	}
	return spawn(s, nil, name, produce, opts)
}

func spawn[M any](s *System, parent *cell, name string, produce func() Actor[M], opts []SpawnOption) (Ref[M], error) {
	o := spawnOptions{dispatcher: DefaultDispatcher, stash: defaultStash}
	for _, opt := range opts {
		opt(&o)
	}
	before, ok := o.before.([]Middleware[M])
	if o.before != nil && !ok {
		return Ref[M]{}, fmt.Errorf("engine: %q takes %v and was given %T: name the actor's message type in WithMiddleware", name, reflect.TypeFor[M](), o.before)
	}
	k := &core{
		sys: s, name: plainKind, plain: true, bound: bound(o.mailbox), stash: o.stash, disp: s.dispatchers[o.dispatcher], stats: &s.plainStats,
		parent: parent, heir: o.heir, supervision: o.supervision.withDefaults(), private: parent != nil && parent.kind.private,
	}
	if k.disp == nil {
		return Ref[M]{}, &UnknownDispatcherError{Name: o.dispatcher}
	}
	k.behaviour = newServing(nil, before)
	k.produce = func(string) any { return produce() }
	k.served.Store(true)
	c := &cell{kind: k, id: name}
	if err := s.register(c); err != nil {
		return Ref[M]{}, err
	}
	c.pushSystem(start{})
	return Ref[M]{kind: k, id: name, cell: c}, nil
}

func (s *System) register(c *cell) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.refusal() {
	case ReasonStopped:
		return ErrStopped
	case ReasonKilled:
		return ErrKilled
	}
	if s.plain[c.id] != nil || s.hollywood.Registry.GetPID(plainKind, c.id) != nil {
		return &TakenError{Name: c.shownID()}
	}
	p := &process{cell: c, pid: c.pid()}
	c.kind.proc = p
	if s.hollywood.SpawnProc(p); !p.started { // SpawnProc returns a PID even when the id was taken
		return &TakenError{Name: c.shownID()}
	}
	s.plain[c.id] = c
	s.live.Add(1)
	return nil
}

func (s *System) forgetPlain(c *cell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.plain, c.id)
	s.hollywood.Registry.Remove(c.kind.proc.pid)
}

// process is a plain cell in Hollywood's registry.
type process struct {
	cell    *cell
	pid     *actor.PID
	started bool // set only when the registry took it
}

// Start implements actor.Processer.
func (p *process) Start() { p.started = true }

// PID implements actor.Processer.
func (p *process) PID() *actor.PID { return p.pid }

// Send implements actor.Processer.
func (p *process) Send(_ *actor.PID, msg any, sender *actor.PID) {
	e := sent(msg, sender)
	if !p.cell.kind.deliver(p.cell, &e).settled() {
		p.cell.kind.deadLetter(p.cell.id, &e, ReasonStopped)
	}
}

// Invoke implements actor.Processer; messages come through Send.
func (p *process) Invoke(batch []actor.Envelope) {
	for _, e := range batch {
		p.Send(p.pid, e.Msg, e.Sender)
	}
}

// Shutdown implements actor.Processer.
func (p *process) Shutdown() { p.cell.pushSystem(terminate{reason: ReasonStopped}) }
