package remote_test

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/codec"
	"hayauma.example/engine"
)

// note is a hot message.
type note struct{ Text []byte }

// AppendMsgpack implements codec.Appender.
func (n note) AppendMsgpack(dst []byte) ([]byte, error) { return codec.AppendBytes(dst, n.Text), nil }

// CutMsgpack implements codec.Cutter.
func (n *note) CutMsgpack(body []byte) (err error) {
	n.Text, err = codec.CutBytes(body)
	return err
}

// scribe counts notes, and answers those that are questions.
type scribe struct{ noted *atomic.Int64 }

func (s scribe) Handle(c *engine.Context[note], m note) {
	s.noted.Add(1)
	if m.Text[0] == '?' {
		c.Respond(m)
	}
}

var scribes = engine.NewKind[note](engine.KindConfig{Name: "scribe", Role: "desk", Idle: time.Hour, Mailbox: 1 << 16})

// fixed is a directory that never changes.
type fixed struct{ engine.Place }

// Locate implements engine.Directory.
func (f fixed) Locate(string, string) engine.Place { return f.Place }

// OnChange implements engine.Directory.
func (fixed) OnChange(func()) {}

// twoSystems is a scribe's reference at one member, and what the scribe at the other one has noted.
func twoSystems(t *testing.T) (engine.Ref[note], *atomic.Int64) {
	noted := new(atomic.Int64)
	one, two := listen(t, "one"), listen(t, "two")
	system := func(name string, d fixed, wire *remote.Transport) *engine.System {
		messages := codec.NewRegistry()
		codec.Register[note](messages, "note")
		s, err := engine.New(engine.Config{Log: slog.New(slog.DiscardHandler), Incarnation: name, Messages: messages, Directory: d, Transport: wire})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Kill)
		return s
	}
	asking := system("one", fixed{engine.Place{Answer: engine.Elsewhere, Member: "two"}}, one)
	desk := system("two", fixed{}, two)
	engine.Serve(desk, scribes, func(string) engine.Actor[note] { return scribe{noted} })
	one.SetPeers(map[string]string{"two": two.Addr().String()})
	two.SetPeers(map[string]string{"one": one.Addr().String()})
	return scribes.Ref(asking, "a"), noted
}

// TestAllocationsOfRemoteTellAndAsk counts those of both members, from the sender to the handler and back.
func TestAllocationsOfRemoteTellAndAsk(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	to, noted := twoSystems(t)
	question, fact := note{[]byte("? a text of some length, as messages have")}, note{[]byte("! a text of some length, as messages have")}
	ask := func() {
		if _, err := engine.AskTimeout[note](to, question, 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	tell := func() { // a thousand, and all of them are handled
		want := noted.Load() + 1001
		for range 1000 {
			to.Tell(fact)
		}
		ask()
		if got := noted.Load(); got != want {
			t.Fatalf("%d messages were handled, want %d", got, want)
		}
	}
	ask()
	// A message lies in an interface at its sender, and in one piece with its body at its receiver: one each. An Ask has two messages.
	if got := testing.AllocsPerRun(1000, ask); got > 5.1 {
		t.Errorf("Ask: %.2f allocations, want at most 5", got)
	} else {
		t.Logf("Ask: %.2f allocations", got)
	}
	if got := testing.AllocsPerRun(50, tell) / 1000; got > 2.1 {
		t.Errorf("Tell: %.2f allocations, want at most 2", got)
	} else {
		t.Logf("Tell: %.2f allocations", got)
	}
}
