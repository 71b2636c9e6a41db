package transporttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
)

// Network is where members meet. Its methods are called by one goroutine at a time; they end the test on failure.
type Network interface {
	// Join adds a member. It may be named in views before.
	Join(incarnation string) Member
	// Break resets the connections between two members, both ways; what is under way may be lost, wherever it is.
	Break(a, b string)
	// Cut has nothing that from writes arrive at to.
	Cut(from, to string)
	// Mend ends a Cut.
	Mend(from, to string)
	// Crash ends a member as a power failure does.
	Crash(incarnation string)
}

// Member is a transport whose peers the suite sets.
type Member interface {
	engine.Transport
	// View has these be the peers, by incarnation. It returns when nothing is received from others, and theirs is returned.
	View(incarnations ...string)
	// Close ends it.
	Close() error
}

// Subject is what the suite runs against.
type Subject struct {
	New     func(t *testing.T) Network // what it makes ends with t
	Backlog int                        // bytes that its members' lanes take at most; 64 KiB or so keeps the suite fast
	Settle  time.Duration              // after which nothing more happens by itself, unless something is cut
	Bubble  bool                       // it works in testing/synctest bubbles
}

// Run runs the whole suite.
func Run(t *testing.T, s Subject) {
	cases := []struct {
		name string
		run  func(*testing.T, fixture)
	}{
		{"order", order},
		{"both ways", bothWays},
		{"not a member", notAMember},
		{"refused packet", refusedPacket},
		{"backlog", backlog},
		{"waits for the view", waitsForTheView},
		{"stranger", stranger},
		{"returned surely", returnedSurely},
		{"returned unsurely", returnedUnsurely},
		{"comes again", comesAgain},
		{"goes and comes at its receiver", goesAndComesAtItsReceiver},
		{"removal waits", removalWaits},
		{"removal stops delivery", removalStopsDelivery},
		{"slow receiver", slowReceiver},
		{"control passes data", controlPassesData},
		{"broken connections", brokenConnections},
		{"cut one way", cutOneWay},
		{"cut the other way", cutTheOtherWay},
		{"close", closing},
		{"crash", crash},
		{"all is accounted for", accounts},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { s.run(t, c.run) })
	}
}

func (s Subject) run(t *testing.T, f func(*testing.T, fixture)) {
	if !s.Bubble {
		f(t, fixture{s, s.New(t)})
		return
	}
	synctest.Test(t, func(t *testing.T) { f(t, fixture{s, s.New(t)}) })
}

type fixture struct {
	Subject
	Network
}

// settle waits until nothing more happens.
func (f fixture) settle() { <-time.After(f.Settle) }

// member is one with its recorder, and with what it sends.
type member struct {
	Member
	*Recorder
	name string
}

func (f fixture) join(name string) member {
	m := member{f.Join(name), NewRecorder(), name}
	m.Start(m.Recorder)
	return m
}

// pair is two members that know each other.
func (f fixture) pair() (a, b member) {
	a, b = f.join("a"), f.join("b")
	a.View("b")
	b.View("a")
	return a, b
}

// text is a packet.
type text string

// AppendPacket implements engine.Packet.
func (p text) AppendPacket(dst []byte) ([]byte, error) { return append(dst, p...), nil }

var errEncoding = errors.New("transporttest: this packet can't be encoded")

// faulty is a packet that fails behind its first bytes.
type faulty struct{}

// AppendPacket implements engine.Packet.
func (faulty) AppendPacket(dst []byte) ([]byte, error) {
	return append(dst, "half of it"...), errEncoding
}

// send sends a packet, and again while the backlog is full.
func (m member) send(t *testing.T, to string, lane engine.Lane, packet string) {
	t.Helper()
	late := time.After(patience)
	for {
		err := m.Send(to, lane, text(packet))
		if err == nil {
			return
		}
		if !errors.Is(err, engine.ErrBacklog) {
			t.Fatalf("%s sends to %s: %v", m.name, to, err)
		}
		select {
		case <-time.After(time.Millisecond):
		case <-late:
			t.Fatalf("%s sends to %s: the backlog is full for %v", m.name, to, patience)
		}
	}
}

// stream sends numbered packets.
func (m member) stream(t *testing.T, to string, lane engine.Lane, numbers []string) {
	t.Helper()
	for _, n := range numbers {
		m.send(t, to, lane, n)
	}
}

// numbers are n packets whose lengths vary.
func numbers(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d%s", prefix, i, strings.Repeat(".", i*37%211))
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: %d, want %d, and they differ from number %d on: %.200q", what, len(got), len(want), at, got[at:min(len(got), at+3)])
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error is %v, want %v", got, want)
	}
}

// backs are the packets of what was returned, all of it with this mark.
func backs(t *testing.T, back []Back, unsure bool) []string {
	t.Helper()
	out := make([]string, len(back))
	for i, b := range back {
		if out[i] = b.Packet; b.Unsure != unsure {
			t.Errorf("%.20q was returned with unsure %v", b.Packet, b.Unsure)
		}
	}
	return out
}
