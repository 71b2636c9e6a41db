package systems

import (
	"context"
	"log/slog"

	"github.com/asynkron/protoactor-go/actor"

	"hayauma.example/benchmarks/systems/room"
)

// protoactor is Proto.Actor with its default dispatcher and supervision, in a process that has room.
type protoactor struct {
	room  *room.Room
	sys   *actor.ActorSystem
	root  *actor.RootContext
	props *actor.Props
	pids  []*actor.PID
}

// openProtoactor opens a system whose actors have this mailbox.
func openProtoactor(mailbox func() actor.MailboxProducer) func(context.Context) (System, error) {
	return func(context.Context) (System, error) { return newProtoactor(mailbox()), nil }
}

// Mailboxes of Proto.Actor.
func unbounded() actor.MailboxProducer { return actor.Unbounded() } // its default
func lockfree() actor.MailboxProducer  { return actor.UnboundedLockfree() }

func newProtoactor(mailbox actor.MailboxProducer) *protoactor {
	quiet := actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) })
	p := &protoactor{room: room.Make(), sys: actor.NewActorSystem(quiet)}
	p.root = p.sys.Root
	p.props = actor.PropsFromProducer(func() actor.Actor { return &protoactorActor{owner: p} }, actor.WithMailbox(mailbox))
	return p
}

type protoactorActor struct {
	account
	owner *protoactor
}

// Receive counts, answers and passes on.
func (a *protoactorActor) Receive(c actor.Context) {
	m, ok := c.Message().(*Message)
	if !ok {
		return // Proto.Actor's own: started, stopping, stopped
	}
	switch do, to := a.take(m); do {
	case nothing:
	case answer:
		c.Respond(m)
	case pass:
		c.Send(a.owner.pids[to], m)
	}
}

// Spawn starts an actor.
func (p *protoactor) Spawn(id string, first *Message) error {
	pid, err := p.root.SpawnNamed(p.props, id)
	if err != nil {
		return err
	}
	p.root.Send(pid, first)
	p.pids = append(p.pids, pid)
	return nil
}

// Ready does nothing: a PID caches its process by itself.
func (p *protoactor) Ready() {}

// Tell sends through the root context.
func (p *protoactor) Tell(i int, m *Message) { p.root.Send(p.pids[i], m) }

// Ask asks through the root context.
func (p *protoactor) Ask(_ context.Context, i int, m *Message) (*Message, error) {
	return answered(p.root.RequestFuture(p.pids[i], m, timeout).Result())
}

// Drop forgets the PIDs.
func (p *protoactor) Drop() { p.pids = nil }

// Close shuts the system down.
func (p *protoactor) Close() error {
	p.sys.Shutdown()
	p.room.Close()
	return nil
}
