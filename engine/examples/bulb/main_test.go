package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
)

func Example() {
	if err := run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// the kitchen's bulb is off
	// the kitchen's bulb is on
	// the kitchen's bulb is on
}

// A bulb leaves memory between 30 and 37.5 s after its last message: grains are looked at four times in their idle time.
func TestABulbLeavesMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := home()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Kill()
		var left time.Duration
		began := time.Now()
		engine.Lives.Subscribe(s, func(l engine.Life) {
			if l.Phase == engine.PhaseStopped {
				left = time.Since(began)
			}
		})
		b := Bulb{Bulbs.Ref(s, "kitchen")}
		if state, err := b.TurnOn(); err != nil || !state.On {
			t.Fatal(state, err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if left < 30*time.Second || left > 37500*time.Millisecond {
			t.Errorf("it left after %v", left)
		}
		if state, err := b.State(); err != nil || state.On {
			t.Errorf("a bulb that keeps nothing is %v, %v", state, err)
		}
	})
}
