package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// interrupter sends a mark right before the next packet, as another goroutine may.
type interrupter struct {
	engine.Transport
	sys   *engine.System
	armed bool
}

func (i *interrupter) Send(to string, lane engine.Lane, p engine.Packet) error {
	if i.armed {
		i.armed = false
		if err := i.sys.Mark(to, []byte("in between")); err != nil {
			return err
		}
	}
	return i.Transport.Send(to, lane, p)
}

// TestAMarkStrandsNothingThatWaits: what waited goes on though a mark came between the question for its place and its sending, after the
// last change of places.
func TestAMarkStrandsNothingThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := enginetest.NewNetwork(t, 1)
		a, b := net.Join("A"), net.Join("B")
		way := &interrupter{Transport: a}
		log := &roamLog{}
		build := func(name string, transport engine.Transport) (*engine.System, *enginetest.Directory) {
			messages := codec.NewRegistry()
			codec.Register[Roam](messages, "roam")
			codec.Register[Whereabouts](messages, "whereabouts")
			d := &enginetest.Directory{}
			s := enginetest.NewSystem(t, enginetest.Options{Incarnation: name, Directory: d, Transport: transport, Messages: messages, Log: enginetest.Silence})
			engine.Serve(s, roamers, func(string) engine.Actor[Roam] { return &roamer{log: log, where: name} })
			return s, d
		}
		places := func(d *enginetest.Directory, p engine.Place) {
			d.Place(func(string, string) engine.Place { return p })
		}
		s, here := build("A", way)
		_, there := build("B", b)
		a.SetPeers("A", "B")
		b.SetPeers("A", "B")
		places(there, engine.Place{Answer: engine.Here})
		places(here, engine.Place{Answer: engine.Soon})
		r := roamers.Ref(s, "x")
		r.Tell(Roam{What: "note", N: 1})
		r.Tell(Roam{What: "note", N: 2})
		synctest.Wait()
		if h := s.Held(); h.Messages != 2 || h.Grains != 1 {
			t.Errorf("%+v are held, want 2 for 1", h)
		}
		way.sys, way.armed = s, true
		places(here, engine.Place{Answer: engine.Elsewhere, Member: "B"})
		time.Sleep(time.Second)
		synctest.Wait()
		if lines := log.all(); len(lines) != 2 || lines[0] != "B x 1" || lines[1] != "B x 2" {
			t.Errorf("arrived: %v", lines)
		}
		if h := s.Held(); h != (engine.HeldStats{}) {
			t.Errorf("%+v are held yet", h)
		}
		if way.armed {
			t.Error("nothing came in between")
		}
	})
}
