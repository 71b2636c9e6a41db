package queues

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"hayauma.example/benchmarks/servers"
)

// phpReminder is a job that is due at a time.
type phpReminder struct {
	Key int     `json:"key"`
	Due float64 `json:"due"` // Unix seconds, as PHP has them: good to less than a microsecond
}

// phpLateness measures PHP processes on a sorted set.
func phpLateness(ctx context.Context, dir string, n int, due time.Time) (late []time.Duration, err error) {
	program, err := newPHPProgram(dir)
	if err != nil {
		return nil, err
	}
	store, err := servers.Redis(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.Remove(program.script))
	}
	client := dialRedis(store.Address)
	all := newCrew(new(atomic.Int64))
	defer func() {
		all.kill()
		err = errors.Join(err, client.Close(), store.Close(), os.Remove(program.script))
	}()
	spec := phpSpec{Address: store.Address, PollMicros: phpPoll.Microseconds(), Workers: phpFew}
	for i := range phpFew + 1 {
		role := "late"
		if i == phpFew {
			role = "move"
		}
		p, err := program.start(role, spec)
		if err != nil {
			return nil, err
		}
		all.join(p)
	}
	if err := all.prepared(ctx); err != nil {
		return nil, err
	}
	if err := schedulePHP(ctx, client, times(n, due)); err != nil {
		return nil, err
	}
	if err := inTime(due); err != nil {
		return nil, err
	}
	return collectPHP(ctx, client, all, n)
}

// schedulePHP adds a job for each time to the sorted set.
func schedulePHP(ctx context.Context, client *redis.Client, at []time.Time) error {
	const batch = 1000
	members := make([]redis.Z, 0, batch)
	for i, t := range at {
		seconds := float64(t.UnixNano()) / float64(time.Second)
		text, err := json.Marshal(phpReminder{i, seconds})
		if err != nil {
			return err
		}
		if members = append(members, redis.Z{Score: seconds, Member: text}); len(members) < batch && i < len(at)-1 {
			continue
		}
		if err := client.ZAdd(ctx, "jobs:delayed", members...).Err(); err != nil {
			return err
		}
		members = members[:0]
	}
	return nil
}

// collectPHP waits until n latenesses are recorded and reads them; after ctx those that are.
func collectPHP(ctx context.Context, client *redis.Client, all *crew, n int) ([]time.Duration, error) {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		have, err := client.LLen(ctx, "jobs:late").Result()
		if err != nil {
			return nil, err
		}
		if int(have) >= n {
			break
		}
		select {
		case err := <-all.ended:
			return nil, err
		case <-again.C:
		case <-ctx.Done():
			late, err := readPHP(context.WithoutCancel(ctx), client)
			return late, errors.Join(context.Cause(ctx), err)
		}
	}
	return readPHP(ctx, client)
}

// readPHP reads the latenesses that are recorded.
func readPHP(ctx context.Context, client *redis.Client) ([]time.Duration, error) {
	texts, err := client.LRange(ctx, "jobs:late", 0, -1).Result()
	if err != nil {
		return nil, err
	}
	late := make([]time.Duration, len(texts))
	for i, text := range texts {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		late[i] = time.Duration(seconds * float64(time.Second))
	}
	return late, nil
}
