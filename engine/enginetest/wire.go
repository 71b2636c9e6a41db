package enginetest

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"hayauma.example/engine"
)

// Faults of a Wire. The zero value has none.
type Faults struct {
	Loss        float64       // share of messages that never arrive
	Duplication float64       // share of those that arrive that arrive twice
	Latency     time.Duration // of every message
	Jitter      time.Duration // up to so much more: messages overtake each other
}

// Wire stands before an actor, as a network would: what is sent to it arrives late, in another order, twice, or not at all.
type Wire[M any] struct {
	engine.Ref[M]

	to   engine.Ref[M]
	rand *rand.Rand // used by the wire's turn only

	mu     sync.Mutex
	faults Faults // guarded by mu
	cut    bool   // guarded by mu
}

// NewWire spawns a wire under a name that is unique in the system. r decides about faults; see Rand.
func NewWire[M any](t testing.TB, s *engine.System, name string, to engine.Ref[M], f Faults, r *rand.Rand) *Wire[M] {
	t.Helper()
	w := &Wire[M]{to: to, faults: f, rand: r}
	ref, err := engine.Spawn(s, name, func() engine.Actor[M] { return carrier[M]{w} }, engine.WithMailbox(engine.Unbounded))
	if err != nil {
		t.Fatalf("enginetest: %v", err)
	}
	w.Ref = ref
	return w
}

// Cut loses everything that is sent from now on; what is under way arrives.
func (w *Wire[M]) Cut() { w.set(func() { w.cut = true }) }

// Mend ends a Cut, and has the wire work with these faults from now on.
func (w *Wire[M]) Mend(f Faults) { w.set(func() { w.cut, w.faults = false, f }) }

func (w *Wire[M]) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// carrier is the wire's actor.
type carrier[M any] struct{ w *Wire[M] }

// Handle implements engine.Actor.
func (c carrier[M]) Handle(_ *engine.Context[M], m M) {
	for _, late := range c.w.arrivals() {
		if late == 0 {
			c.w.to.Tell(m)
		} else {
			time.AfterFunc(late, func() { c.w.to.Tell(m) })
		}
	}
}

// arrivals decides how often a message arrives, and when.
func (w *Wire[M]) arrivals() []time.Duration {
	w.mu.Lock()
	f, cut := w.faults, w.cut
	w.mu.Unlock()
	if cut || w.rand.Float64() < f.Loss {
		return nil
	}
	n := 1
	if w.rand.Float64() < f.Duplication {
		n = 2
	}
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = f.Latency
		if f.Jitter > 0 {
			out[i] += time.Duration(w.rand.Int64N(int64(f.Jitter)))
		}
	}
	return out
}
