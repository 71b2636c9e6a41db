package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

type noted struct{ Text string }

type notebook struct{}

func (notebook) Apply(noted) {}

func (notebook) Handle(c *engine.Context[string], m string) {
	engine.Persist(c, []noted{{m}, {m + " again"}}, func() { c.Respond(true) })
}

func TestHistoryTellsEventsWithTheirTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := codec.NewRegistry()
		codec.Register[noted](r, "noted")
		s := enginetest.NewSystem(t, enginetest.Options{Messages: r})
		kind := engine.NewKind[string](engine.KindConfig{Name: "notebook", Role: "test"})
		engine.ServeDurable(s, kind, func(string) engine.Durable[string, noted] { return notebook{} })
		began := time.Now()
		for _, text := range []string{"one", "two"} {
			if _, err := engine.Ask[bool](t.Context(), kind.Ref(s, "a"), text); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		want := []struct {
			text  string
			after time.Duration
		}{{"one", 0}, {"one again", 0}, {"two", time.Minute}, {"two again", time.Minute}}
		i := 0
		for e, err := range engine.History(t.Context(), s, kind, "a") {
			if err != nil || i >= len(want) {
				t.Fatalf("event %d: %v, %v", i, e, err)
			}
			if e.Number != uint64(i+1) || e.Event != (noted{want[i].text}) || e.At.Sub(began).Truncate(time.Second) != want[i].after {
				t.Errorf("event %d is %v at %v, want %v", i, e.Event, e.At.Sub(began), want[i])
			}
			i++
		}
		if i != len(want) {
			t.Errorf("%d events, want %d", i, len(want))
		}
		for e, err := range engine.History(t.Context(), s, kind, "nobody") {
			t.Errorf("history of nobody: %v, %v", e, err)
		}
	})
}
