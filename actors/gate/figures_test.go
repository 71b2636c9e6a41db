package gate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
)

// TestWaitsAreCounted from when a call is ready, not from when it came.
func TestWaitsAreCounted(t *testing.T) {
	inBubble(t, actors.Limits{}, gate.Deps{}, func(t *testing.T, w *world) {
		w.latency = 10 * time.Second
		w.run("a", actors.RunHeld)
		w.park("a", 1, provider.Push, func(m *gate.Wait) { m.Untried = false })
		w.park("b", 1, provider.Push, func(m *gate.Wait) { m.NotBefore = w.began.Add(2 * time.Second) })
		w.run("b", actors.RunActive)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		f := w.gates.Figures("shop")
		if r := f.Waits.Read(); r.Count() != 1 || r.Sum > 0.2 {
			t.Errorf("%d calls waited for %v s, want 1 that was started when it was ready", r.Count(), r.Sum)
		}
		w.run("a", actors.RunActive)
		time.Sleep(time.Second)
		if r := f.Waits.Read(); r.Count() != 2 || r.Sum < 3 || r.Sum > 4 {
			t.Errorf("%d calls waited for %v s, want 2 and a little more than 3 s", r.Count(), r.Sum)
		}
		if n := f.InFlight.Load(); n != 2 {
			t.Errorf("%d calls are in flight, want 2", n)
		}
		time.Sleep(time.Minute)
		if n := f.InFlight.Load(); n != 0 {
			t.Errorf("%d calls are in flight after their end", n)
		}
	})
}
