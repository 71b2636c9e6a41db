package cluster_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
)

// TestThreeMembersShareAndTakeOver: they join, own their shares, and what a killed one had is the others'.
func TestThreeMembersShareAndTakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b, c := f.join("a"), f.join("b"), f.join("c")
		took := f.until(time.Second, "three share", whole(a, b, c))
		t.Logf("three share %v after the last one joined: %d %d %d", took, a.owned(), b.owned(), c.owned())
		for i := range 30 {
			if n, err := engine.AskTimeout[int, any](tallies.Ref(a.sys, fmt.Sprint("g", i)), Tick{1}, time.Second); n != 1 || err != nil {
				t.Fatalf("%d %v", n, err)
			}
		}
		c.die()
		took = f.until(3*time.Second, "two share", whole(a, b))
		t.Logf("two share %v after a death that nobody saw: %d %d", took, a.owned(), b.owned())
		for i := range 30 {
			if n, err := engine.AskTimeout[int, any](tallies.Ref(b.sys, fmt.Sprint("g", i)), Tick{2}, time.Second); n != 2 || err != nil {
				t.Fatalf("%d %v", n, err)
			}
		}
	})
}
