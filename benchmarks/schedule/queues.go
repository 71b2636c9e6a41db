package schedule

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	pipeline "hayauma.example/benchmarks/pipeline/queues"

	"hayauma.example/benchmarks/experiment"
)

// queues are systems that others use for scheduled work; each starts its own server for the cell.
func queues() []contender {
	var all []contender
	for _, s := range pipeline.Schedulers() {
		all = append(all, contender{
			Row:     experiment.Row{Name: s.Name, About: s.About, Peer: s.Punctual},
			missing: s.Missing,
			run:     func(ctx context.Context, w Work) (experiment.Result, error) { return queue(ctx, s, w) },
		})
	}
	return all
}

// ShapeError reports work that a queue's measurement can't do.
type ShapeError struct {
	Name string
	Work
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("schedule: %s is measured with tasks over one second and none that wait beside them, not with %+v", e.Name, e.Work)
}

// queue measures one. Scheduling has a second for every 4,000 tasks, and a few to start servers; a task that comes twice counts once there.
func queue(ctx context.Context, s pipeline.Scheduler, w Work) (r experiment.Result, err error) {
	if w.Over != time.Second || w.Pending != 0 {
		return r, &ShapeError{s.Name, w}
	}
	dir, err := os.MkdirTemp("", "hayauma-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	due := time.Now().Add(queueStart + time.Duration(w.Due)*(time.Second/queuePace))
	wait, cancel := awaiting(ctx, due.Add(w.Over))
	defer cancel()
	late, err := s.Lateness(wait, dir, w.Due, due)
	return queued(w.Due, late), exceptLost(ctx, err)
}

const (
	queueStart = 6 * time.Second
	queuePace  = 4000 // tasks scheduled per second
)

// queued sums up latenesses in no order. Which task had which isn't known, so Seconds is the latest end that is possible.
func queued(n int, late []time.Duration) experiment.Result {
	ms := make([]float64, len(late))
	for i, l := range late {
		ms[i] = float64(l) / float64(time.Millisecond)
	}
	r := experiment.Result{Sent: uint64(n), Lost: int64(n - len(ms)), Seconds: 1}
	r.Figures = summary(ms, n-len(ms))
	if len(ms) > 0 {
		r.Seconds += max(0, slices.Max(ms)) / 1e3
	}
	return r
}
