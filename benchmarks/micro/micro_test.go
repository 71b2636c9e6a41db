package micro

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/benchmarks/systems"
)

func patience(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, name string) systems.System {
	spec, err := systems.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Every workload runs on every system and loses nothing that is told.
func TestWorkloads(t *testing.T) {
	for _, w := range Workloads() {
		for _, spec := range systems.All() {
			if !w.Takes(spec) {
				continue
			}
			t.Run(w.Name+"/"+spec.Name, func(t *testing.T) {
				r, err := w.run(patience(t, 20*time.Second), open(t, spec.Name), 4000, 500)
				if err != nil {
					t.Fatal(err)
				}
				if r.Sent == 0 || r.Actors == 0 {
					t.Fatalf("nothing was measured: %+v", r)
				}
				if w.Unit != "" && (r.Rate <= 0 || r.Seconds <= 0) {
					t.Fatalf("no rate: %+v", r)
				}
				if known := spec.Loses != "" && w.Asks && r.Lost > 0; r.Lost != 0 && !known {
					t.Fatalf("lost %d of %d", r.Lost, r.Sent)
				}
			})
		}
	}
}

// A goroutine's smallest stack is 2 KiB, so a measurement that misses the actors is seen.
func TestIdleSeesTheActors(t *testing.T) {
	r, err := idle(patience(t, 20*time.Second), open(t, "chan"), 0, 5000)
	if err != nil {
		t.Fatal(err)
	}
	if r.InUse < 2048 || r.InUse > 8192 {
		t.Fatalf("%.0f bytes per goroutine", r.InUse)
	}
}

// lossy loses one message of a hundred, and each hundredth answer.
type lossy struct {
	systems.System
	told, asked atomic.Uint64
}

var errLost = errors.New("lost")

func (l *lossy) Tell(i int, m *systems.Message) {
	if m.Op == systems.Count && l.told.Add(1)%100 == 0 {
		return
	}
	l.System.Tell(i, m)
}

func (l *lossy) Ask(ctx context.Context, i int, m *systems.Message) (*systems.Message, error) {
	if l.asked.Add(1)%100 == 0 {
		return nil, errLost
	}
	return l.System.Ask(ctx, i, m)
}

func TestLossIsCounted(t *testing.T) {
	for _, w := range Workloads() {
		switch w.Name {
		case "idle", "idle-10x", "spawn", "ping-pong":
			continue // they send nothing that lossy loses
		}
		t.Run(w.Name, func(t *testing.T) {
			r, err := w.run(patience(t, 20*time.Second), &lossy{System: open(t, "chan")}, 20_000, 100)
			if err != nil {
				t.Fatal(err)
			}
			if low, high := int64(r.Sent/120), int64(r.Sent/90); r.Lost < low || r.Lost > high {
				t.Fatalf("%d of %d are said to be lost, about one of a hundred was", r.Lost, r.Sent)
			}
		})
	}
}

// deaf hears nothing after its actors' first message.
type deaf struct{ systems.System }

func (deaf) Tell(int, *systems.Message) {}

func (deaf) Ask(ctx context.Context, _ int, _ *systems.Message) (*systems.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSilenceIsAnError(t *testing.T) {
	for _, w := range Workloads() {
		switch w.Name {
		case "idle", "idle-10x", "spawn":
			continue // they tell nothing but the first message
		}
		t.Run(w.Name, func(t *testing.T) {
			_, err := w.run(patience(t, 50*time.Millisecond), deaf{open(t, "chan")}, 100, 10)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestFloors(t *testing.T) {
	for _, f := range Floors() {
		t.Run(f.Name, func(t *testing.T) {
			r, err := f.measure(t.Context(), 8003)
			if err != nil || r.Lost != 0 || r.Sent != 8000 || r.Rate <= 0 {
				t.Fatalf("got %+v, %v", r, err)
			}
		})
	}
}

func TestUnknownScale(t *testing.T) {
	want := &ScaleError{Scale: "huge"}
	_, err := Workloads()[0].Run(t.Context(), systems.Spec{}, want.Scale)
	if got, ok := errors.AsType[*ScaleError](err); !ok || *got != *want {
		t.Fatalf("got %v", err)
	}
}

func TestEveryWorkloadHasEveryScale(t *testing.T) {
	for _, w := range Workloads() {
		for _, scale := range []Scale{Short, Full} {
			if w.sizes[scale] == (size{}) {
				t.Errorf("%s has no size at scale %s", w.Name, scale)
			}
		}
	}
}

func TestIdentityIsAsLongAsAUsers(t *testing.T) {
	if id := identity(1_000_000); len(id) != 33 {
		t.Fatalf("%q is %d bytes long", id, len(id))
	}
}
