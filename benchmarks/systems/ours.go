package systems

import (
	"context"
	"log/slog"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/engine"
)

// grains is the measured kind: a shipped one with a bound. A workload has at most eight times 4,096 messages in flight; the bound is
// above that, since a worker takes what it has handled from a mailbox's depth only now and then.
var grains = engine.NewKind[*Message](engine.KindConfig{Name: "bench", Idle: time.Hour, Mailbox: 1 << 16})

// grain is one actor of ours; forward is how it sends to others.
type grain struct {
	account
	owner *ours
}

// Handle counts, answers and passes on.
func (g *grain) Handle(c *engine.Context[*Message], m *Message) {
	switch do, to := g.take(m); do {
	case nothing:
	case answer:
		c.Respond(m)
	case pass:
		g.owner.forward(to, m)
	}
}

// ours is this engine with cached Refs.
type ours struct {
	sys     *engine.System
	forward func(i int, m *Message)
	refs    []engine.Ref[*Message]
}

func openOurs() (*ours, error) {
	sys, err := engine.New(engine.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	o := &ours{sys: sys}
	o.forward = o.Tell
	engine.Serve(sys, grains, func(string) engine.Actor[*Message] { return &grain{owner: o} })
	return o, nil
}

func openRefs(context.Context) (System, error) { return openOurs() }

// Spawn activates a grain by its first message.
func (o *ours) Spawn(id string, first *Message) error {
	r := grains.Ref(o.sys, id)
	r.Tell(first)
	o.refs = append(o.refs, r)
	return nil
}

// Ready makes each Ref anew: one that is made when its grain is in memory holds it.
func (o *ours) Ready() {
	for i, r := range o.refs {
		o.refs[i] = grains.Ref(o.sys, r.ID())
	}
}

// Tell sends through a Ref.
func (o *ours) Tell(i int, m *Message) { o.refs[i].Tell(m) }

// Ask asks through a Ref; ctx alone bounds the wait.
func (o *ours) Ask(ctx context.Context, i int, m *Message) (*Message, error) {
	return engine.Ask[*Message](ctx, o.refs[i], m)
}

// Drop forgets the Refs.
func (o *ours) Drop() { o.refs = nil }

// Close kills the system.
func (o *ours) Close() error {
	o.sys.Kill()
	return nil
}

// bounded gives each question a timeout of its own, as the peers' calls do.
type bounded struct{ *ours }

func openBounded(context.Context) (System, error) {
	o, err := openOurs()
	if err != nil {
		return nil, err
	}
	return bounded{o}, nil
}

// Ask asks through a Ref.
func (b bounded) Ask(_ context.Context, i int, m *Message) (*Message, error) {
	return engine.AskTimeout[*Message](b.refs[i], m, timeout)
}

// send is this engine as a Hollywood program sees it: PIDs and Engine.Send.
type send struct {
	*ours
	pids []*actor.PID
}

func openSend(context.Context) (System, error) {
	o, err := openOurs()
	if err != nil {
		return nil, err
	}
	s := &send{ours: o}
	o.forward = s.Tell
	return s, nil
}

// Spawn activates a grain by a message to its PID.
func (s *send) Spawn(id string, first *Message) error {
	pid := grains.Ref(s.sys, id).PID()
	s.sys.Engine().Send(pid, first)
	s.pids = append(s.pids, pid)
	return nil
}

// Ready does nothing: a PID is all that Hollywood knows.
func (s *send) Ready() {}

// Tell sends through Hollywood.
func (s *send) Tell(i int, m *Message) { s.sys.Engine().Send(s.pids[i], m) }

// Ask asks through Hollywood.
func (s *send) Ask(_ context.Context, i int, m *Message) (*Message, error) {
	return answered(s.sys.Engine().Request(s.pids[i], m, timeout).Result())
}

// Drop forgets the PIDs.
func (s *send) Drop() { s.pids = nil }
