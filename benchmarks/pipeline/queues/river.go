package queues

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/servers"
)

const (
	riverChild       = "queues-river"
	riverConnections = 32
	riverBatch       = 5000 // jobs of one InsertManyFast, which is one COPY in one transaction

	// A fetch that found few free workers is repeated when a job ends after it, or by the poll: with a slow provider many jobs end at
	// once, during the fetch, and then the poll decides. With 2,048 calls in flight cooldowns of 5, 20 and 50 ms are
	// equally fast.
	riverFetchCooldown = 5 * time.Millisecond
	riverFetchPoll     = 10 * time.Millisecond

	// One attempt ends by the client's 10 s. A job that is older than the rescue age was in a killed process.
	riverJobTimeout = 15 * time.Second
	riverRescue     = 20 * time.Second
)

// riverPool connects with custom plans: a plan made while the table was empty would be kept for a full one.
func riverPool(ctx context.Context, address string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	config.MaxConns = riverConnections
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	return pgxpool.NewWithConfig(ctx, config)
}

// riverConfig is what differs from River's defaults: workers as asked, jobs fetched up to every 5 ms instead of 100, polled for every
// 10 ms instead of a second, killed work rescued after 20 s instead of an hour, a fixed delay before another attempt.
func riverConfig(workers *river.Workers, most int) *river.Config {
	return &river.Config{
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: most}},
		Workers:              workers,
		FetchCooldown:        riverFetchCooldown,
		FetchPollInterval:    riverFetchPoll,
		JobTimeout:           riverJobTimeout,
		RescueStuckJobsAfter: riverRescue,
		MaxAttempts:          mostAttempts,
		RetryPolicy:          fixedDelay{},
		Logger:               slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
}

type fixedDelay struct{}

// NextRetry implements [river.ClientRetryPolicy].
func (fixedDelay) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(retryDelay) }

// riverStore is the parent's view of River.
type riverStore struct {
	address string
	pool    *pgxpool.Pool
}

func openRiver(ctx context.Context, dir string) (pipeline.System, error) {
	server, pool, err := startRiver(ctx, dir)
	if err != nil {
		return nil, err
	}
	return newSystem(ctx, server, &riverStore{address: server.Address, pool: pool}, 50*time.Millisecond)
}

// startRiver starts a server with River's tables.
func startRiver(ctx context.Context, dir string) (*servers.Server, *pgxpool.Pool, error) {
	server, err := servers.Postgres(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	pool, err := riverPool(ctx, server.Address)
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	if err := migrate(ctx, pool); err != nil {
		pool.Close()
		return nil, nil, errors.Join(err, server.Close())
	}
	return server, pool, nil
}

func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func (s *riverStore) staff(bool, func(*experiment.Process)) error { return nil } // its process starts with the job

func (s *riverStore) launch(_ context.Context, job pipeline.Job, fresh bool, join func(*experiment.Process)) error {
	p, err := experiment.StartChild(riverChild, orders{Address: s.address, Job: job, Fresh: fresh})
	if err == nil {
		join(p)
	}
	return err
}

func (s *riverStore) begin(_ context.Context, pids []int) error { return signalAll(pids) }

// settled looks for a job that is not finalized.
func (s *riverStore) settled(ctx context.Context) (bool, error) {
	var open bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled', 'pending'))`).Scan(&open)
	return !open, err
}

func (s *riverStore) close() error {
	s.pool.Close()
	return nil
}

// delivery is River's job.
type delivery struct{ request }

// Kind implements [river.JobArgs].
func (delivery) Kind() string { return "delivery" }

// riverQueue is River inside a sending process.
type riverQueue struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
}

func dialRiver(ctx context.Context, o orders, post *poster) (queue, error) {
	pool, err := riverPool(ctx, o.Address)
	if err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	handle := river.WorkFunc(func(ctx context.Context, job *river.Job[delivery]) error {
		err := post.post(ctx, job.Args.request)
		if final(err) {
			return river.JobCancel(err)
		}
		return err
	})
	if err := river.AddWorkerSafely(workers, handle); err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(pool), riverConfig(workers, inFlight(o.Job)))
	return &riverQueue{pool: pool, client: client}, err
}

func (q *riverQueue) compose(ctx context.Context, job pipeline.Job) error {
	recipients := 0
	var batch []river.InsertManyParams
	for r, err := range requests(job, most) {
		if err != nil {
			return err
		}
		recipients += len(r.To)
		if batch = append(batch, river.InsertManyParams{Args: delivery{r}}); len(batch) < riverBatch {
			continue
		}
		if err := q.insert(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	if err := q.insert(ctx, batch); err != nil {
		return err
	}
	// Autovacuum would do it within the minute.
	if _, err := q.pool.Exec(ctx, "ANALYZE river_job"); err != nil {
		return err
	}
	return check(job, recipients)
}

func (q *riverQueue) insert(ctx context.Context, batch []river.InsertManyParams) error {
	if len(batch) == 0 {
		return nil
	}
	_, err := q.client.InsertManyFast(ctx, batch)
	return err
}

func (q *riverQueue) work(ctx context.Context, paused bool) error {
	events, cancel := q.client.Subscribe(river.EventKindQueuePaused)
	defer cancel()
	if err := q.client.Start(ctx); err != nil || !paused {
		return err
	}
	return q.pause(ctx, events)
}

// pause returns when the workers know of it. It asks until then: what is asked before they listen is not heard.
func (q *riverQueue) pause(ctx context.Context, events <-chan *river.Event) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if err := q.client.QueuePause(ctx, river.QueueDefault, nil); err != nil {
			return err
		}
		select {
		case <-events:
			return nil
		case <-again.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (q *riverQueue) resume(ctx context.Context) error {
	return q.client.QueueResume(ctx, river.QueueDefault, nil)
}
