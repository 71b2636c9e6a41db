package peer

import (
	"context"
	"log/slog"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"hayauma.example/benchmarks/systems/room"
)

// protoactor is Proto.Actor with its remote package. Its sender is reached for answers at an address of its own, so it listens too.
type protoactor struct{}

// protoactorSystem is in a process that has room until it ends.
func protoactorSystem() *actor.ActorSystem {
	room.Make()
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
}

// Listen starts a system with the receiver, which is there before the first connection.
func (protoactor) Listen(_ context.Context, addr string, handle Handle) error {
	host, port, err := split(addr)
	if err != nil {
		return err
	}
	sys := protoactorSystem()
	props := actor.PropsFromFunc(func(c actor.Context) {
		m, ok := c.Message().(*wrapperspb.BytesValue)
		if !ok {
			return // Proto.Actor's own: started
		}
		if answer := handle(m.GetValue()); answer != nil {
			c.Respond(wrapperspb.Bytes(answer))
		}
	})
	if _, err := sys.Root.SpawnNamed(props, actorName); err != nil {
		return err
	}
	remote.NewRemote(sys, remote.Configure(host, port)).Start()
	return nil
}

type protoactorSender struct {
	root *actor.RootContext
	to   *actor.PID
	self *actor.PID
}

// Dial starts a system with an actor that takes answers, and subscribes to events.
func (protoactor) Dial(_ context.Context, addr string, events Events) (Sender, error) {
	sys := protoactorSystem()
	remote.NewRemote(sys, remote.Configure("127.0.0.1", 0)).Start()
	sys.EventStream.Subscribe(func(event any) {
		switch m := event.(type) {
		case *actor.DeadLetterEvent:
			events.drop(m.Message)
		case *remote.EndpointTerminatedEvent:
			events.Notice()
		}
	})
	self, err := sys.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
		if m, ok := c.Message().(*wrapperspb.BytesValue); ok {
			events.Answer(m.GetValue())
		}
	}), "sender")
	if err != nil {
		return nil, err
	}
	return &protoactorSender{root: sys.Root, to: actor.NewPID(addr, actorName), self: self}, nil
}

// Tell sends through the root context, which says nothing.
func (s *protoactorSender) Tell(body []byte) error {
	s.root.Send(s.to, wrapperspb.Bytes(body))
	return nil
}

// Mark sends with the actor that takes answers as the sender.
func (s *protoactorSender) Mark(body []byte) error {
	s.root.RequestWithCustomSender(s.to, wrapperspb.Bytes(body), s.self)
	return nil
}

// Ask asks through the root context.
func (s *protoactorSender) Ask(_ context.Context, body []byte) ([]byte, error) {
	return answered(s.root.RequestFuture(s.to, wrapperspb.Bytes(body), Timeout).Result())
}
