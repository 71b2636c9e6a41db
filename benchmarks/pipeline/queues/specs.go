package queues

import (
	"cmp"
	"fmt"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/servers"
)

// most is how many recipients one multicast has, as LINE allows.
const most = 500

// The numbers of PHP processes: what is best on two cores without latency, and what a shop with a slow provider would run.
const (
	phpFew  = 32
	phpMany = 128
)

// Specs are the queues.
func Specs() []pipeline.Spec {
	return []pipeline.Spec{
		{
			Name: "asynq", Peer: true, Durable: true, Missing: servers.MissingRedis, Open: openAsynq,
			About: "asynq v0.26.0 on Redis (Unix socket, AOF everysec): one process, concurrency as calls in flight, 64 connections, delayed tasks looked for every " +
				"second (default 5), an empty queue every 2 ms (default 1 s), enqueued by 64 goroutines; workers run on a paused queue, which is unpaused at the due time",
		},
		{
			Name: "river", Peer: true, Durable: true, Missing: servers.MissingPostgres, Open: openRiver,
			About: "River v0.30.0 on PostgreSQL (Unix socket, shared_buffers 256 MB, commits synced): one process, MaxWorkers as calls in flight, 32 connections with " +
				"custom plans, FetchCooldown 5 ms, FetchPollInterval 10 ms, inserted by COPY of 5,000, rescue after 20 s (default 1 h); workers run on a paused queue, " +
				"which is resumed at the due time",
		},
		phpSpecOf("php", phpFew), phpSpecOf("php-128", phpMany),
	}
}

func phpSpecOf(name string, workers int) pipeline.Spec {
	return pipeline.Spec{
		Name: name, Peer: true, Durable: true, Open: openPHP(workers),
		Missing: func() string { return cmp.Or(servers.MissingRedis(), missingPHP()) },
		About: fmt.Sprintf("Redis list and sorted sets (Unix socket, AOF everysec), %d PHP CLI processes with a kept curl connection each, one Lua round trip a "+
			"job, a process that moves due jobs every 10 ms, work in hand taken over after 30 s; interpreters are started before the job is, whatever may be in flight",
			workers),
	}
}

// Children are the sending processes in Go.
func Children() experiment.Children {
	return experiment.Children{asynqChild: sender(dialAsynq), riverChild: sender(dialRiver)}
}
