package queues

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"hayauma.example/benchmarks/servers"
)

const asynqDelayedPoll = 10 * time.Millisecond

// asynqLateness measures asynq, which looks for delayed tasks and at an empty queue so often; 0 is asynq's default.
func asynqLateness(delayed, empty time.Duration) func(context.Context, string, int, time.Time) ([]time.Duration, error) {
	return func(ctx context.Context, dir string, n int, due time.Time) (late []time.Duration, err error) {
		store, err := servers.Redis(ctx, dir)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		redis, all := asynqRedis(store.Address), newArrivals(n)
		config := asynqConfig(schedulerWorkers)
		config.DelayedTaskCheckInterval, config.TaskCheckInterval = delayed, empty
		server := asynq.NewServer(redis, config)
		if err := server.Start(asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error { return all.add(string(t.Payload())) })); err != nil {
			return nil, err
		}
		defer server.Shutdown()
		if err := scheduleAsynq(ctx, redis, times(n, due)); err != nil {
			return nil, err
		}
		if err := inTime(due); err != nil {
			return nil, err
		}
		return all.wait(ctx)
	}
}

// scheduleAsynq schedules a task for each time, by as many goroutines as compose a campaign.
func scheduleAsynq(ctx context.Context, redis asynq.RedisClientOpt, at []time.Time) error {
	client := asynq.NewClient(redis)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for first := range asynqEnqueuers {
		all.Go(func() {
			for i := first; i < len(at) && ctx.Err() == nil; i += asynqEnqueuers {
				if _, err := client.EnqueueContext(ctx, asynq.NewTask(asynqTask, []byte(nanos(at[i]))), asynq.ProcessAt(at[i])); err != nil {
					stop(err)
				}
			}
		})
	}
	all.Wait()
	return errors.Join(context.Cause(ctx), client.Close())
}
