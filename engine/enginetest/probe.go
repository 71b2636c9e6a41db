package enginetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"hayauma.example/engine"
)

// Probe is a plain cell that records the messages it receives.
type Probe[M any] struct {
	engine.Ref[M]

	t       testing.TB
	mu      sync.Mutex
	got     []M           // guarded by mu
	changed chan struct{} // closed and replaced at each message; guarded by mu
}

// patience is how long Wait waits; in a bubble it is virtual time.
const patience = time.Minute

// NewProbe spawns a probe under a name that is unique in the system.
func NewProbe[M any](t testing.TB, s *engine.System, name string) *Probe[M] {
	t.Helper()
	p := &Probe[M]{t: t, changed: make(chan struct{})}
	ref, err := engine.Spawn(s, name, func() engine.Actor[M] { return recorder[M]{p} }, engine.WithMailbox(engine.Unbounded))
	if err != nil {
		t.Fatalf("enginetest: %v", err)
	}
	p.Ref = ref
	return p
}

// recorder is the probe's actor.
type recorder[M any] struct{ p *Probe[M] }

// Handle implements engine.Actor.
func (r recorder[M]) Handle(_ *engine.Context[M], m M) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	r.p.got = append(r.p.got, m)
	close(r.p.changed)
	r.p.changed = make(chan struct{})
}

// Messages returns what came so far, in order.
func (p *Probe[M]) Messages() []M {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

// Wait waits for the n-th message and returns it, counted from 1; the test fails when it doesn't come within a minute.
func (p *Probe[M]) Wait(n int) M {
	p.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		got, changed := p.state()
		if len(got) >= n {
			return got[n-1]
		}
		select {
		case <-changed:
		case <-late.C:
			p.t.Fatalf("enginetest: probe %s has %d messages after %v, waited for number %d: %v", p.ID(), len(got), patience, n, got)
		}
	}
}

func (p *Probe[M]) state() ([]M, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got, p.changed
}
