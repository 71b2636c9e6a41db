package schedule

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	pipeline "hayauma.example/benchmarks/pipeline/queues"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/scale/daemon"
)

func TestALogCountsWhatIsLostAndTwice(t *testing.T) {
	first := time.Now()
	dues := Work{Due: 4, Over: 4 * time.Second}.Tasks(first)
	for i, due := range dues {
		if want := first.Add(time.Duration(i) * time.Second); !due.Equal(want) {
			t.Errorf("task %d is due at %v, want %v", i, due, want)
		}
	}
	l := NewLog(4)
	for i := range 3 {
		l.Rung(i, dues[i], dues[i].Add(time.Duration(i+1)*time.Millisecond))
	}
	l.Rung(0, dues[0], dues[0].Add(time.Hour)) // again
	l.Rung(4, dues[0], dues[0])                // nobody's
	r := l.Result(first, dues)
	if r.Sent != 4 || r.Lost != 1 || r.Figures["lost"] != 1 || r.Figures["twice"] != 1 || math.Abs(r.Seconds-2.003) > 1e-9 {
		t.Errorf("%+v", r)
	}
	if f := r.Figures; f["late_p50_ms"] != 2 || f["late_max_ms"] != 3 || f["late_p999_ms"] != 3 {
		t.Errorf("%+v", f)
	}
	l.Rung(3, dues[3], dues[3])
	if r := l.Result(first, dues); r.Lost != -1 {
		t.Errorf("nothing is lost and one came twice: %+v", r)
	}
}

func TestALogIsFullWhenAllAreDoneWith(t *testing.T) {
	l := NewLog(2)
	l.Forgotten(0)
	l.Forgotten(9) // nobody's
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if err := l.Wait(ctx, time.Now()); !errors.Is(err, cause) {
		t.Errorf("it waits no more: %v", err)
	}
	l.Forgotten(1)
	if err := l.Wait(t.Context(), time.Now()); err != nil {
		t.Error(err)
	}
	if err := NewLog(1).Wait(t.Context(), time.Now().Add(-patient)); err != nil {
		t.Errorf("what doesn't come is lost and no error: %v", err)
	}
}

func TestQuantiles(t *testing.T) {
	all := make([]float64, 1000)
	for i := range all {
		all[i] = float64(i + 1)
	}
	for share, want := range map[float64]float64{0.5: 500, 0.99: 990, 0.999: 999, 1: 1000, 0: 1} {
		if got := quantile(all, share); got != want {
			t.Errorf("%v: got %v, want %v", share, got, want)
		}
	}
}

func TestTheSmallerWorkOfTheShortScale(t *testing.T) {
	w := Work{Due: 100_000, Over: time.Second, Pending: 900_000}
	if got, err := w.at(experiment.Short); err != nil || got != (Work{2000, time.Second, 18_000}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.at(experiment.Full); err != nil || got != w {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.at("huge"); !errors.As(err, new(*experiment.ScaleError)) {
		t.Errorf("got %v", err)
	}
}

func TestRemindersAndTimersStartAllTasks(t *testing.T) {
	for _, c := range basic() {
		for name, w := range map[string]Work{"spread": {Due: 300, Over: 100 * time.Millisecond, Pending: 1000}, "instant": {Due: 300}} {
			r, err := c.run(t.Context(), w)
			if err != nil || r.Sent != 300 || r.Lost != 0 || r.Figures["twice"] != 0 {
				t.Errorf("%s %s: %+v, %v", c.Name, name, r, err)
			}
			if f := r.Figures; f["late_p50_ms"] < -0.01 || f["late_p50_ms"] > f["late_max_ms"] {
				t.Errorf("%s %s: %+v", c.Name, name, f)
			}
		}
	}
}

func TestCampaignsArriveAfterTheirTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the daemon")
	}
	if why := daemon.Missing(); why != "" {
		t.Skip(why)
	}
	r, err := delivered(t.Context(), Work{Due: 5})
	if err != nil || r.Lost != 0 || r.Figures["twice"] != 0 || r.Figures["late_p50_ms"] < 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAQueuesLatenesses(t *testing.T) {
	work := Work{Due: 3, Over: time.Second}
	s := pipeline.Scheduler{Name: "fake", Lateness: func(_ context.Context, dir string, n int, due time.Time) ([]time.Duration, error) {
		if n != 3 || dir == "" || time.Until(due) < time.Second {
			t.Errorf("%d tasks in %q, due in %v", n, dir, time.Until(due))
		}
		return []time.Duration{20 * time.Millisecond, 10 * time.Millisecond}, context.DeadlineExceeded
	}}
	r, err := queue(t.Context(), s, work)
	if err != nil || r.Sent != 3 || r.Lost != 1 || r.Figures["lost"] != 1 || r.Figures["late_p50_ms"] != 10 || r.Figures["late_max_ms"] != 20 || r.Seconds != 1.02 {
		t.Errorf("%+v, %v", r, err)
	}
	broken := errors.New("broken")
	s.Lateness = func(context.Context, string, int, time.Time) ([]time.Duration, error) { return nil, broken }
	if _, err := queue(t.Context(), s, work); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := queue(t.Context(), s, Work{Due: 3}); !errors.As(err, new(*ShapeError)) {
		t.Errorf("got %v", err)
	}
}

func TestExperimentsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, e := range Part().Experiments {
		if names[e.Name] || e.Rounds[experiment.Short]+e.Rounds[experiment.Full] == 0 || len(e.Rows) == 0 {
			t.Errorf("%s: %v %v", e.Name, e.Rounds, e.Patience)
		}
		names[e.Name] = true
		for scale, rounds := range e.Rounds {
			if (rounds > 0) != (e.Patience[scale] > 0) {
				t.Errorf("%s, %s: %d rounds with a patience of %v", e.Name, scale, rounds, e.Patience[scale])
			}
		}
		for _, r := range e.Rows {
			e.Missing(r.Name) // every row can be asked
		}
		if _, err := e.Run(t.Context(), "none", experiment.Short); !errors.As(err, new(*RowError)) {
			t.Errorf("%s: got %v", e.Name, err)
		}
	}
	if len(queues()) == 0 {
		t.Error("no queue is compared")
	}
}
