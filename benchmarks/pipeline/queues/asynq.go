package queues

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/servers"
)

const (
	asynqChild = "queues-asynq"
	asynqQueue = "default"
	asynqTask  = "deliver"

	asynqConnections = 64
	asynqEnqueuers   = 64 // asynq has no call for many tasks at once

	asynqEmptyPoll = 2 * time.Millisecond // while the queue is empty or paused

	retryDelay   = time.Second // after an answer that asks for another attempt
	mostAttempts = 25          // asynq's and River's default, and so everyone's
)

func asynqRedis(address string) asynq.RedisClientOpt {
	return asynq.RedisClientOpt{Network: "unix", Addr: address, PoolSize: asynqConnections}
}

// asynqConfig is what differs from asynq's defaults: concurrency as asked, an empty queue looked at every 2 ms instead of every second,
// delayed tasks looked for every second instead of five, a fixed delay, no lines about its course.
func asynqConfig(concurrency int) asynq.Config {
	return asynq.Config{
		Concurrency:              concurrency,
		TaskCheckInterval:        asynqEmptyPoll,
		DelayedTaskCheckInterval: time.Second,
		RetryDelayFunc:           func(int, error, *asynq.Task) time.Duration { return retryDelay },
		LogLevel:                 asynq.ErrorLevel,
	}
}

// asynqStore is the parent's view of asynq.
type asynqStore struct {
	address string
	redis   *redis.Client
}

func openAsynq(ctx context.Context, dir string) (pipeline.System, error) {
	server, err := servers.Redis(ctx, dir)
	if err != nil {
		return nil, err
	}
	s := &asynqStore{address: server.Address, redis: dialRedis(server.Address)}
	return newSystem(ctx, server, s, 20*time.Millisecond)
}

func (s *asynqStore) staff(bool, func(*experiment.Process)) error { return nil } // its process starts with the job

func (s *asynqStore) launch(_ context.Context, job pipeline.Job, fresh bool, join func(*experiment.Process)) error {
	p, err := experiment.StartChild(asynqChild, orders{Address: s.address, Job: job, Fresh: fresh})
	if err == nil {
		join(p)
	}
	return err
}

func (s *asynqStore) begin(_ context.Context, pids []int) error { return signalAll(pids) }

// settled counts at one instant. Asynq's inspector would sample the queue's memory too, at Redis's expense.
func (s *asynqStore) settled(ctx context.Context) (bool, error) {
	const prefix = "asynq:{" + asynqQueue + "}:"
	tx := s.redis.TxPipeline()
	pending, active := tx.LLen(ctx, prefix+"pending"), tx.LLen(ctx, prefix+"active")
	scheduled, retry := tx.ZCard(ctx, prefix+"scheduled"), tx.ZCard(ctx, prefix+"retry")
	if _, err := tx.Exec(ctx); err != nil {
		return false, err
	}
	return pending.Val()+active.Val()+scheduled.Val()+retry.Val() == 0, nil
}

func (s *asynqStore) close() error { return s.redis.Close() }

// asynqQueueClient is asynq inside a sending process.
type asynqQueueClient struct {
	client    *asynq.Client
	server    *asynq.Server
	inspector *asynq.Inspector
	paused    bool // by this process
	post      *poster
}

func dialAsynq(ctx context.Context, o orders, post *poster) (queue, error) {
	redis := asynqRedis(o.Address)
	config := asynqConfig(inFlight(o.Job))
	config.BaseContext = func() context.Context { return ctx }
	return &asynqQueueClient{
		client: asynq.NewClient(redis), server: asynq.NewServer(redis, config), inspector: asynq.NewInspector(redis), post: post,
	}, nil
}

func (q *asynqQueueClient) work(_ context.Context, paused bool) error {
	if paused {
		if err := q.inspector.PauseQueue(asynqQueue); err != nil {
			return err
		}
		q.paused = true
	}
	return q.server.Start(asynq.HandlerFunc(q.handle))
}

// resume looks first where it doesn't know: unpausing a queue that isn't paused is an error.
func (q *asynqQueueClient) resume(context.Context) error {
	if !q.paused {
		info, err := q.inspector.GetQueueInfo(asynqQueue)
		if err != nil || !info.Paused {
			return err
		}
	}
	return q.inspector.UnpauseQueue(asynqQueue)
}

func (q *asynqQueueClient) compose(ctx context.Context, job pipeline.Job) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan request, asynqEnqueuers)
	var all sync.WaitGroup
	for range asynqEnqueuers {
		all.Go(func() {
			for r := range work {
				if err := q.enqueue(ctx, r); err != nil {
					stop(err)
				}
			}
		})
	}
	recipients := 0
	for r, err := range requests(job, most) {
		if err != nil || ctx.Err() != nil {
			stop(err)
			break
		}
		recipients += len(r.To)
		work <- r
	}
	close(work)
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return check(job, recipients)
}

func (q *asynqQueueClient) enqueue(ctx context.Context, r request) error {
	payload, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = q.client.EnqueueContext(ctx, asynq.NewTask(asynqTask, payload), asynq.MaxRetry(mostAttempts))
	return err
}

func (q *asynqQueueClient) handle(ctx context.Context, task *asynq.Task) error {
	var r request
	if err := json.Unmarshal(task.Payload(), &r); err != nil {
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	err := q.post.post(ctx, r)
	if final(err) {
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry) // archived
	}
	return err
}
