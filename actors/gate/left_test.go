package gate_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
)

// TestTokensOfPostersThatLeftComeBack: with room for one call, a token that a poster never saw, or called with, keeps the others waiting until it
// says Left.
func TestTokensOfPostersThatLeftComeBack(t *testing.T) {
	for name, calling := range map[string]uint64{"not seen": 0, "calling": 1} { // 1 is the first token
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, actors.Limits{Push: 100}, gate.Deps{MaxInFlight: 1})
				w.set(func() { w.unheard = true })
				w.run("r", actors.RunActive)
				gone := gate.Wait{Campaign: "c", Run: "r", Poster: "shop/gone", Path: actors.Span{Lo: 1, Hi: 2}, Endpoint: provider.Push, Untried: true}
				next := gate.Wait{Campaign: "c", Run: "r", Poster: "shop/next", Path: actors.Span{Lo: 2, Hi: 3}, Endpoint: provider.Push, Untried: true}
				g := w.gates.Of("shop")
				g.Tell(gone)
				time.Sleep(time.Second)
				w.set(func() { w.unheard = false })
				g.Tell(next)
				g.Tell(gate.Left{Run: "r", Path: gone.Path, Poster: gone.Poster, Calling: 2}) // not out
				time.Sleep(time.Second)
				if n := w.started(); n != 0 {
					t.Fatalf("%d calls, want none while the first has its token", n)
				}
				g.Tell(gate.Left{Run: "r", Path: gone.Path, Poster: gone.Poster, Calling: calling})
				time.Sleep(200 * time.Millisecond)
				if n := w.started(); n != 1 {
					t.Errorf("%d calls, want the second's", n)
				}
			})
		})
	}
}

// TestNoCallWithoutALease: the gate asks before each call, and goes on by itself when it may.
func TestNoCallWithoutALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lapsed atomic.Bool
		lapsed.Store(true)
		w := newWorld(t, actors.Limits{Push: 100}, gate.Deps{May: func() bool { return !lapsed.Load() }})
		w.run("r", actors.RunActive)
		w.push("r", 3)
		time.Sleep(5 * time.Second)
		if n := w.started(); n != 0 {
			t.Fatalf("%d calls without a lease", n)
		}
		lapsed.Store(false)
		time.Sleep(700 * time.Millisecond)
		if n := w.started(); n != 3 {
			t.Errorf("%d calls with it, want 3", n)
		}
	})
}

func (w *world) started() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.starts)
}
