package latency

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

var brief = effort{actors: 50, warm: 5 * time.Millisecond, closed: 20 * time.Millisecond, measure: 100 * time.Millisecond}

func patience(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// Every system is measured at every load; nothing that is told is lost, and the figures are in order.
func TestEveryCell(t *testing.T) {
	for _, w := range ways() {
		for _, l := range loads() {
			for _, spec := range systems.All() {
				if !w.takes(spec) {
					continue
				}
				t.Run(w.name+"-"+l.name+"/"+spec.Name, func(t *testing.T) {
					r, err := w.run(patience(t, 20*time.Second), spec, l, brief)
					if err != nil {
						t.Fatal(err)
					}
					check(t, w, r)
					if known := w.asks && spec.Loses != "" && r.Lost > 0; r.Lost != 0 && !known {
						t.Errorf("lost %d of %d", r.Lost, r.Sent)
					}
				})
			}
		}
	}
}

func check(t *testing.T, w way, r experiment.Result) {
	t.Helper()
	var last float64
	for _, name := range []string{"p50_us", "p90_us", "p99_us", "p999_us", "p9999_us", "max_us"} {
		v, ok := r.Figures[name]
		if !ok || v < last {
			t.Errorf("%s is %v, the one below %v", name, v, last)
		}
		last = v
	}
	for _, f := range w.figures(load{}) {
		if v, ok := r.Figures[f.Name]; !ok || v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s is %v, %v", f.Name, v, ok)
		}
	}
	if want := r.Figures["target"] * brief.measure.Seconds(); math.Abs(float64(r.Sent)-want) > 2 {
		t.Errorf("%d were sent, the schedule has %.0f", r.Sent, want)
	}
	if r.Figures["rate"] > r.Figures["target"] {
		t.Errorf("%v/s were handled, %v/s sent", r.Figures["rate"], r.Figures["target"])
	}
	t.Logf("%v", r.Figures)
}

// stalled holds up each sender once, in the middle of the load, as a full queue or a collector would.
type stalled struct {
	systems.System
	left  atomic.Int64 // messages until then
	stall time.Duration
}

func (s *stalled) Tell(i int, m *systems.Message) {
	if m.Op == systems.Count && s.left.Add(-1) == 0 {
		<-time.After(s.stall)
	}
	s.System.Tell(i, m)
}

// A sender that is held up for 100 ms at 10,000/s keeps about 1,000 messages waiting, half of them for more than 50 ms. Who counts from
// when a message is sent sees one that took 100 ms, or none.
func TestOmissionIsNotCoordinated(t *testing.T) {
	s := &stalled{System: open(t, "chan"), stall: 100 * time.Millisecond}
	if err := systems.Populate(patience(t, 10*time.Second), s, 10); err != nil {
		t.Fatal(err)
	}
	s.left.Store(1000)
	c := startClock()
	r, err := measure(patience(t, 10*time.Second), newTeller(s, 10, c), c, 10_000, 300*time.Millisecond)
	if err != nil || r.Sent != 3000 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if p := r.Figures["p90_us"]; p < 60_000 {
		t.Errorf("p90 is %.0f µs: a third of the messages were due while the sender was held up, a tenth for 70 ms and more", p)
	}
	if p := r.Figures["gen_late_p99_us"]; p < 90_000 {
		t.Errorf("the generator is said to be %.0f µs late at p99", p)
	}
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
	for _, w := range ways() {
		w.fixed = 20_000
		r, err := w.on(patience(t, 20*time.Second), &lossy{System: open(t, "chan")}, load{name: "fixed"}, brief)
		if err != nil {
			t.Fatal(err)
		}
		if r.Sent != 2000 || r.Lost < 18 || r.Lost > 22 {
			t.Errorf("%s: lost %d of %d, about one of a hundred was", w.name, r.Lost, r.Sent)
		}
	}
}

// deaf hears nothing once its actors are there.
type deaf struct{ systems.System }

func (deaf) Tell(int, *systems.Message) {}

func (deaf) Ask(ctx context.Context, _ int, _ *systems.Message) (*systems.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSilenceIsAnError(t *testing.T) {
	for _, w := range ways() {
		c := startClock()
		s := deaf{open(t, "chan")}
		r, err := measure(patience(t, 500*time.Millisecond), w.open(s, 10, c), c, 1000, 20*time.Millisecond)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v", w.name, err)
		}
		if r.Sent != 20 || r.Lost < 20 {
			t.Errorf("%s: lost %d of %d", w.name, r.Lost, r.Sent)
		}
		if _, err := w.on(patience(t, 50*time.Millisecond), s, load{name: "fixed"}, brief); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, from the start: got %v", w.name, err)
		}
	}
}

// The ring is full of unhandled messages: the generator goes on with messages of its own.
func TestABacklogDoesNotHoldTheGenerator(t *testing.T) {
	s := open(t, "protoactor") // its mailbox has no bound
	ctx := patience(t, 10*time.Second)
	if err := systems.Populate(ctx, s, 1); err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	s.Tell(0, &systems.Message{Watch: func(*systems.Message) { <-gate }})
	c := startClock()
	teller := newTeller(s, 1, c)
	const n = slots + 1000
	took, err := newSamples(n)
	if err != nil {
		t.Fatal(err)
	}
	teller.took = took
	for i := range n {
		teller.send(i, c.now())
	}
	close(gate)
	if handled, err := systems.Gather(ctx, s, 1); err != nil || handled != n+2 {
		t.Fatalf("%d were handled, %v", handled, err)
	}
	if done := len(took.sorted()); done != n {
		t.Fatalf("%d of %d have a sample", done, n)
	}
}

func TestWhatIsUnknownIsRefused(t *testing.T) {
	e := Experiments()[0]
	_, err := e.Run(t.Context(), "akka", experiment.Short)
	if got, ok := errors.AsType[*experiment.UnknownRowError](err); !ok || got.Row != "akka" {
		t.Errorf("got %v", err)
	}
	_, err = e.Run(t.Context(), "chan", "huge")
	if _, ok := errors.AsType[*experiment.ScaleError](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestTheExperiments(t *testing.T) {
	var names []string
	for _, e := range Experiments() {
		names = append(names, e.Name)
		for _, name := range one {
			if !slices.ContainsFunc(e.Rows, func(r experiment.Row) bool { return r.Name == name }) {
				t.Errorf("%s has no row %s", e.Name, name)
			}
		}
	}
	want := []string{"latency-tell-fixed", "latency-tell-50", "latency-tell-90", "latency-ask-fixed", "latency-ask-50", "latency-ask-90"}
	if !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
}

// Only systems that are loaded alike are compared: a system with more capacity has a higher rate at its half, and longer latencies.
func TestOnlyTheSameRateIsCompared(t *testing.T) {
	for _, e := range Experiments() {
		compared := strings.HasSuffix(e.Name, "-fixed")
		for _, f := range e.Figures {
			if f.Name == "capacity" || f.Name == "target" {
				continue
			}
			if (f.Better != experiment.Neither) != compared {
				t.Errorf("%s: %s is better when %v", e.Name, f.Name, f.Better)
			}
		}
		if said := strings.Contains(e.Text, shareText); said == compared {
			t.Errorf("%s says of itself: %s", e.Name, e.Text)
		}
	}
}

// steady takes as many a second as it has been asked for its capacity.
type steady struct{ lengths []time.Duration }

func (s *steady) capacity(_ context.Context, length time.Duration) (float64, error) {
	s.lengths = append(s.lengths, length)
	return float64(len(s.lengths)), nil
}

func (*steady) load(context.Context, schedule, samples, samples) (outcome, error) {
	return outcome{}, nil
}

func TestCapacityIsThatOfAWarmSystem(t *testing.T) {
	e, l := efforts[experiment.Full], &steady{}
	got, err := e.capacity(t.Context(), l)
	if err != nil || got != 2 || !slices.Equal(l.lengths, []time.Duration{e.warm, e.closed}) {
		t.Errorf("got %v, %v after loops of %v", got, err, l.lengths)
	}
	if e.warm <= 0 || e.closed < time.Second {
		t.Errorf("the full scale finds the capacity in %v after %v", e.closed, e.warm)
	}
}
