package peer

import (
	"context"
	"net"
	"strconv"

	"github.com/anthdm/hollywood/actor"
	"github.com/anthdm/hollywood/remote" //nolint:depguard // measured here, never used by the program
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// hollywood is Hollywood's engine with its remote package. Its sender is reached for answers at an address of its own, so it listens too.
type hollywood struct{}

func hollywoodEngine(addr string) (*actor.Engine, error) {
	return actor.NewEngine(actor.NewEngineConfig().WithRemote(remote.New(addr, remote.NewConfig())))
}

// Listen starts an engine with the receiver.
func (hollywood) Listen(_ context.Context, addr string, handle Handle) error {
	e, err := hollywoodEngine(addr)
	if err != nil {
		return err
	}
	e.SpawnFunc(func(c *actor.Context) {
		m, ok := c.Message().(*wrapperspb.BytesValue)
		if !ok {
			return // Hollywood's own: initialized, started
		}
		if answer := handle(m.GetValue()); answer != nil {
			c.Respond(wrapperspb.Bytes(answer))
		}
	}, actorName, actor.WithID("1"))
	return nil
}

type hollywoodSender struct {
	engine *actor.Engine
	to     *actor.PID
	self   *actor.PID
}

// Dial starts an engine with an actor that takes answers and another that takes events.
func (hollywood) Dial(_ context.Context, addr string, events Events) (Sender, error) {
	own, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	e, err := hollywoodEngine(own)
	if err != nil {
		return nil, err
	}
	s := &hollywoodSender{engine: e, to: actor.NewPID(addr, actorName+"/1")}
	s.self = e.SpawnFunc(func(c *actor.Context) {
		if m, ok := c.Message().(*wrapperspb.BytesValue); ok {
			events.Answer(m.GetValue())
		}
	}, "sender", actor.WithID("1"))
	e.Subscribe(e.SpawnFunc(func(c *actor.Context) {
		switch m := c.Message().(type) {
		case actor.DeadLetterEvent:
			events.drop(m.Message)
		case actor.RemoteUnreachableEvent:
			events.Notice()
		}
	}, "events", actor.WithID("1")))
	return s, nil
}

// Tell sends through the engine, which says nothing.
func (s *hollywoodSender) Tell(body []byte) error {
	s.engine.Send(s.to, wrapperspb.Bytes(body))
	return nil
}

// Mark sends with the actor that takes answers as the sender.
func (s *hollywoodSender) Mark(body []byte) error {
	s.engine.SendWithSender(s.to, wrapperspb.Bytes(body), s.self)
	return nil
}

// Ask asks through the engine.
func (s *hollywoodSender) Ask(_ context.Context, body []byte) ([]byte, error) {
	return answered(s.engine.Request(s.to, wrapperspb.Bytes(body), Timeout).Result())
}

// answered turns what a system answered into a body.
func answered(got any, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	m, ok := got.(*wrapperspb.BytesValue)
	if !ok {
		return nil, &AnswerError{Got: got}
	}
	return m.GetValue(), nil
}

// FreeAddr returns a loopback address that nobody listens at.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// split returns the parts of host:port.
func split(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	return host, port, err
}
