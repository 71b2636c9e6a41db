package peer

import (
	"context"

	"github.com/tochemey/goakt/v3/actor"
	"github.com/tochemey/goakt/v3/address"
	"github.com/tochemey/goakt/v3/log"
	"github.com/tochemey/goakt/v3/remote"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// goaktBatch is the number of messages in one RemoteBatchTell.
const goaktBatch = 256

// goaktCompression is used by both sides.
const (
	goaktCompression = remote.NoCompression
	goaktSettings    = "no compression, as it advises for a fast network, else defaults"
)

const goaktName = "bench"

// goakt is GoAkt with remoting. A RemoteTell is a call that returns when the receiver's mailbox has the message; answers come on the
// connection of their question, so the sender needs no system of its own.
type goakt struct{ batch int }

// Listen starts a system with the receiver.
func (goakt) Listen(ctx context.Context, addr string, handle Handle) error {
	host, port, err := split(addr)
	if err != nil {
		return err
	}
	sys, err := actor.NewActorSystem(goaktName, actor.WithLogger(log.DiscardLogger),
		actor.WithRemote(remote.NewConfig(host, port, remote.WithCompression(goaktCompression))))
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	_, err = sys.Spawn(ctx, actorName, &goaktActor{handle: handle}, actor.WithLongLived())
	return err
}

type goaktActor struct{ handle Handle }

// PreStart does nothing.
func (*goaktActor) PreStart(*actor.Context) error { return nil }

// PostStop does nothing.
func (*goaktActor) PostStop(*actor.Context) error { return nil }

// Receive handles bodies.
func (a *goaktActor) Receive(c *actor.ReceiveContext) {
	m, ok := c.Message().(*wrapperspb.BytesValue)
	if !ok {
		return // GoAkt's own: started
	}
	if answer := a.handle(m.GetValue()); answer != nil {
		c.Response(wrapperspb.Bytes(answer))
	}
}

type goaktSender struct {
	ctx     context.Context // of all calls of Tell and Mark
	remote  remote.Remoting
	to      *address.Address
	events  Events
	batch   int
	pending []proto.Message // owned by the goroutine that calls Tell and Mark
}

// Dial makes a client.
func (g goakt) Dial(ctx context.Context, addr string, events Events) (Sender, error) {
	host, port, err := split(addr)
	if err != nil {
		return nil, err
	}
	client := remote.NewRemoting(remote.WithRemotingCompression(goaktCompression))
	to := address.New(actorName, goaktName, host, port)
	return &goaktSender{ctx: ctx, remote: client, to: to, events: events, batch: g.batch}, nil
}

// Tell calls the receiver's process, or does so for the last one of a batch.
func (s *goaktSender) Tell(body []byte) error {
	m := wrapperspb.Bytes(body)
	if s.batch == 1 {
		return s.remote.RemoteTell(s.ctx, address.NoSender(), s.to, m)
	}
	s.pending = append(s.pending, m)
	if len(s.pending) == s.batch {
		s.flush()
	}
	return nil
}

// flush sends what is pending. An error names all of it.
func (s *goaktSender) flush() {
	if len(s.pending) == 0 {
		return
	}
	if err := s.remote.RemoteBatchTell(s.ctx, address.NoSender(), s.to, s.pending); err != nil {
		for _, m := range s.pending {
			s.events.drop(m)
		}
	}
	s.pending = s.pending[:0]
}

// Mark asks without waiting: the marks under way are as many goroutines.
func (s *goaktSender) Mark(body []byte) error {
	s.flush()
	go func() {
		if answer, err := s.Ask(s.ctx, body); err == nil {
			s.events.Answer(answer)
		}
	}()
	return nil
}

// Ask calls the receiver's process.
func (s *goaktSender) Ask(ctx context.Context, body []byte) ([]byte, error) {
	packed, err := s.remote.RemoteAsk(ctx, address.NoSender(), s.to, wrapperspb.Bytes(body), Timeout)
	if err != nil {
		return nil, err
	}
	if packed == nil {
		return nil, &AnswerError{}
	}
	return answered(packed.UnmarshalNew())
}
