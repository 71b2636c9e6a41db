package engine

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"hayauma.example/codec"
)

// TestMembersThatComeAndGoLeaveNothing behind in an engine: and no two have one number.
func TestMembersThatComeAndGoLeaveNothing(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	seen := map[uint32]bool{}
	stays := s.members.index("stays")
	for n := range 1000 {
		name := fmt.Sprint("m", n)
		i := s.members.index(name)
		if seen[i] || i == stays || i == 0 {
			t.Fatalf("number %d of %s is another's", i, name)
		}
		seen[i] = true
		s.MemberLost(name)
		s.MemberLost(name)
	}
	if n := len(s.members.byName); n != 1 || s.members.index("stays") != stays {
		t.Errorf("%d names are left", n)
	}
}

// void is a Transport that takes everything and brings nothing.
type void struct {
	full bool
	ops  []op // of what it took since it was full
}

// Start implements Transport.
func (*void) Start(Receiver) {}

// Send implements Transport.
func (v *void) Send(_ string, _ Lane, p Packet) error {
	if v.full {
		v.ops = nil
		return ErrBacklog
	}
	v.ops = append(v.ops, p.(*outgoing).op)
	return nil
}

// said is a packet about a grain as a member sends it.
func said(t *testing.T, o *outgoing) iter.Seq[[]byte] {
	t.Helper()
	b, err := o.AppendPacket(nil)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Values([][]byte{b})
}

// mutes never answer, but for what counts their watchers.
type mutes struct{}

// Handle implements Actor.
func (mutes) Handle(c *Context[string], m string) {
	if m == "watchers" {
		c.Respond(len(c.cell.ext.watchers))
		return
	}
	c.Reply()
}

// TestMembersThatWatchAndAskLeaveNothing: their watches end with them, and their questions that nobody answers.
func TestMembersThatWatchAndAskLeaveNothing(t *testing.T) {
	messages := codec.NewRegistry()
	codec.Register[string](messages, "string")
	s, err := New(Config{Messages: messages, Transport: &void{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	kind := NewKind[string](KindConfig{Name: "mute", Idle: -1})
	Serve(s, kind, func(string) Actor[string] { return mutes{} })
	r := receiver{s}
	watchers := func() int {
		t.Helper()
		n, err := Ask[int](t.Context(), kind.Ref(s, "x"), "watchers")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	kind.Ref(s, "x").Tell("begin")
	r.Receive("stays", Data, said(t, &outgoing{header: header{op: opWatch, number: 7}, to: "mute", toID: "x"}))
	for n := range 1000 {
		name := fmt.Sprint("m", n)
		r.Receive(name, Data, said(t, &outgoing{header: header{op: opAsk, number: 1}, to: "mute", toID: "x", registry: messages, msg: "wait", body: true}))
		for number := range uint64(3) {
			r.Receive(name, Data, said(t, &outgoing{header: header{op: opWatch, number: number}, to: "mute", toID: "x"}))
		}
		r.Receive(name, Data, said(t, &outgoing{header: header{op: opUnwatch, number: 1}, to: "mute", toID: "x"}))
		if n == 0 {
			if got := watchers(); got != 3 || len(s.watches.here) != 2 || s.Relays() != 1 {
				t.Fatalf("%d watchers, %d members that watch, %d questions", got, len(s.watches.here), s.Relays())
			}
		}
		s.MemberLost(name)
	}
	if got := watchers(); got != 1 || len(s.watches.here) != 1 || s.Relays() != 0 || len(s.members.byName) != 0 {
		t.Errorf("%d watchers, %d members that watch, %d questions, %d names are left", got, len(s.watches.here), s.Relays(), len(s.members.byName))
	}
}

// TestWordsThatWaitAreBounded: those that begin something. What ends something is kept.
func TestWordsThatWaitAreBounded(t *testing.T) {
	v := &void{full: true}
	s, err := New(Config{Transport: v})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	s.late.trying = true // no timer
	begin := lateWord{op: opTouch, to: pidText{"k", strings.Repeat("x", 10)}}
	for n := range lateBegun {
		if err := s.late.say(s, fmt.Sprint("m", n%3), begin); err != nil {
			t.Fatal(n, err)
		}
	}
	if err := s.late.say(s, "m0", begin); !errors.Is(err, ErrBacklog) {
		t.Error("one too many:", err)
	}
	if err := s.late.say(s, "m0", lateWord{op: opEnded}); err != nil {
		t.Error("an end:", err)
	}
	v.full = false
	s.late.again(s)
	if len(s.late.words) != 0 || s.late.begun != 0 {
		t.Errorf("%d words are left", s.late.begun)
	}
}

// TestWordsToAMemberKeepTheirOrder: none goes before one that waits, though there is room.
func TestWordsToAMemberKeepTheirOrder(t *testing.T) {
	v := &void{full: true}
	s, err := New(Config{Transport: v})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	say := func(o op) {
		if err := s.late.say(s, "m", lateWord{op: o}); err != nil {
			t.Error(err)
		}
	}
	s.late.trying = true // no timer
	say(opWatch)
	v.full = false
	say(opUnwatch)
	s.late.again(s)
	if want := []op{opWatch, opUnwatch}; !slices.Equal(v.ops, want) {
		t.Errorf("sent %v, want %v", v.ops, want)
	}
}
