package redisqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Address says where the Redis server is.
type Address struct {
	Addr     string // HOST:PORT, the path of a socket, or a URL: redis://, rediss:// (TLS), unix://
	User     string // empty: as the URL says
	Password string // likewise
	DB       int    // likewise for 0
}

// Server is a connection to Redis.
type Server struct{ redis *redis.Client }

// Connect finds the server. Its errors name it.
func Connect(ctx context.Context, a Address) (*Server, error) {
	o, err := a.options()
	if err != nil {
		return nil, err
	}
	redis.SetLogger(silence{}) // every failure comes back as an error
	s := &Server{redis.NewClient(o)}
	if err := s.redis.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("no answer from Redis at %s: %w; set --addr, and REDIS_PASSWORD where it asks for one", o.Addr, err), s.Close())
	}
	return s, nil
}

func (a Address) options() (*redis.Options, error) {
	o := &redis.Options{Addr: a.Addr}
	switch {
	case strings.Contains(a.Addr, "://"):
		var err error
		if o, err = redis.ParseURL(a.Addr); err != nil {
			return nil, fmt.Errorf("--addr: %w", err)
		}
	case strings.HasPrefix(a.Addr, "/"):
		o.Network = "unix"
	}
	if a.User != "" {
		o.Username = a.User
	}
	if a.Password != "" {
		o.Password = a.Password
	}
	if a.DB != 0 {
		o.DB = a.DB
	}
	o.DisableIdentity, o.ContextTimeoutEnabled = true, true
	o.MaxRetries = -1 // a removal that is repeated would find its job gone
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o, nil
}

type silence struct{}

// Printf implements the client's logger.
func (silence) Printf(context.Context, string, ...any) {}

// Close ends the connection.
func (s *Server) Close() error { return s.redis.Close() }

// is refuses a key that holds something else. One that doesn't exist holds nothing.
func (s *Server) is(ctx context.Context, key, want string) error {
	switch kind, err := s.redis.Type(ctx, key).Result(); {
	case err != nil:
		return fmt.Errorf("key %s: %w", key, err)
	case kind != want && kind != "none":
		return fmt.Errorf("key %s is a %s, not a %s", key, kind, want)
	}
	return nil
}

// List is the stage of jobs that are ready.
func (s *Server) List(ctx context.Context, key string) (Stage, error) {
	return list{s.redis, key}, s.is(ctx, key, "list")
}

// SortedSet is the stage of delayed jobs.
func (s *Server) SortedSet(ctx context.Context, key string, unit Unit) (Stage, error) {
	return sortedSet{s.redis, key, unit}, s.is(ctx, key, "zset")
}

type list struct {
	redis *redis.Client
	key   string
}

// Name implements [Stage].
func (l list) Name() string { return "list " + l.key }

// Page implements [Stage].
func (l list) Page(ctx context.Context, from, n int64) ([]Job, error) {
	payloads, err := l.redis.LRange(ctx, l.key, from, from+n-1).Result()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Name(), err)
	}
	jobs := make([]Job, len(payloads))
	for i, p := range payloads {
		jobs[i] = Job{Payload: p}
	}
	return jobs, nil
}

// Remove implements [Stage]. Jobs are looked for from the list's head, where they were read.
func (l list) Remove(ctx context.Context, jobs []Job) (gone int, err error) {
	return remove(ctx, l.redis, l.Name(), jobs, func(p redis.Pipeliner, j Job) *redis.IntCmd { return p.LRem(ctx, l.key, 1, j.Payload) })
}

type sortedSet struct {
	redis *redis.Client
	key   string
	unit  Unit
}

// Name implements [Stage].
func (z sortedSet) Name() string { return "zset " + z.key }

// Page implements [Stage].
func (z sortedSet) Page(ctx context.Context, from, n int64) ([]Job, error) {
	members, err := z.redis.ZRangeWithScores(ctx, z.key, from, from+n-1).Result()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", z.Name(), err)
	}
	jobs := make([]Job, len(members))
	for i, m := range members {
		payload, _ := m.Member.(string)
		jobs[i] = z.unit.Delayed(payload, m.Score)
	}
	return jobs, nil
}

// Remove implements [Stage].
func (z sortedSet) Remove(ctx context.Context, jobs []Job) (gone int, err error) {
	return remove(ctx, z.redis, z.Name(), jobs, func(p redis.Pipeliner, j Job) *redis.IntCmd { return p.ZRem(ctx, z.key, j.Payload) })
}

// remove has the server take out one job after the other, in one round trip.
func remove(ctx context.Context, c *redis.Client, name string, jobs []Job, one func(redis.Pipeliner, Job) *redis.IntCmd) (gone int, err error) {
	removed := make([]*redis.IntCmd, 0, len(jobs))
	if _, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, j := range jobs {
			removed = append(removed, one(p, j))
		}
		return nil
	}); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	for _, r := range removed {
		if r.Val() == 0 {
			gone++
		}
	}
	return gone, nil
}
