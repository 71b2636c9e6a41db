package micro

import (
	"context"
	"errors"
	"maps"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

func within(t *testing.T, d time.Duration) context.Context {
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
	for _, w := range workloads() {
		for _, spec := range systems.All() {
			if !w.takes(spec) {
				continue
			}
			t.Run(w.name+"/"+spec.Name, func(t *testing.T) {
				r, err := w.run(within(t, 20*time.Second), open(t, spec.Name), size{n: 4000, actors: 500})
				if err != nil {
					t.Fatal(err)
				}
				if r.Sent == 0 || r.Seconds <= 0 {
					t.Fatalf("nothing was measured: %+v", r)
				}
				for _, f := range w.figures() {
					if _, ok := r.Figures[f.Name]; !ok {
						t.Fatalf("no %s: %+v", f.Name, r)
					}
				}
				if w.each != "" && r.Figures[rate] <= 0 {
					t.Fatalf("no rate: %+v", r)
				}
				if known := spec.Loses != "" && w.asks && r.Lost > 0; r.Lost != 0 && !known {
					t.Fatalf("lost %d of %d", r.Lost, r.Sent)
				}
			})
		}
	}
}

// A goroutine's smallest stack is 2 KiB, so a measurement that misses the actors is seen.
func TestIdleSeesTheActors(t *testing.T) {
	r, err := idle(within(t, 20*time.Second), open(t, "chan"), size{actors: 5000})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Figures[inUse]; got < 2048 || got > 8192 {
		t.Fatalf("%.0f bytes per goroutine", got)
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
	for _, w := range workloads() {
		switch w.name {
		case "idle", "idle-10x", "spawn", "ping-pong":
			continue // they send nothing that lossy loses
		}
		t.Run(w.name, func(t *testing.T) {
			r, err := w.run(within(t, 20*time.Second), &lossy{System: open(t, "chan")}, size{n: 20_000, actors: 100})
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
	for _, w := range workloads() {
		switch w.name {
		case "idle", "idle-10x", "spawn":
			continue // they tell nothing but the first message
		}
		t.Run(w.name, func(t *testing.T) {
			_, err := w.run(within(t, 50*time.Millisecond), deaf{open(t, "chan")}, size{n: 100, actors: 10})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestFloors(t *testing.T) {
	for _, f := range floors() {
		t.Run(f.name, func(t *testing.T) {
			if r := f.measure(size{n: 8003}); r.Lost != 0 || r.Sent != 8000 || r.Figures[rate] <= 0 {
				t.Fatalf("got %+v", r)
			}
		})
	}
}

// An aim makes the measured part as long as aimed at, whatever the floor's speed.
func TestEnough(t *testing.T) {
	w := size{n: 1000, aim: 2 * time.Second}
	for took, want := range map[time.Duration]int{
		10 * time.Millisecond: 200_000,
		time.Second:           2000,
		2 * time.Second:       1000,
		time.Minute:           1000,
		0:                     1000,
	} {
		if got := w.enough(took); got != want {
			t.Errorf("after a warm-up of %v %d, want %d", took, got, want)
		}
	}
	if got := (size{n: 1000}).enough(time.Millisecond); got != 1000 {
		t.Errorf("without an aim %d", got)
	}
}

func TestUnknownNamesAreErrors(t *testing.T) {
	for _, e := range Part().Experiments {
		_, err := e.Run(t.Context(), e.Rows[0].Name, "huge")
		if got, ok := errors.AsType[*experiment.ScaleError](err); !ok || got.Scale != "huge" {
			t.Errorf("%s: got %v", e.Name, err)
		}
		_, err = e.Run(t.Context(), "nobody", experiment.Short)
		if got, ok := errors.AsType[*experiment.UnknownRowError](err); !ok || got.Row != "nobody" || len(got.Have) < len(e.Rows) {
			t.Errorf("%s: got %v for a row that is not there", e.Name, err)
		}
	}
}

// What a reader and the runner need is there: unique names, rows, sizes and patience for both scales.
func TestPartIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Part().Experiments {
		if seen[e.Name] || e.Title == "" || e.Text == "" || len(e.Rows) == 0 || len(e.Figures) == 0 {
			t.Errorf("%s is not whole, or there twice", e.Name)
		}
		seen[e.Name] = true
		for _, scale := range []experiment.Scale{experiment.Short, experiment.Full} {
			if e.Rounds[scale] == 0 || e.Patience[scale] == 0 {
				t.Errorf("%s has no rounds or patience at scale %s", e.Name, scale)
			}
		}
	}
	for _, w := range workloads() {
		for _, scale := range []experiment.Scale{experiment.Short, experiment.Full} {
			if s := w.sizes[scale]; s.n == 0 && s.actors == 0 {
				t.Errorf("%s has no size at scale %s", w.name, scale)
			}
		}
	}
}

// What is lost is in no figure, and what comes twice counts once.
func TestFiguresAreOfWhatCameOut(t *testing.T) {
	for _, c := range []struct{ sent, handled, counted uint64 }{{100, 100, 100}, {100, 60, 60}, {100, 130, 100}} {
		r := startMeter().stop(c.sent, c.handled)
		if r.Sent != c.sent || r.Lost != int64(c.sent)-int64(c.handled) {
			t.Errorf("%+v: got %+v", c, r)
		}
		if got, want := r.Figures[rate]*r.Seconds, float64(c.counted); math.Abs(got-want) > 1e-6 {
			t.Errorf("%+v: the rate is that of %v", c, got)
		}
	}
	got := perMessage(50, 2*time.Second, time.Second, 200)
	if want := map[string]float64{rate: 25, cpu: 2e7, allocs: 4}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := perMessage(0, time.Second, time.Second, 200); !maps.Equal(got, map[string]float64{rate: 0}) {
		t.Errorf("of none: got %v", got)
	}
}
