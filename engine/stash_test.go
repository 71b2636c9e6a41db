package engine_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
)

// Unstash while the message in hand is the last of its box, and another box follows: what follows is lost.
func TestUnstashAtTheEndOfABox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		var got []string
		var failed int
		engine.Lives.Subscribe(s, func(l engine.Life) {
			if l.Phase == engine.PhaseFailed {
				failed++
				t.Logf("a failure that no handler caused: %v", l.Err)
			}
		})
		gate := make(chan struct{})
		a, _ := engine.Spawn(s, "a", acting(&hooks{}))
		synctest.Wait()
		note := func(n string) script { return func(*engine.Context[script]) { got = append(got, n) } }
		stashed := false
		var again script
		again = func(c *engine.Context[script]) {
			if !stashed {
				stashed = true
				_ = c.Stash(again)
				return
			}
			got = append(got, "stashed")
		}
		a.Tell(func(*engine.Context[script]) { <-gate })
		synctest.Wait()
		a.Tell(again)     // 1st of the small box
		a.Tell(note("2")) //
		a.Tell(note("3")) //
		a.Tell(func(c *engine.Context[script]) { c.Unstash() })
		a.Tell(note("5")) // the large box
		a.Tell(note("6"))
		close(gate)
		_, err := engine.AskTimeout[int, script](a, func(c *engine.Context[script]) { c.Respond(1) }, time.Minute)
		sleepWait(time.Minute)
		if want := []string{"2", "3", "stashed", "5", "6"}; !slices.Equal(got, want) || failed > 0 || err != nil {
			t.Errorf("got %v, expected %v; failures %d; a later Ask: %v", got, want, failed, err)
		}
		for c := range s.Cells {
			if c.Depth != 0 {
				t.Errorf("at rest: %+v", c)
			}
		}
	})
}

// The same by a restart: what was stashed goes back in front of the mailbox.
func TestRestartWithStashAtTheEndOfABox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		handled := 0
		gate := make(chan struct{})
		a, _ := engine.Spawn(s, "a", acting(&hooks{}))
		synctest.Wait()
		n := func(*engine.Context[script]) { handled++ }
		stashed := false
		a.Tell(func(*engine.Context[script]) { <-gate })
		synctest.Wait()
		a.Tell(func(c *engine.Context[script]) {
			if !stashed {
				stashed = true
				_ = c.Stash(n)
			}
		})
		a.Tell(n)
		a.Tell(n)
		a.Tell(func(*engine.Context[script]) { panic("fails") })
		a.Tell(n)
		a.Tell(n)
		close(gate)
		sleepWait(time.Minute)
		if handled != 5 {
			t.Errorf("handled %d, expected 5; %+v", handled, s.Stats()[0])
		}
	})
}

// With four stashed messages the spent box goes back to the pool while the cell still holds it: another cell's messages reach this one.
func TestUnstashMixesMailboxes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		gate := make(chan struct{})
		a, _ := engine.Spawn(s, "a", acting(&hooks{}))
		b, _ := engine.Spawn(s, "b", acting(&hooks{}))
		synctest.Wait()
		var wrong []string
		var stash script
		put := 0
		stash = func(c *engine.Context[script]) {
			if put < 4 {
				put++
				_ = c.Stash(stash)
			}
		}
		a.Tell(func(*engine.Context[script]) { <-gate })
		synctest.Wait()
		for range 3 {
			a.Tell(stash)
		}
		a.Tell(func(c *engine.Context[script]) { put = 3; stash(c) }) // the 4th: end of the small box; stashed too
		for range 20 {
			a.Tell(nil)
		}
		close(gate)
		synctest.Wait()
		// now Unstash at the end of a small box again
		gate2 := make(chan struct{})
		a.Tell(func(*engine.Context[script]) { <-gate2 })
		synctest.Wait()
		for range 3 {
			a.Tell(nil)
		}
		a.Tell(func(c *engine.Context[script]) { c.Unstash() })
		for range 20 {
			a.Tell(nil)
		}
		close(gate2)
		synctest.Wait()
		d, _ := engine.Spawn(s, "d", acting(&hooks{}))
		handled := 0
		var mu sync.Mutex
		for range 50 { // two backlogs at once take boxes from the pool
			g := make(chan struct{})
			b.Tell(func(*engine.Context[script]) { <-g })
			synctest.Wait()
			time.Sleep(time.Second) // a stand-in comes
			d.Tell(func(*engine.Context[script]) { <-g })
			synctest.Wait()
			for range 2 {
				for _, to := range []engine.Ref[script]{b, d} {
					to.Tell(func(c *engine.Context[script]) {
						mu.Lock()
						defer mu.Unlock()
						handled++
						if c.ID() != to.ID() {
							wrong = append(wrong, to.ID()+" by "+c.ID())
						}
					})
				}
			}
			close(g)
			sleepWait(time.Second)
		}
		if len(wrong) > 0 || handled != 200 {
			t.Errorf("handled %d of 200 messages to b and d; by another actor: %v", handled, wrong)
		}
	})
}
