package schedule

import (
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/schedule/alarm"
)

// Work is what a system is to do: Due tasks that fall due over Over, numbered from 0, while Pending others wait that fall due much later.
type Work struct {
	Due     int
	Over    time.Duration // 0: all at one instant
	Pending int
}

// Tasks are the due times of the work's tasks, by number.
func (w Work) Tasks(first time.Time) []time.Time {
	dues := make([]time.Time, w.Due)
	for i := range dues {
		dues[i] = first.Add(w.Over * time.Duration(i) / time.Duration(w.Due))
	}
	return dues
}

// pending are the others: due when no cell runs any more.
func (w Work) pending(now time.Time) []alarm.Reminder {
	all := make([]alarm.Reminder, w.Pending)
	from := now.Add(quiet)
	for i := range all {
		all[i] = alarm.Reminder{Number: w.Due + i, Due: from.Add(20 * time.Minute * time.Duration(i) / time.Duration(w.Pending))}
	}
	return all
}

// quiet is how far ahead the others are due: within the next hour, so that the timetable holds them in memory.
const quiet = 30 * time.Minute

// reminders are the work's tasks as an engine takes them.
func reminders(dues []time.Time) []alarm.Reminder {
	all := make([]alarm.Reminder, len(dues))
	for i, due := range dues {
		all[i] = alarm.Reminder{Number: i, Due: due}
	}
	return all
}

// SlowError reports that tasks were set after the first was due, so that their lateness would be the setter's.
type SlowError struct{ After time.Duration }

func (e *SlowError) Error() string {
	return fmt.Sprintf("schedule: the last task was set %v after the first was due: the machine is too busy to measure lateness", e.After)
}

// inTime is nil before the first due time.
func inTime(first time.Time) error {
	if late := time.Since(first); late > 0 {
		return &SlowError{late}
	}
	return nil
}

// at is the work at a scale.
func (w Work) at(scale experiment.Scale) (Work, error) {
	switch scale {
	case experiment.Full:
		return w, nil
	case experiment.Short:
		return Work{Due: w.Due / 50, Over: w.Over, Pending: w.Pending / 50}, nil
	}
	return w, &experiment.ScaleError{Scale: scale}
}
