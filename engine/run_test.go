package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// crate is a transport whose packets are delivered together when the test says so.
type crate struct {
	to      engine.Receiver
	packets [][]byte
	full    bool // it takes no packet
}

func (c *crate) Send(_ string, _ engine.Lane, p engine.Packet) error {
	if c.full {
		return engine.ErrBacklog
	}
	b, err := p.AppendPacket(nil)
	c.packets = append(c.packets, b)
	return err
}

func (c *crate) Start(r engine.Receiver) { c.to = r }

// deliver gives what a collected to b, in one batch, followed by more.
func deliver(a, b *crate, more ...[]byte) {
	packets := append(a.packets, more...)
	a.packets = nil
	b.to.Receive("A", engine.Data, slices.Values(packets))
}

var narrow = engine.NewKind[Roam](engine.KindConfig{Name: "narrow", Role: "road", Idle: -1, Mailbox: 20})

// hearer notes what it hears; "wait" keeps it busy for a second.
type hearer struct {
	log *roamLog
	id  string
}

func (h hearer) Handle(_ *engine.Context[Roam], m Roam) {
	h.log.add(fmt.Sprint(h.id, " ", m.What, m.N))
	if m.What == "wait" {
		time.Sleep(time.Second)
	}
}

// pair is two systems: A's grains are all with B.
func pair(t *testing.T) (a, b *crate, from, to *engine.System, log *roamLog) {
	t.Helper()
	log = &roamLog{}
	a, b = &crate{}, &crate{}
	start := func(name string, wire *crate, place engine.Place) *engine.System {
		d := &enginetest.Directory{}
		d.Place(func(string, string) engine.Place { return place })
		messages := codec.NewRegistry()
		codec.Register[Roam](messages, "roam")
		codec.Register[Whereabouts](messages, "whereabouts")
		s := enginetest.NewSystem(t, enginetest.Options{Incarnation: name, Directory: d, Transport: wire, Messages: messages, Log: enginetest.Silence})
		engine.Serve(s, roamers, func(id string) engine.Actor[Roam] { return hearer{log, id} })
		engine.Serve(s, narrow, func(id string) engine.Actor[Roam] { return hearer{log, id} })
		return s
	}
	from = start("A", a, engine.Place{Answer: engine.Elsewhere, Member: "B"})
	to = start("B", b, engine.Place{Answer: engine.Here})
	return a, b, from, to, log
}

// TestRunOfMessages has messages for two grains come in one batch, in runs of all lengths: each grain hears its own in order.
func TestRunOfMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b, from, _, log := pair(t)
		var want []string
		for n := range 300 {
			id := "x"
			if n/(1+n/40)%3 == 0 {
				id = "y"
			}
			roamers.Ref(from, id).Tell(Roam{N: n})
			want = append(want, fmt.Sprint(id, " ", n))
		}
		for range 2 { // the second batch finds the grains in memory
			packets := slices.Clone(a.packets)
			deliver(a, b)
			a.packets = packets
			synctest.Wait()
		}
		for _, id := range []string{"x ", "y "} {
			others := func(s string) bool { return !strings.HasPrefix(s, id) }
			got, one := slices.DeleteFunc(log.all(), others), slices.DeleteFunc(slices.Clone(want), others)
			if !slices.Equal(got, append(one, one...)) {
				t.Errorf("%s heard %v", id, got)
			}
		}
	})
}

// TestRunFindsTheMailboxFull has a run that is longer than what there is room for: what has no room is a dead letter, each with its own message.
func TestRunFindsTheMailboxFull(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b, from, to, log := pair(t)
		var lost []int
		engine.DeadLetters.Subscribe(to, func(d engine.DeadLetter) {
			if d.Reason != engine.ReasonFull {
				t.Errorf("lost because of %q", d.Reason)
			}
			lost = append(lost, d.Message.(Roam).N)
		})
		narrow.Ref(from, "x").Tell(Roam{What: "wait"})
		deliver(a, b)
		synctest.Wait()
		for n := range 50 {
			narrow.Ref(from, "x").Tell(Roam{N: n})
		}
		deliver(a, b)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		heard := log.all()[1:]
		if len(heard)+len(lost) != 50 || len(heard) < 19 || len(heard) > 20 {
			t.Fatalf("%d heard, %d lost", len(heard), len(lost))
		}
		for n, h := range heard {
			if h != fmt.Sprint("x ", n) {
				t.Fatalf("heard %v", heard)
			}
		}
		for i, n := range lost {
			if n != len(heard)+i {
				t.Fatalf("lost %v", lost)
			}
		}
	})
}

// TestRunMeetsAGrainThatLeaves has a grain stop between two batches: a run to where it was activates it anew.
func TestRunMeetsAGrainThatLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b, from, to, log := pair(t)
		tell := func(what string, n int) { roamers.Ref(from, "x").Tell(Roam{What: what, N: n}) }
		tell("", 0)
		deliver(a, b)
		synctest.Wait()
		roamers.Ref(to, "x").Stop()
		synctest.Wait()
		for n := 1; n < 100; n++ {
			tell("", n)
		}
		deliver(a, b)
		synctest.Wait()
		var want []string
		for n := range 100 {
			want = append(want, fmt.Sprint("x ", n))
		}
		if got := log.all(); !slices.Equal(got, want) {
			t.Errorf("heard %v", got)
		}
	})
}

// TestRunWithWhatIsNone has packets within a run that can't be read, and a question: the others arrive, in order.
func TestRunWithWhatIsNone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b, from, _, log := pair(t)
		tell := func(n int) { roamers.Ref(from, "x").Tell(Roam{N: n}) }
		tell(0)
		deliver(a, b) // the grain is in memory from now on
		synctest.Wait()
		tell(1)
		tell(2)
		good := a.packets[1]
		a.packets = append(a.packets, nil, good[:3], good[:len(good)-2], []byte("\xff\x00"))
		tell(3)
		go func() { _, _ = engine.AskTimeout[Whereabouts](roamers.Ref(from, "x"), Roam{N: 4}, time.Second) }() // nobody brings its answer
		synctest.Wait()
		tell(5)
		deliver(a, b)
		synctest.Wait()
		if got := log.all(); !slices.Equal(got, []string{"x 0", "x 1", "x 2", "x 3", "x 4", "x 5"}) {
			t.Errorf("heard %v", got)
		}
	})
}

// TestWhatCannotGoIsWhole has messages to a grain of another member that can't be sent: each is a dead letter with its own contents, though
// what is sent to other members has no memory of its own.
func TestWhatCannotGoIsWhole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b, from, _, log := pair(t)
		var lost []engine.DeadLetter
		engine.DeadLetters.Subscribe(from, func(d engine.DeadLetter) { lost = append(lost, d) })
		for n := range 100 {
			if a.full = n%3 == 0; a.full {
				roamers.Ref(from, "x").Tell(Roam{N: n, What: "lost"})
				continue
			}
			roamers.Ref(from, "x").Tell(Roam{N: n})
		}
		deliver(a, b)
		synctest.Wait()
		if len(lost) != 34 || len(log.all()) != 66 {
			t.Fatalf("%d lost, %d heard", len(lost), len(log.all()))
		}
		for i, d := range lost {
			if d.Message != (Roam{N: 3 * i, What: "lost"}) || d.Reason != engine.ReasonBacklog {
				t.Errorf("lost %+v", d)
			}
		}
	})
}
