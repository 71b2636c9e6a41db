package schedule

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/percentile"
)

// Log keeps how late each task was. It is an alarm.Bell, and safe for concurrent use.
type Log struct {
	late  []atomic.Int64 // nanoseconds by task's number; never for one that has not rung
	rung  []atomic.Int32 // how often
	begun atomic.Int64   // tasks that have rung
	ended atomic.Int64   // tasks that are done with for good
	full  chan struct{}  // closed when all are done with
}

const never = math.MinInt64

// NewLog makes the log of n tasks.
func NewLog(n int) *Log {
	l := &Log{late: make([]atomic.Int64, n), rung: make([]atomic.Int32, n), full: make(chan struct{})}
	for i := range l.late {
		l.late[i].Store(never)
	}
	return l
}

// Rung is called first in a task's handler. A task that isn't one of ours is ignored: it is not due yet, or of nobody.
func (l *Log) Rung(number int, due, at time.Time) {
	if number < 0 || number >= len(l.late) {
		return
	}
	if l.rung[number].Add(1) == 1 {
		l.late[number].Store(int64(at.Sub(due)))
		l.begun.Add(1)
	}
}

// Forgotten is called when a task is done with, once for each.
func (l *Log) Forgotten(number int) {
	if number >= 0 && number < len(l.late) && l.ended.Add(1) == int64(len(l.late)) {
		close(l.full)
	}
}

// patient is how long after the last due time a task of any row may still come.
const patient = 30 * time.Second

// awaiting is ctx until so long after the last due time that what hasn't come is lost.
func awaiting(ctx context.Context, last time.Time) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, last.Add(patient))
}

// exceptLost is err, or nil where it only says that the waiting of [awaiting] is over while the cell's own ctx goes on.
func exceptLost(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	return err
}

// Wait returns when all tasks are done with, or so long after the last was due that the others are lost.
func (l *Log) Wait(ctx context.Context, last time.Time) error {
	wait, cancel := awaiting(ctx, last)
	defer cancel()
	select {
	case <-l.full:
		return nil
	case <-wait.Done():
		return exceptLost(ctx, context.Cause(wait))
	}
}

// Figures of every experiment of this package.
var figures = []experiment.Figure{
	{Name: "late_p999_ms", Title: "late, p99.9, ms", Better: experiment.Less},
	{Name: "late_p50_ms", Title: "p50", Better: experiment.Less},
	{Name: "late_p99_ms", Title: "p99", Better: experiment.Less},
	{Name: "late_max_ms", Title: "max", Better: experiment.Less},
	{Name: "early", Title: "early", Better: experiment.Less},
	{Name: "lost", Title: "lost", Better: experiment.Less},
	{Name: "twice", Title: "twice", Better: experiment.Less},
}

// Result sums up. Seconds is from the first due time to the last task in its handler.
func (l *Log) Result(first time.Time, dues []time.Time) experiment.Result {
	var all []float64
	var twice, span float64
	for i := range l.late {
		late := l.late[i].Load()
		if late == never {
			continue
		}
		all = append(all, float64(late)/float64(time.Millisecond))
		twice += float64(max(0, l.rung[i].Load()-1))
		span = max(span, dues[i].Add(time.Duration(late)).Sub(first).Seconds())
	}
	lost := len(l.late) - len(all)
	r := experiment.Result{Sent: uint64(len(l.late)), Lost: int64(lost), Seconds: span}
	if lost == 0 && twice > 0 {
		r.Lost = -int64(twice)
	}
	r.Figures = summary(all, lost)
	r.Figures["twice"] = twice
	return r
}

// summary is what a table shows of latenesses in milliseconds, in any order. A task that began before it was due is counted as early, and
// is late by nothing: earliness makes no percentile smaller.
func summary(late []float64, lost int) map[string]float64 {
	var early float64
	sorted := make([]float64, len(late))
	for i, ms := range late {
		if ms < 0 {
			early++
		}
		sorted[i] = max(0, ms)
	}
	slices.Sort(sorted)
	f := map[string]float64{"lost": float64(lost), "early": early}
	if len(sorted) > 0 {
		f["late_p50_ms"], f["late_p99_ms"] = percentile.Of(sorted, 50), percentile.Of(sorted, 99)
		f["late_p999_ms"], f["late_max_ms"] = percentile.Of(sorted, 99.9), sorted[len(sorted)-1]
	}
	return f
}
