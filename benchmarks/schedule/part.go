package schedule

import (
	"context"
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/scale/daemon"
)

// Part is what is measured of starts.
func Part() experiment.Part {
	return experiment.Part{
		Name:        "schedule",
		Title:       "How late scheduled work starts",
		Experiments: []experiment.Experiment{tenThousand(), few(tenThousand()), spread(), instant(), campaigns()},
	}
}

// contender is a system with tasks that start at a time.
type contender struct {
	experiment.Row
	missing func() string // why this machine can't run it; nil: it always can
	run     func(ctx context.Context, w Work) (experiment.Result, error)
}

func basic() []contender {
	return []contender{
		{Row: experiment.Row{Name: "hayauma", About: "reminders of durable grains of this engine, on the embedded store; forgotten durably in the handler"},
			run: ours},
		{Row: experiment.Row{Name: "timers", About: "one of Go's timers for each task, not durable: the floor"}, run: timers},
	}
}

// compare makes an experiment of the same work for all.
func compare(e experiment.Experiment, w Work, all []contender) experiment.Experiment {
	byName := map[string]contender{}
	for _, c := range all {
		e.Rows = append(e.Rows, c.Row)
		byName[c.Name] = c
	}
	e.Figures = figures
	e.Text += waits
	e.Missing = func(row string) string {
		if missing := byName[row].missing; missing != nil {
			return missing()
		}
		return ""
	}
	e.Needs = func(_ string, _ experiment.Scale) uint64 { return 256<<20 + uint64(w.Pending+w.Due)*2000 }
	e.Run = func(ctx context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
		c, ok := byName[row]
		if !ok {
			return experiment.Result{}, &RowError{row}
		}
		work, err := w.at(scale)
		if err != nil {
			return experiment.Result{}, err
		}
		return c.run(ctx, work)
	}
	return e
}

// RowError names a row that is not there.
type RowError struct{ Row string }

func (e *RowError) Error() string { return fmt.Sprintf("schedule: there is no row %q", e.Row) }

func rounds(short, full int) map[experiment.Scale]int {
	return map[experiment.Scale]int{experiment.Short: short, experiment.Full: full}
}

func patience(short, full time.Duration) map[experiment.Scale]time.Duration {
	return map[experiment.Scale]time.Duration{experiment.Short: short, experiment.Full: full}
}

// waits is what every table says.
var waits = fmt.Sprintf(" A task that begins before it is due counts as early and as late by nothing; one that hasn't begun %.0f s after the last due time "+
	"is lost, in every row.", patient.Seconds())

const fiftieth = " At the short scale it is a fiftieth of that."

func tenThousand() experiment.Experiment {
	return compare(experiment.Experiment{
		Name: "schedule-10k", Title: "10,000 tasks due in one second",
		Text:   "Tasks due every 0.1 ms. A queue's tasks that are in their handlers twice count once.",
		Rounds: rounds(0, 3), Patience: patience(0, 2*time.Minute),
	}, Work{Due: 10_000, Over: time.Second}, append(basic(), queues()...))
}

// few is the short scale's own: without the queues, whose servers take seconds to start and which are tried at that scale elsewhere.
func few(e experiment.Experiment) experiment.Experiment {
	e.Name, e.Title, e.Text = e.Name+"-short", "200 tasks due in one second", ""
	e.Rows = e.Rows[:len(basic())]
	e.Rounds, e.Patience = rounds(1, 0), patience(time.Minute, 0)
	return e
}

func spread() experiment.Experiment {
	return compare(experiment.Experiment{
		Name: "schedule-1m-spread", Title: "A million pending, 100,000 of them due in one second",
		Text:   "Tasks due every 0.01 ms, each in a grain of its own that is in memory, while 900,000 others wait in the same timetable." + fiftieth,
		Rounds: rounds(1, 2), Patience: patience(time.Minute, 4*time.Minute),
	}, Work{Due: 100_000, Over: time.Second, Pending: 900_000}, basic())
}

func instant() experiment.Experiment {
	return compare(experiment.Experiment{
		Name: "schedule-1m-instant", Title: "A million pending, 100,000 of them due at one instant",
		Text:   "The same with one due time for all: the slowest is the time until all are in their handlers." + fiftieth,
		Rounds: rounds(1, 2), Patience: patience(time.Minute, 4*time.Minute),
	}, Work{Due: 100_000, Pending: 900_000}, basic())
}

func campaigns() experiment.Experiment {
	return compare(experiment.Experiment{
		Name: "schedule-campaigns", Title: "200 campaigns due at one instant",
		Text: "The shipped daemon with 200 campaigns of one recipient each on one channel, all due at one instant; lateness is that of the message's arrival at " +
			"the simulator. It ends with a provider call, " +
			"so it can't be held against the tables above." + fiftieth,
		Rounds: rounds(1, 3), Patience: patience(time.Minute, time.Minute),
	}, Work{Due: 200}, []contender{{
		Row:     experiment.Row{Name: "hayauma", About: "the shipped daemon, from due time to the simulator"},
		missing: daemon.Missing, run: delivered,
	}})
}
