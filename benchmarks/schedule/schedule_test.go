package schedule

import (
	"context"
	"errors"
	"maps"
	"math"
	"strings"
	"testing"
	"testing/synctest"
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

// What begins too early is counted, and makes nothing look less late.
func TestEarlyTasksAreNoLessLate(t *testing.T) {
	got := summary([]float64{3, -900, -1, 0}, 2)
	want := map[string]float64{"lost": 2, "early": 2, "late_p50_ms": 0, "late_p99_ms": 3, "late_p999_ms": 3, "late_max_ms": 3}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := summary(nil, 1); !maps.Equal(got, map[string]float64{"lost": 1, "early": 0}) {
		t.Errorf("nothing came: %v", got)
	}
	if r := queued(2, []time.Duration{-time.Second, -time.Millisecond}); r.Seconds != 1 || r.Figures["early"] != 2 {
		t.Errorf("all came early: %+v", r)
	}
}

// A queue that starts tasks early can't be the best peer, and says why; the others can.
func TestAnEarlyQueueIsNoBestPeer(t *testing.T) {
	for _, c := range queues() {
		early := strings.Contains(c.About, "early")
		if c.Peer == early || early && !strings.Contains(c.About, "no candidate for best peer") {
			t.Errorf("%s: candidate for best peer is %v: %s", c.Name, c.Peer, c.About)
		}
	}
}

func TestAllRowsWaitEquallyLong(t *testing.T) {
	s := pipeline.Scheduler{Name: "fake", Lateness: func(ctx context.Context, _ string, _ int, due time.Time) ([]time.Duration, error) {
		until, limited := ctx.Deadline()
		if want := due.Add(time.Second + patient); !limited || !until.Equal(want) {
			t.Errorf("a queue waits until %v, %v, want %v", until, limited, want)
		}
		return nil, nil
	}}
	if _, err := queue(t.Context(), s, Work{Due: 1, Over: time.Second}); err != nil {
		t.Error(err)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := NewLog(1).Wait(t.Context(), began.Add(time.Second)); err != nil || time.Since(began) != time.Second+patient {
			t.Errorf("a log waits for %v: %v", time.Since(began), err)
		}
	})
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
			if f := r.Figures; f["early"] != 0 || f["late_p50_ms"] > f["late_max_ms"] {
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
	if err != nil || r.Lost != 0 || r.Figures["twice"] != 0 || r.Figures["early"] != 0 {
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
