package queues

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"hayauma.example/benchmarks/servers"
)

// Scheduler is a queue that starts tasks at their times.
type Scheduler struct {
	Name    string
	About   string        // for the reader of a table: configuration and version
	Missing func() string // why this machine can't run it; "" when it can

	Punctual bool // no task starts before its time

	// Lateness schedules n tasks, evenly over the second that begins at due, and returns how late each was in its handler, in no
	// order; below 0 is early. All tasks have to be scheduled before due: allow a second for every 5,000, and a few to start servers
	// in dir. The workers run in this process, PHP's in their own.
	Lateness func(ctx context.Context, dir string, n int, due time.Time) ([]time.Duration, error)
}

// schedulerWorkers is how many tasks the queues in Go handle at once.
const schedulerWorkers = 256

// asynqEarly is why asynq's rows are not punctual.
const asynqEarly = ". It keeps times in whole seconds, rounded down, and so starts tasks up to 1 s early: no candidate for best peer"

// Schedulers are the queues that can start tasks at their times.
func Schedulers() []Scheduler {
	return []Scheduler{
		{
			Name: "asynq-default", Missing: servers.MissingRedis, Lateness: asynqLateness(0, 0),
			About: "asynq v0.26.0 on Redis (AOF everysec), delayed tasks looked for every 5 s and an empty queue every second, as by default" + asynqEarly,
		},
		{
			Name: "asynq", Missing: servers.MissingRedis, Lateness: asynqLateness(asynqDelayedPoll, asynqEmptyPoll),
			About: "the same, delayed tasks looked for every 10 ms, an empty queue every 2 ms" + asynqEarly,
		},
		{
			Name: "river-default", Punctual: true, Missing: servers.MissingPostgres, Lateness: riverLateness(0, 0),
			About: "River v0.30.0 on PostgreSQL, FetchCooldown 100 ms and FetchPollInterval 1 s as by default",
		},
		{
			Name: "river", Punctual: true, Missing: servers.MissingPostgres, Lateness: riverLateness(riverFetchCooldown, riverFetchPoll),
			About: "the same, FetchCooldown 5 ms, FetchPollInterval 10 ms. Its scheduler's interval of 5 s can't be set, but it looks that far ahead",
		},
		{
			Name: "php", Punctual: true, Missing: func() string { return cmp.Or(servers.MissingRedis(), missingPHP()) }, Lateness: phpLateness,
			About: "Redis sorted set (AOF everysec), a process that moves due jobs to a list every 10 ms, 32 PHP CLI processes",
		},
	}
}

// TooLateError says that the tasks could not be scheduled before they were due.
type TooLateError struct{ By time.Duration }

func (e *TooLateError) Error() string {
	return fmt.Sprintf("queues: scheduling ended %s after the due time: give a later one", e.By)
}

// inTime checks that all was scheduled before due.
func inTime(due time.Time) error {
	if by := time.Since(due); by > 0 {
		return &TooLateError{by}
	}
	return nil
}

// times are the tasks' times: n evenly over the second that begins at due.
func times(n int, due time.Time) []time.Time {
	all := make([]time.Time, n)
	for i := range all {
		all[i] = due.Add(time.Second * time.Duration(i) / time.Duration(n))
	}
	return all
}

// nanos writes a time for a job's payload.
func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// since reads what nanos wrote and returns how long ago it was.
func since(text string) (time.Duration, error) {
	at, err := strconv.ParseInt(text, 10, 64)
	return time.Since(time.Unix(0, at)), err
}

// arrivals collect latenesses from handlers. A task that is handled twice counts once.
type arrivals struct {
	all chan struct{} // closed with the last one

	mu   sync.Mutex
	late map[string]time.Duration // by task
	want int
}

func newArrivals(n int) *arrivals {
	return &arrivals{all: make(chan struct{}), late: make(map[string]time.Duration, n), want: n}
}

// add notes one that is handled now.
func (a *arrivals) add(task string) error {
	late, err := since(task)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.late[task]; again {
		return nil
	}
	if a.late[task] = late; len(a.late) == a.want {
		close(a.all)
	}
	return nil
}

// wait returns all once the last one is there.
func (a *arrivals) wait(ctx context.Context) ([]time.Duration, error) {
	var err error
	select {
	case <-a.all:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	late := make([]time.Duration, 0, len(a.late))
	for _, l := range a.late {
		late = append(late, l)
	}
	return late, err
}
