package main

import (
	"context"
	"time"

	"hayauma.example/engine"
)

// Messages.
type (
	consumerMsg interface{ consumerMsg() }
	executorMsg interface{ executorMsg() }
	flowMsg     interface{ flowMsg() }

	poll    struct{}
	silence struct{}
	polled  struct {
		records []string
		first   int
		err     error
	}
	executed struct{ at int }

	execute struct {
		record string
		at     int
		from   engine.Ref[consumerMsg]
	}
	answered struct{ err error }
)

func (poll) consumerMsg()     {}
func (silence) consumerMsg()  {}
func (polled) consumerMsg()   {}
func (executed) consumerMsg() {}
func (execute) executorMsg()  {}
func (answered) executorMsg() {}

const (
	pollEvery = 100 * time.Millisecond // how long a consumer waits when the log has nothing new
	patience  = 10 * time.Second       // after so long without a word from the executor what was handed out is lost
)

// API is what records are sent to. A call with a key that it has seen changes nothing.
type API interface {
	Call(ctx context.Context, record string) error
}

// consumer reads the log.
type consumer struct {
	log      *Log
	executor engine.Ref[executorMsg]

	open   map[int]bool // records of the last poll that are not executed
	behind int          // position behind them
}

// Started joins the group. Whatever an earlier life has handed out is read again.
func (a *consumer) Started(c *engine.Context[consumerMsg]) {
	a.log.Join()
	c.ReceiveTimeout(patience, silence{})
	a.poll(c)
}

// Stopped leaves it, so that nobody has to find out.
func (a *consumer) Stopped() { a.log.Leave() }

// Handle implements engine.Actor.
func (a *consumer) Handle(c *engine.Context[consumerMsg], m consumerMsg) {
	switch m := m.(type) {
	case poll:
		a.poll(c)
	case silence:
		panic("the executor is silent")
	case polled:
		a.take(c, m)
	case executed:
		a.done(c, m)
	}
}

func (a *consumer) poll(c *engine.Context[consumerMsg]) {
	c.Go(func(context.Context) consumerMsg {
		records, first, err := a.log.Poll()
		return polled{records, first, err}
	})
}

func (a *consumer) take(c *engine.Context[consumerMsg], m polled) {
	switch {
	case m.err != nil:
		panic(m.err)
	case len(m.records) == 0:
		c.After(pollEvery, poll{})
		return
	}
	a.open, a.behind = make(map[int]bool), m.first+len(m.records)
	for i, r := range m.records {
		a.open[m.first+i] = true
		a.executor.Tell(execute{r, m.first + i, c.Self()})
	}
}

// done may be told of a record twice, or of one that an earlier life has handed out.
func (a *consumer) done(c *engine.Context[consumerMsg], m executed) {
	if !a.open[m.at] {
		return
	}
	delete(a.open, m.at)
	if len(a.open) == 0 {
		a.log.Commit(a.behind)
		a.poll(c)
	}
}

// executor calls the API, one record after another.
type executor struct {
	api   API
	queue []execute
}

// Handle implements engine.Actor.
func (a *executor) Handle(c *engine.Context[executorMsg], m executorMsg) {
	switch m := m.(type) {
	case execute:
		if a.queue = append(a.queue, m); len(a.queue) == 1 {
			a.call(c)
		}
	case answered:
		if m.err != nil {
			panic(m.err)
		}
		a.queue[0].from.Tell(executed{a.queue[0].at})
		if a.queue = a.queue[1:]; len(a.queue) > 0 {
			a.call(c)
		}
	}
}

func (a *executor) call(c *engine.Context[executorMsg]) {
	record := a.queue[0].record
	c.Go(func(ctx context.Context) executorMsg { return answered{a.api.Call(ctx, record)} })
}

// flow is their supervisor. No message goes through it.
type flow struct {
	log         *Log
	api         API
	supervision engine.Supervision // of both
}

// Started starts both.
func (a *flow) Started(c *engine.Context[flowMsg]) {
	option := engine.WithSupervision(a.supervision)
	second, err := engine.SpawnChild(c, "executor", func() engine.Actor[executorMsg] { return &executor{api: a.api} }, option)
	if err != nil {
		panic(err)
	}
	_, err = engine.SpawnChild(c, "consumer", func() engine.Actor[consumerMsg] { return &consumer{log: a.log, executor: second} }, option)
	if err != nil {
		panic(err)
	}
}

// Handle implements engine.Actor; nobody sends to a flow.
func (*flow) Handle(*engine.Context[flowMsg], flowMsg) {}

// forward runs a flow in a system.
func forward(s *engine.System, l *Log, api API, supervision engine.Supervision) (engine.Ref[flowMsg], error) {
	return engine.Spawn(s, "flow", func() engine.Actor[flowMsg] { return &flow{l, api, supervision} })
}
