package peer

import (
	"context"
	"log/slog"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster/remote"
	"hayauma.example/codec"
	"hayauma.example/engine"
)

// hayauma is this engine with its own transport between two members. Who is a member stands in the files of a folder, see [script]: what is
// measured is the engine, its encoding and its transport, and no membership.
type hayauma struct {
	dir   string            // of the script
	taken func(body []byte) // nil: nobody asks
}

// In implements Scripted.
func (h hayauma) In(dir string) Peer { return hayauma{dir: dir, taken: h.taken} }

// Noting implements Taker.
func (h hayauma) Noting(taken func(body []byte)) Peer { return hayauma{dir: h.dir, taken: taken} }

// letter is the message of all that is sent, encoded by hand as hot messages are.
type letter struct{ Body []byte }

// AppendMsgpack implements codec.Appender.
func (l letter) AppendMsgpack(dst []byte) ([]byte, error) { return codec.AppendBytes(dst, l.Body), nil }

// CutMsgpack implements codec.Cutter.
func (l *letter) CutMsgpack(body []byte) (err error) {
	l.Body, err = codec.CutBytes(body)
	return err
}

// The receiver's kind. Its role is the receiving member's; the bound is that of the measurements inside one process.
const (
	receivers    = "receiver"
	mailbox      = 1 << 16
	forever      = time.Hour
	receiverSide = "receiver"
	senderSide   = "sender"
)

var letters = engine.NewKind[letter](engine.KindConfig{Name: "letters", Role: receivers, Idle: forever, Mailbox: mailbox})

// clerk handles letters.
type clerk struct{ handle Handle }

// Handle gives the body on and the answer back.
func (a clerk) Handle(c *engine.Context[letter], m letter) {
	if answer := a.handle(m.Body); answer != nil {
		c.Respond(letter{answer})
	}
}

// member is one process: a system and its transport.
type member struct {
	sys    *engine.System
	wire   *remote.Transport
	script *script
}

func (h hayauma) join(ctx context.Context, side, addr string) (*member, error) {
	quiet := slog.New(slog.DiscardHandler)
	incarnation := ulid.Make().String()
	wire, err := remote.Listen(ctx, remote.Config{Incarnation: incarnation, Listen: addr, Log: quiet})
	if err != nil {
		return nil, err
	}
	m := &member{wire: wire, script: &script{dir: h.dir, side: side}}
	messages := codec.NewRegistry()
	codec.Register[letter](messages, "letter")
	var transport engine.Transport = wire
	if h.taken != nil {
		transport = noting{wire, h.taken}
	}
	m.sys, err = engine.New(engine.Config{Log: quiet, Incarnation: incarnation, Messages: messages, Directory: m.script, Transport: transport})
	if err != nil {
		return nil, err
	}
	if err := m.script.enter(incarnation, wire.Addr().String()); err != nil {
		return nil, err
	}
	return m, nil
}

// Listen starts a member that has the receivers.
func (h hayauma) Listen(ctx context.Context, addr string, handle Handle) error {
	m, err := h.join(ctx, receiverSide, addr)
	if err != nil {
		return err
	}
	engine.Serve(m.sys, letters, func(string) engine.Actor[letter] { return clerk{handle} })
	go m.script.follow(ctx, m.turn)
	return nil
}

// turn has another process be the other member.
func (m *member) turn(before, now entry) {
	m.wire.SetPeers(map[string]string{now.incarnation: now.address})
	if before.incarnation != "" {
		m.sys.MemberLost(before.incarnation)
	}
	m.script.changed()
}

type hayaumaSender struct {
	sys  *engine.System
	to   engine.Ref[letter]
	self engine.Ref[letter]
}

// Dial starts a member that has an actor for answers and none of the receivers.
func (h hayauma) Dial(ctx context.Context, _ string, events Events) (Sender, error) {
	m, err := h.join(ctx, senderSide, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	engine.DeadLetters.Subscribe(m.sys, func(d engine.DeadLetter) {
		if l, ok := d.Message.(letter); ok {
			events.Dropped(l.Body)
		}
	})
	answers := func(body []byte) []byte {
		events.Answer(body)
		return nil
	}
	self, err := engine.Spawn(m.sys, "sender", func() engine.Actor[letter] { return clerk{answers} })
	if err != nil {
		return nil, err
	}
	go m.script.follow(ctx, func(before, now entry) {
		if before.incarnation != "" {
			events.Notice()
		}
		m.turn(before, now)
	})
	return &hayaumaSender{sys: m.sys, to: letters.Ref(m.sys, actorName), self: self}, nil
}

// Tell sends through a Ref. What is refused becomes a dead letter.
func (s *hayaumaSender) Tell(body []byte) error {
	s.to.Tell(letter{body})
	return nil
}

// Mark sends with the actor that takes answers as the sender.
func (s *hayaumaSender) Mark(body []byte) error {
	s.sys.Engine().SendWithSender(s.to.PID(), letter{body}, s.self.PID())
	return nil
}

// Ask asks through a Ref.
func (s *hayaumaSender) Ask(_ context.Context, body []byte) ([]byte, error) {
	l, err := engine.AskTimeout[letter](s.to, letter{body}, Timeout)
	return l.Body, err
}
