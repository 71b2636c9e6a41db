package router_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/router"
)

// routees are probes and references to them.
func routees(t *testing.T, s *engine.System, n int) (probes []*enginetest.Probe[string], refs []engine.Ref[string]) {
	for i := range n {
		p := enginetest.NewProbe[string](t, s, fmt.Sprint("p", i))
		probes, refs = append(probes, p), append(refs, p.Ref)
	}
	return probes, refs
}

func TestRoundRobinTakesEachInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{})
		probes, refs := routees(t, s, 3)
		r := router.RoundRobin(refs...)
		for i := range 7 {
			if !r.Tell(fmt.Sprint(i)) {
				t.Fatal("nobody")
			}
		}
		synctest.Wait()
		for i, want := range []string{"[0 3 6]", "[1 4]", "[2 5]"} {
			if got := fmt.Sprint(probes[i].Messages()); got != want {
				t.Errorf("routee %d has %s, want %s", i, got, want)
			}
		}
	})
}

func TestBroadcastTellsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{})
		probes, refs := routees(t, s, 3)
		router.Broadcast(refs...).Tell("x")
		synctest.Wait()
		for _, p := range probes {
			if got := fmt.Sprint(p.Messages()); got != "[x]" {
				t.Errorf("%s has %s", p.ID(), got)
			}
		}
	})
}

// Keys are spread evenly, stay where they are, and move only from a routee that went or to one that came.
func TestHashMovesNoMoreThanItMust(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys = 10_000
		s := enginetest.NewSystem(t, enginetest.Options{})
		_, refs := routees(t, s, 5)
		r := router.Hash(func(m string) string { return m }, refs[:4]...)
		place := func() map[string]string {
			at := map[string]string{}
			for i := range keys {
				key := fmt.Sprint("key", i)
				at[key] = r.Choose(key)[0].ID()
			}
			return at
		}
		before := place()
		share := map[string]int{}
		for _, at := range before {
			share[at]++
		}
		for id, n := range share {
			if n < keys/4*9/10 || n > keys/4*11/10 {
				t.Errorf("%s has %d of %d keys", id, n, keys)
			}
		}
		r.Set(refs...) // one comes
		moved := 0
		for key, at := range place() {
			if at != before[key] {
				moved++
				if at != "p4" {
					t.Fatalf("%s moved from %s to %s", key, before[key], at)
				}
			}
		}
		if moved < keys/5*9/10 || moved > keys/5*11/10 {
			t.Errorf("%d of %d keys moved to the fifth routee", moved, keys)
		}
		r.Set(refs[1:4]...) // two go
		for key, at := range place() {
			if was := before[key]; was != "p0" && at != was {
				t.Fatalf("%s moved from %s, which is still there", key, was)
			}
		}
	})
}

func TestARouterWithoutRouteesSaysSo(t *testing.T) {
	for _, r := range []*router.Router[string]{
		router.RoundRobin[string](), router.Broadcast[string](), router.Hash(func(m string) string { return m }),
	} {
		if r.Tell("x") || len(r.Choose("x")) != 0 {
			t.Error("somebody took it")
		}
	}
}
