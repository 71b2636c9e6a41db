package scale

import (
	"context"
	"errors"
	"os"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/footprint"
	"hayauma.example/benchmarks/schedule/alarm"
)

func reminderExperiments() []experiment.Experiment {
	near := experiment.Experiment{
		Name:  "scale-reminders",
		Title: "Pending reminders that are due within the hour",
		Text: "Durable grains set reminders, each grain up to 100 in one turn, through the shipped path: Remind and Persist, the shards' append queues, and the " +
			"embedded store " +
			"with an fsync before each answer. They fall due in 20 minutes or later, within this hour or the next, so all are in memory. Then everything is closed " +
			"and opened again: the time until the " +
			"timetable is read. Bytes in use are the timetable's alone, after such a restart on a store in memory, where a store's caches don't blur them. " + ReminderFormula,
		Rows:     rows("reminders", "1", "100", "10k", "100k", "1m"),
		Figures:  reminderFigures(false),
		Plot:     &experiment.Plot{File: "reminders.svg", X: "reminders", Y: "bytes", Figures: []string{"in_use"}, Model: "model"},
		Rounds:   many(2),
		Patience: within(3 * time.Minute),
		Needs:    func(row string, _ experiment.Scale) uint64 { return 256<<20 + uint64(counts[row])*1500 },
		Run:      reminders(soon),
	}
	far := near
	far.Name, far.Title = "scale-reminders-far", "Pending reminders that are due tomorrow"
	far.Text = "The same, due in a day: only that their hours exist is in memory."
	far.Rows, far.Plot, far.Rounds, far.Run = rows("reminders", "1m"), nil, many(1), reminders(tomorrow)
	short := few(near, time.Minute, rows("reminders", "10k"))
	far.Figures, short.Figures = reminderFigures(true), reminderFigures(true)
	return []experiment.Experiment{near, short, far}
}

// manyReminders are enough for their bytes to be those of the timetable: a process's own few kilobytes, which come and go, are more than
// a hundred reminders take.
const manyReminders = 10_000

// reminderFigures are of an experiment whose rows are all manyReminders or more, or not.
func reminderFigures(all bool) []experiment.Figure {
	return []experiment.Figure{
		{Name: "bytes_per_reminder", Title: "bytes in use per reminder", Better: experiment.Less, Exact: all},
		{Name: "in_use", Title: "bytes in use"},
		{Name: "model", Title: "bytes in use by the model"},
		{Name: "set_us", Title: "µs to set one", Better: experiment.Less},
		{Name: "records", Title: "records", Better: experiment.Less},
		{Name: "stored_each", Title: "bytes stored each", Better: experiment.Less},
		{Name: "restart_ms", Title: "restart, ms", Better: experiment.Less},
	}
}

// A due time of the next hour is near at once; minutes keep it from falling due meanwhile.
func soon(now time.Time) time.Time {
	next := now.Truncate(time.Hour).Add(time.Hour)
	if next.Sub(now) < soonest {
		return next.Add(soonest)
	}
	return next
}

const (
	soonest  = 20 * time.Minute // nothing fires before
	spread   = 10 * time.Minute // the dues' own
	together = 100              // reminders of one grain, set in one turn
)

func tomorrow(now time.Time) time.Time { return now.Add(24 * time.Hour).Truncate(time.Hour) }

// reminders measures n reminders that are due from a time on.
func reminders(from func(now time.Time) time.Time) func(context.Context, string, experiment.Scale) (experiment.Result, error) {
	return func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
		n, err := count(row)
		if err != nil {
			return experiment.Result{}, err
		}
		plan := alarm.Plan{Reminders: evenly(n, from(time.Now()), spread), Each: together}
		inUse, err := timetable(ctx, plan) // before a store has left anything in memory
		r := experiment.Result{Sent: uint64(n), Figures: map[string]float64{
			"model": ReminderBytes(n), "in_use": inUse, "bytes_per_reminder": inUse / float64(n),
		}}
		if err != nil {
			return r, err
		}
		err = remember(ctx, plan, &r)
		return r, err
	}
}

// evenly spreads n due times over a duration.
func evenly(n int, from time.Time, over time.Duration) []alarm.Reminder {
	all := make([]alarm.Reminder, n)
	for i := range all {
		all[i] = alarm.Reminder{Number: i, Due: from.Add(over * time.Duration(i) / time.Duration(n))}
	}
	return all
}

// remember sets the plan on the embedded store and opens it again.
func remember(ctx context.Context, plan alarm.Plan, r *experiment.Result) (err error) {
	dir, err := os.MkdirTemp("", "hayauma-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	n := float64(len(plan.Reminders))
	g, err := started(alarm.Embedded(ctx, dir, silent{}))(ctx)
	if err != nil {
		return err
	}
	before, err := g.Stats(ctx)
	if err != nil {
		return errors.Join(err, g.Close(ctx))
	}
	began := time.Now()
	err = g.Set(ctx, plan)
	r.Seconds = time.Since(began).Seconds()
	after, errStats := g.Stats(ctx)
	if err := errors.Join(err, errStats, g.Close(ctx)); err != nil {
		return err
	}
	began = time.Now()
	g, err = started(alarm.Embedded(ctx, dir, silent{}))(ctx)
	if err != nil {
		return err
	}
	r.Figures["restart_ms"] = milliseconds(time.Since(began))
	r.Figures["set_us"] = r.Seconds / n * 1e6
	r.Figures["records"] = float64(after.Records - before.Records)
	r.Figures["stored_each"] = float64(after.Bytes-before.Bytes) / n
	return g.Close(ctx)
}

// timetable is what the plan takes on the heap after a restart, on a store that is in memory before. Who has set the reminders stays in memory
// until the end, so that nothing of it is freed between the two looks. Stacks, which shrink between them, are not the reminders'.
func timetable(ctx context.Context, plan alarm.Plan) (float64, error) {
	store := alarm.Memory()
	setter, err := started(alarm.On(store, silent{}))(ctx)
	if err != nil {
		return 0, err
	}
	if err := setter.Set(ctx, plan); err != nil {
		return 0, errors.Join(err, setter.Close(ctx))
	}
	g, err := alarm.On(store, silent{})
	if err != nil {
		return 0, errors.Join(err, setter.Close(ctx))
	}
	before, errBefore := footprint.Look()
	errStart := g.Start(ctx)
	after, errAfter := footprint.Look()
	return after.Heap - before.Heap, errors.Join(errBefore, errStart, errAfter, g.Close(ctx), setter.Close(ctx))
}

// started starts a ground that was just opened, or passes its error on.
func started(g *alarm.Ground, err error) func(context.Context) (*alarm.Ground, error) {
	return func(ctx context.Context) (*alarm.Ground, error) {
		if err != nil {
			return nil, err
		}
		if err := g.Start(ctx); err != nil {
			return nil, errors.Join(err, g.Close(ctx))
		}
		return g, nil
	}
}

// silent hears nothing, because nothing is due.
type silent struct{}

// Rung implements alarm.Bell.
func (silent) Rung(int, time.Time, time.Time) {}

// Forgotten implements alarm.Bell.
func (silent) Forgotten(int) {}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
