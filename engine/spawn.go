package engine

import (
	"github.com/anthdm/hollywood/actor"
)

// SpawnOption changes how a plain cell is spawned.
type SpawnOption func(*spawnOptions)

type spawnOptions struct {
	mailbox    int
	dispatcher string
	factory    func() any
}

// WithMailbox bounds the cell's mailbox; see KindConfig.
func WithMailbox(n int) SpawnOption { return func(o *spawnOptions) { o.mailbox = n } }

// WithDispatcher names the pool of workers that runs the cell.
func WithDispatcher(name string) SpawnOption { return func(o *spawnOptions) { o.dispatcher = name } }

// WithFactory gives the cell a fresh actor after a panic.
func WithFactory[M any](f func() Actor[M]) SpawnOption {
	return func(o *spawnOptions) { o.factory = func() any { return f() } }
}

// Restarter is a plain actor that goes on with the same value after a panic; without it and without WithFactory the cell stops.
type Restarter interface{ Restarted() }

// Spawn starts a plain cell under a name that is unique in the system. Hollywood's registry has it as kind "cell". A taken name
// is a TakenError.
func Spawn[M any](s *System, name string, a Actor[M], opts ...SpawnOption) (Ref[M], error) {
	o := spawnOptions{dispatcher: DefaultDispatcher}
	for _, opt := range opts {
		opt(&o)
	}
	k := &core{sys: s, name: plainKind, plain: true, bound: bound(o.mailbox), disp: s.dispatchers[o.dispatcher], stats: &s.plainStats}
	if k.disp == nil {
		return Ref[M]{}, &UnknownDispatcherError{Name: o.dispatcher}
	}
	k.behaviour = &serving[M]{}
	k.produce, k.restartable = producer(a, o.factory)
	k.served.Store(true)
	c := &cell{kind: k, id: name}
	if err := s.register(c); err != nil {
		return Ref[M]{}, err
	}
	c.pushSystem(start{})
	return Ref[M]{kind: k, id: name, cell: c}, nil
}

// producer gives a first and what stands for it after a panic.
func producer(a any, factory func() any) (produce func(string) any, restartable bool) {
	r, again := a.(Restarter)
	first := true
	return func(string) any {
		switch {
		case first:
			first = false
		case factory != nil:
			return factory()
		default:
			r.Restarted()
		}
		return a
	}, again || factory != nil
}

func (s *System) register(c *cell) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason := s.refusal(); reason != "" {
		return &DeadLetterError{Kind: plainKind, ID: c.id, Reason: reason}
	}
	if s.plain[c.id] != nil || s.hollywood.Registry.GetPID(plainKind, c.id) != nil {
		return &TakenError{Name: c.id}
	}
	p := &process{cell: c, pid: c.pid()}
	c.kind.proc = p
	if s.hollywood.SpawnProc(p); !p.started { // SpawnProc returns a PID even when the id was taken
		return &TakenError{Name: c.id}
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
	n := &envelope{msg: msg, sender: sender}
	if !p.cell.kind.deliver(p.cell, n) {
		p.cell.kind.deadLetter(p.cell.id, n, reasonStopped)
	}
}

// Invoke implements actor.Processer; messages come through Send.
func (p *process) Invoke(batch []actor.Envelope) {
	for _, e := range batch {
		p.Send(p.pid, e.Msg, e.Sender)
	}
}

// Shutdown implements actor.Processer.
func (p *process) Shutdown() { p.cell.pushSystem(terminate{reasonStopped}) }
