package enginetest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

type alarmMsg interface{ alarmMsg() }

type (
	set  struct{ in time.Duration }
	ring struct{ due time.Time }
	off  struct{}
)

func (set) alarmMsg()  {}
func (ring) alarmMsg() {}
func (off) alarmMsg()  {}

type wasSet struct{ Due time.Time }

type alarm struct {
	probe *enginetest.Probe[time.Time]
	due   time.Time
}

func (a *alarm) Apply(e wasSet) { a.due = e.Due }

func (a *alarm) Handle(c *engine.Context[alarmMsg], m alarmMsg) {
	switch m := m.(type) {
	case set:
		due := c.Now().Add(m.in)
		c.Remind("ring", due, []byte("wake up"))
		engine.Persist(c, []wasSet{{due}}, func() { c.Respond(true) })
	case ring:
		a.probe.Tell(c.Now())
	case off:
		c.Forget("ring", a.due)
		engine.Persist[wasSet](c, nil, func() { c.Respond(true) })
	}
}

func TestReminderFiresAtItsTimeAlsoAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		began := time.Now()
		s, kind, _ := alarms(t, store)
		if _, err := engine.Ask[bool, alarmMsg](t.Context(), kind.Ref(s, "a"), set{time.Minute}); err != nil {
			t.Fatal(err)
		}
		s.Kill()

		time.Sleep(30 * time.Second)
		s, kind, probe := alarms(t, store)
		for i, want := range []time.Duration{60, 90, 120} {
			if at := probe.Wait(i + 1).Sub(began); at != want*time.Second {
				t.Fatalf("ring %d after %v, want %ds", i+1, at, want)
			}
		}
		if _, err := engine.Ask[bool, alarmMsg](t.Context(), kind.Ref(s, "a"), off{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if n := len(probe.Messages()); n != 3 {
			t.Fatalf("%d rings, want none after the third", n)
		}
	})
}

func alarms(t *testing.T, store *journal.Memory) (*engine.System, *engine.Kind[alarmMsg], *enginetest.Probe[time.Time]) {
	r := codec.NewRegistry()
	codec.Register[wasSet](r, "set")
	s := enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: r})
	probe := enginetest.NewProbe[time.Time](t, s, "probe")
	kind := engine.NewKind[alarmMsg](engine.KindConfig{Name: "alarm", Role: "test"})
	engine.OnReminder(kind, func(name string, due time.Time, payload []byte) alarmMsg {
		if name != "ring" || string(payload) != "wake up" {
			panic(fmt.Sprintf("reminder %s %s", name, payload))
		}
		return ring{due}
	})
	engine.ServeDurable(s, kind, func(string) engine.Durable[alarmMsg, wasSet] { return &alarm{probe: probe} })
	return s, kind, probe
}
