package schedule

import (
	"context"
	"errors"
	"os"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/schedule/alarm"
)

// ours are reminders of durable grains, one grain for each task; the others stand a thousand to a grain.
func ours(ctx context.Context, w Work) (r experiment.Result, err error) {
	dir, err := os.MkdirTemp("", "hayauma-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	log := NewLog(w.Due)
	g, err := alarm.Embedded(ctx, dir, log)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, g.Close(ctx)) }()
	if err := g.Start(ctx); err != nil {
		return r, err
	}
	if err := g.Set(ctx, alarm.Plan{Reminders: w.pending(time.Now()), Each: 1000}); err != nil {
		return r, err
	}
	if err := g.Awaken(ctx, alarm.Plan{Reminders: reminders(make([]time.Time, w.Due)), Each: 1}); err != nil {
		return r, err
	}
	lead, err := leadOf(ctx, g, w)
	if err != nil {
		return r, err
	}
	first := time.Now().Add(lead).Round(0) // the wall's clock alone, as the timetable has it
	dues := w.Tasks(first)
	if err := g.Set(ctx, alarm.Plan{Reminders: reminders(dues), Each: 1}); err != nil {
		return r, err
	}
	if err := inTime(first); err != nil {
		return r, err
	}
	err = log.Wait(ctx, dues[len(dues)-1])
	return log.Result(first, dues), err
}

// leadOf tries how fast this machine sets reminders, with some of the tasks due much later, and allows for three times as long. Setting
// them anew replaces the tried ones, or leaves them in another hour, where they wait beside the others.
func leadOf(ctx context.Context, g *alarm.Ground, w Work) (time.Duration, error) {
	some := make([]time.Time, min(w.Due, trial))
	began := time.Now()
	for i := range some {
		some[i] = began.Add(quiet)
	}
	err := g.Set(ctx, alarm.Plan{Reminders: reminders(some), Each: 1})
	return time.Second + 3*time.Since(began)*time.Duration(w.Due)/time.Duration(len(some)), err
}

const trial = 5000 // tasks

// timers are Go's own: one for each task, and nothing that outlives the process.
func timers(ctx context.Context, w Work) (experiment.Result, error) {
	log := NewLog(w.Due)
	var all []*time.Timer
	now := time.Now()
	for _, p := range w.pending(now) {
		all = append(all, time.AfterFunc(p.Due.Sub(now), func() {}))
	}
	first := time.Now().Add(time.Second + time.Duration(w.Due)*timerCost)
	dues := w.Tasks(first)
	for i, due := range dues {
		all = append(all, time.AfterFunc(time.Until(due), func() {
			log.Rung(i, due, time.Now())
			log.Forgotten(i)
		}))
	}
	if err := inTime(first); err != nil {
		return experiment.Result{}, err
	}
	err := log.Wait(ctx, dues[len(dues)-1])
	for _, t := range all {
		t.Stop()
	}
	return log.Result(first, dues), err
}

// timerCost is ample for setting one.
const timerCost = 20 * time.Microsecond
