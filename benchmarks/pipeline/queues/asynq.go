package queues

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/hibiken/asynq"

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

	retryDelay   = time.Second // after an answer that asks for another attempt
	mostAttempts = 25          // asynq's and River's default, and so everyone's
)

func asynqRedis(address string) asynq.RedisClientOpt {
	return asynq.RedisClientOpt{Network: "unix", Addr: address, PoolSize: asynqConnections}
}

// asynqConfig is what differs from asynq's defaults: concurrency as asked, delayed tasks looked for every second instead of five, a
// fixed delay, no lines about its course.
func asynqConfig(concurrency int) asynq.Config {
	return asynq.Config{
		Concurrency:              concurrency,
		DelayedTaskCheckInterval: time.Second,
		RetryDelayFunc:           func(int, error, *asynq.Task) time.Duration { return retryDelay },
		LogLevel:                 asynq.ErrorLevel,
	}
}

// asynqStore is the parent's view of asynq.
type asynqStore struct {
	address   string
	inspector *asynq.Inspector
}

func openAsynq(ctx context.Context, dir string) (pipeline.System, error) {
	server, err := servers.Redis(ctx, dir, servers.EverySecond)
	if err != nil {
		return nil, err
	}
	s := &asynqStore{address: server.Address, inspector: asynq.NewInspector(asynqRedis(server.Address))}
	return &system{server: server, store: s, every: 20 * time.Millisecond}, nil
}

func (s *asynqStore) launch(job pipeline.Job, fresh bool, join func(*experiment.Process)) error {
	p, err := experiment.StartChild(asynqChild, orders{Address: s.address, Job: job, Fresh: fresh})
	if err == nil {
		join(p)
	}
	return err
}

func (s *asynqStore) begin(_ context.Context, pids []int) error { return signalAll(pids) }

func (s *asynqStore) settled(context.Context) (bool, error) {
	info, err := s.inspector.GetQueueInfo(asynqQueue)
	if err != nil {
		return false, err
	}
	return info.Pending+info.Active+info.Scheduled+info.Retry == 0, nil
}

func (s *asynqStore) close() error { return s.inspector.Close() }

// asynqQueueClient is asynq inside a sending process.
type asynqQueueClient struct {
	client *asynq.Client
	server *asynq.Server
	post   *poster
}

func dialAsynq(ctx context.Context, o orders, post *poster) (queue, error) {
	redis := asynqRedis(o.Address)
	config := asynqConfig(inFlight(o.Job))
	config.BaseContext = func() context.Context { return ctx }
	return &asynqQueueClient{client: asynq.NewClient(redis), server: asynq.NewServer(redis, config), post: post}, nil
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

func (q *asynqQueueClient) work(context.Context) error {
	return q.server.Start(asynq.HandlerFunc(q.handle))
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
