package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// ledgerOf is a system over a store in which notebooks are served.
func ledgerOf(t *testing.T, store journal.Store, kind *engine.Kind[string], crash func(string)) *engine.System {
	r := codec.NewRegistry()
	codec.Register[noted](r, "noted")
	s := enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: r, Log: enginetest.Silence, Crash: crash})
	engine.ServeDurable(s, kind, func(string) engine.Durable[string, noted] { return notebook{} })
	return s
}

func TestEventsArePublishedAfterTheyAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kind := engine.NewKind[string](engine.KindConfig{Name: "notebook", Role: "test"})
		store := enginetest.NewStore()
		s := ledgerOf(t, store, kind, nil)
		d := newDiary()
		note := func(e engine.Event[noted]) {
			stats, err := store.Stats(t.Context())
			if err != nil {
				t.Error(err)
			}
			d.note("%s %d %s, %d records", e.ID, e.Number, e.Event.Text, stats.Records)
		}
		engine.Events[noted](kind).Subscribe(s, note)
		for _, text := range []string{"one", "two"} {
			if _, err := engine.Ask[bool](t.Context(), kind.Ref(s, "a"), text); err != nil {
				t.Fatal(err)
			}
		}
		d.want(t, "a 1 one, 1 records", "a 2 one again, 1 records", "a 3 two, 2 records", "a 4 two again, 2 records")
		s.Kill()

		s = ledgerOf(t, store, kind, nil) // who comes back publishes its newest record again
		engine.Events[noted](kind).Subscribe(s, note)
		kind.Ref(s, "a").Touch()
		d.want(t, "a 3 two, 2 records", "a 4 two again, 2 records")
	})
}

// An event that was stored by a process that died before it published is published by the next one.
func TestEventsArePublishedAtLeastOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kind := engine.NewKind[string](engine.KindConfig{Name: "notebook", Role: "test"})
		store := enginetest.NewStore()
		var s *engine.System
		s = ledgerOf(t, store, kind, func(point string) {
			if strings.HasSuffix(point, ".after") {
				s.Kill()
			}
		})
		d := newDiary()
		note := func(e engine.Event[noted]) { d.note("%d", e.Number) }
		engine.Events[noted](kind).Subscribe(s, note)
		if _, err := engine.Ask[bool](t.Context(), kind.Ref(s, "a"), "one"); err == nil {
			t.Fatal("it lives")
		}
		d.want(t)
		s = ledgerOf(t, store, kind, nil)
		engine.Events[noted](kind).Subscribe(s, note)
		kind.Ref(s, "a").Touch()
		d.want(t, "1", "2")
	})
}

// hoard is a durable grain with big events.
type hoard struct{ n int }

type (
	hoarded    struct{ Data []byte }
	hoardState struct{ N int }
)

func (h *hoard) Apply(hoarded) { h.n++ }

func (h *hoard) Snapshot() any { return hoardState{h.n} }

func (h *hoard) Restore(s any) { h.n = s.(hoardState).N }

func (h *hoard) Handle(c *engine.Context[int], size int) {
	if size == 0 {
		c.Respond(h.n)
		return
	}
	engine.Persist(c, []hoarded{{make([]byte, size)}}, func() { c.Respond(h.n) })
}

// A snapshot is stored once the events after the last one have the size, also over a restart.
func TestSnapshotsBySize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kind := engine.NewKind[int](engine.KindConfig{Name: "hoard", Role: "test", SnapshotBytes: 10_000})
		store := enginetest.NewStore()
		begin := func() *engine.System {
			r := codec.NewRegistry()
			codec.Register[hoarded](r, "hoarded")
			codec.Register[hoardState](r, "hoard")
			s := enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: r})
			engine.ServeDurable(s, kind, func(string) engine.Durable[int, hoarded] { return &hoard{} })
			return s
		}
		records := func() uint64 {
			stats, err := store.Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return stats.Records
		}
		put := func(s *engine.System, size, want int) {
			t.Helper()
			if n, err := engine.Ask[int](t.Context(), kind.Ref(s, "a"), size); n != want || err != nil {
				t.Fatalf("%d, %v; want %d", n, err, want)
			}
			synctest.Wait()
		}
		s := begin()
		put(s, 4000, 1)
		put(s, 4000, 2)
		if n := records(); n != 2 {
			t.Errorf("%d records before the size", n)
		}
		s.Kill()
		s = begin()
		put(s, 4000, 3)
		if n := records(); n != 1 {
			t.Errorf("%d records after the size, want only the snapshot", n)
		}
		put(s, 9000, 4)
		if n := records(); n != 2 {
			t.Errorf("%d records", n)
		}
		s.Kill()
		put(begin(), 0, 4)
	})
}

// Two versions of an event.
type (
	named   struct{ Name string }
	renamed struct{ First, Last string }
)

// person has names.
type person struct{ names []string }

func (p *person) Apply(e renamed) { p.names = append(p.names, e.First+"/"+e.Last) }

func (p *person) Handle(c *engine.Context[renamed], m renamed) {
	if m == (renamed{}) {
		c.Respond(strings.Join(p.names, " "))
		return
	}
	engine.Persist(c, []renamed{m}, func() { c.Respond("") })
}

// namer is the old program's person.
type namer struct{}

func (namer) Apply(named) {}

func (namer) Handle(c *engine.Context[string], m string) {
	engine.Persist(c, []named{{m}}, func() { c.Respond(true) })
}

func TestOldEventsAreUpcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		before := codec.NewRegistry()
		codec.Register[named](before, "named")
		old := engine.NewKind[string](engine.KindConfig{Name: "person", Role: "test"})
		s := enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: before})
		engine.ServeDurable(s, old, func(string) engine.Durable[string, named] { return namer{} })
		if _, err := engine.Ask[bool](t.Context(), old.Ref(s, "a"), "Aoi Mori"); err != nil {
			t.Fatal(err)
		}
		s.Kill()

		now := codec.NewRegistry()
		codec.Register[renamed](now, "renamed")
		codec.Upcast(now, "named", func(e named) renamed {
			first, last, _ := strings.Cut(e.Name, " ")
			return renamed{first, last}
		})
		kind := engine.NewKind[renamed](engine.KindConfig{Name: "person", Role: "test"})
		s = enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: now})
		engine.ServeDurable(s, kind, func(string) engine.Durable[renamed, renamed] { return &person{} })
		if _, err := engine.Ask[string](t.Context(), kind.Ref(s, "a"), renamed{"Ren", "Abe"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got, err := engine.Ask[string](t.Context(), kind.Ref(s, "a"), renamed{}); got != "Aoi/Mori Ren/Abe" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}
