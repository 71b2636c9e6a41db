package queues

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// reminder is River's job that is due at a time.
type reminder struct {
	At string `json:"at"`
}

// Kind implements [river.JobArgs].
func (reminder) Kind() string { return "reminder" }

// riverLateness measures River, which fetches due jobs every cooldown and poll; 0 is River's default.
func riverLateness(cooldown, poll time.Duration) func(context.Context, string, int, time.Time) ([]time.Duration, error) {
	return func(ctx context.Context, dir string, n int, due time.Time) (late []time.Duration, err error) {
		store, pool, err := startRiver(ctx, dir)
		if err != nil {
			return nil, err
		}
		defer func() {
			pool.Close()
			err = errors.Join(err, store.Close())
		}()
		all := newArrivals(n)
		workers := river.NewWorkers()
		handle := river.WorkFunc(func(_ context.Context, job *river.Job[reminder]) error { return all.add(job.Args.At) })
		if err := river.AddWorkerSafely(workers, handle); err != nil {
			return nil, err
		}
		config := riverConfig(workers, schedulerWorkers)
		config.FetchCooldown, config.FetchPollInterval = cooldown, poll
		client, err := river.NewClient(riverpgxv5.New(pool), config)
		if err != nil {
			return nil, err
		}
		if err := client.Start(ctx); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, client.StopAndCancel(context.WithoutCancel(ctx))) }()
		if err := scheduleRiver(ctx, pool, client, times(n, due)); err != nil {
			return nil, err
		}
		if err := inTime(due); err != nil {
			return nil, err
		}
		return all.wait(ctx)
	}
}

// inserter is the part of a River client that inserts.
type inserter interface {
	InsertManyFast(ctx context.Context, params []river.InsertManyParams) (int, error)
}

// scheduleRiver schedules a job for each time, as a campaign is composed.
func scheduleRiver(ctx context.Context, pool *pgxpool.Pool, client inserter, at []time.Time) error {
	for len(at) > 0 {
		n := min(riverBatch, len(at))
		batch := make([]river.InsertManyParams, n)
		for i, t := range at[:n] {
			batch[i] = river.InsertManyParams{Args: reminder{nanos(t)}, InsertOpts: &river.InsertOpts{ScheduledAt: t}}
		}
		if _, err := client.InsertManyFast(ctx, batch); err != nil {
			return err
		}
		at = at[n:]
	}
	_, err := pool.Exec(ctx, "ANALYZE river_job")
	return err
}
