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

// marked is a Directory that notes marks among what roamers note.
type marked struct {
	*enginetest.Directory
	log    *roamLog
	before func() // called by Locate when it has its answer; nil: nothing is

	answer func(key string, p engine.Place) engine.Place // what Locate says instead; nil: its answer
}

// Marked implements engine.Marked.
func (d *marked) Marked(from string, word []byte) {
	d.log.add(fmt.Sprintf("mark %s from %s", word, from))
}

// Locate implements engine.Directory.
func (d *marked) Locate(role, key string) engine.Place {
	p := d.Directory.Locate(role, key)
	if f := d.before; f != nil {
		d.before = nil
		f()
	}
	if d.answer != nil {
		return d.answer(key, p)
	}
	return p
}

// markedRoad is a road whose members take marks.
func markedRoad(t *testing.T, names ...string) (r *road, dirs map[string]*marked) {
	t.Helper()
	r = &road{
		t: t, net: enginetest.NewNetwork(t, 1), names: names, log: &roamLog{},
		systems: map[string]*engine.System{}, dirs: map[string]*enginetest.Directory{}, members: map[string]*enginetest.Member{},
	}
	dirs = map[string]*marked{}
	for _, name := range names {
		m := r.net.Join(name)
		d := &marked{Directory: &enginetest.Directory{}, log: r.log}
		messages := codec.NewRegistry()
		codec.Register[Roam](messages, "roam")
		codec.Register[Whereabouts](messages, "whereabouts")
		s := enginetest.NewSystem(t, enginetest.Options{Incarnation: name, Directory: d, Transport: m, Messages: messages, Log: enginetest.Silence})
		engine.Serve(s, roamers, func(string) engine.Actor[Roam] { return &roamer{log: r.log, where: name} })
		r.systems[name], r.dirs[name], r.members[name], dirs[name] = s, d.Directory, m, d
	}
	for _, m := range r.members {
		m.SetPeers(names...)
	}
	return r, dirs
}

// waits has a member take another for the owner, and its own actors' messages wait.
func (r *road) waits(name string, p engine.Place) {
	p.Wait = true
	r.dirs[name].Place(func(string, string) engine.Place { return p })
}

func (r *road) notes(name string, from, to int) {
	for n := from; n <= to; n++ {
		r.ref(name, "x").Tell(Roam{What: "note", N: n})
	}
}

func (r *road) expect(want ...string) {
	r.t.Helper()
	synctest.Wait()
	if got := r.log.all(); !slices.Equal(got, want) {
		r.t.Errorf("\n got %s\nwant %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// TestMarksKeepTheirPlaceAmongMessages: what was sent before has arrived, what is sent later has not.
func TestMarksKeepTheirPlaceAmongMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := markedRoad(t, "A", "B")
		r.net.SetLatency(10*time.Millisecond, 10*time.Millisecond)
		r.owns("B")
		r.notes("A", 1, 2)
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		if err := r.systems["A"].Mark("B", []byte("here")); err != nil {
			t.Error(err)
		}
		r.notes("A", 3, 3)
		time.Sleep(time.Second)
		r.expect("B x 1", "B x 2", "mark here from A", "B x 3")
	})
}

// TestNoMessageFollowsAMarkToItsOldPlace: a sender that has asked for the place when it changes, and the way there is marked, asks again.
func TestNoMessageFollowsAMarkToItsOldPlace(t *testing.T) {
	for _, how := range []string{"tell", "ask"} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r, dirs := markedRoad(t, "A", "B", "C")
				r.owns("B")
				r.believes("C", "C")
				dirs["A"].before = func() {
					r.waits("A", engine.Place{Answer: engine.Elsewhere, Member: "C"})
					_ = r.systems["A"].Mark("B", []byte("last"))
				}
				answered := make(chan Whereabouts, 1)
				if how == "tell" {
					r.notes("A", 1, 1)
				} else {
					go func() {
						got, err := r.ask("A", "x", Roam{What: "where"})
						if err != nil {
							t.Error(err)
						}
						answered <- got
					}()
				}
				time.Sleep(time.Second)
				r.expect("mark last from A")
				r.systems["A"].MemberLost("B") // has nothing of it
				r.believes("A", "C")
				time.Sleep(time.Second)
				if how == "tell" {
					r.expect("mark last from A", "C x 1")
				} else if got := <-answered; got.Member != "C" {
					t.Error(got)
				}
			})
		})
	}
}

// TestOwnMessagesWaitForWhatWentBefore: at a third member what came back goes first, whatever else changes meanwhile.
func TestOwnMessagesWaitForWhatWentBefore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := markedRoad(t, "A", "B", "C")
		r.net.SetLatency(10*time.Millisecond, 0)
		r.owns("C")
		r.believes("A", "B")
		r.notes("A", 1, 1)
		time.Sleep(5 * time.Millisecond)
		r.notes("A", 2, 2)
		place := engine.Place{Answer: engine.Elsewhere, Member: "C"}
		r.waits("A", place)
		r.notes("A", 3, 4)
		time.Sleep(17 * time.Millisecond) // the first has come back, the second has not
		r.waits("A", place)
		time.Sleep(time.Second)
		r.expect()
		r.believes("A", "C")
		time.Sleep(time.Second)
		r.expect("C x 1", "C x 2", "C x 3", "C x 4")
		if n := r.systems["A"].Forwards(); n != 2 {
			t.Error("sent on that came back:", n)
		}
	})
}

// TestTheNewOwnersOwnMessagesWait: it takes what others send, and its references don't lead past those that wait.
func TestTheNewOwnersOwnMessagesWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := markedRoad(t, "A", "B")
		r.owns("A")
		r.waits("A", engine.Place{Answer: engine.Here})
		r.notes("B", 1, 1)
		synctest.Wait()
		time.Sleep(time.Second)
		r.notes("A", 3, 4) // it is in memory, and nothing waits yet
		r.notes("B", 2, 2)
		time.Sleep(time.Second)
		r.expect("A x 1", "A x 2")
		r.believes("A", "A")
		r.expect("A x 1", "A x 2", "A x 3", "A x 4")
	})
}

// TestMailOfALeavingGrainGoesBeforeWhatComesLater: where its new owner is being settled meanwhile. Only what others sent, or may have, counts as
// sent on.
func TestMailOfALeavingGrainGoesBeforeWhatComesLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := markedRoad(t, "A", "B")
		r.owns("A")
		ref := r.ref("A", "x")
		ref.Tell(Roam{What: "nap", N: 100})
		synctest.Wait()
		r.dirs["A"].Place(func(string, string) engine.Place { return engine.Place{Answer: engine.Soon, Member: "B"} })
		known := roamers.Ref(r.systems["A"], "x") // leads to the cell
		known.Tell(Roam{What: "note", N: 1})
		r.systems["A"].Vacate(t.Context(), everybody)
		known.Tell(Roam{What: "note", N: 2})
		r.notes("A", 3, 3)
		r.expect()
		if n := r.systems["A"].Forwards(); n != 0 {
			t.Error("sent on already:", n)
		}
		r.believes("B", "B")
		r.believes("A", "B")
		time.Sleep(time.Second)
		r.expect("B x 1", "B x 2", "B x 3")
		if n := r.systems["A"].Forwards(); n != 1 {
			t.Error("sent on:", n)
		}
	})
}
