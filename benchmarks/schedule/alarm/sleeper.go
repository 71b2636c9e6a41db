package alarm

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"hayauma.example/engine"
)

// Reminder is one to set. Number names it among all.
type Reminder struct {
	Number int
	Due    time.Time
}

// Bell is told of reminders, on the workers of the engine: it is short and safe for concurrent use.
type Bell interface {
	Rung(number int, due, at time.Time) // it is in the handler
	Forgotten(number int)               // durably: it never fires again
}

// message is what a sleeper takes.
//
//sumtype:decl
type message interface{ sleeperMsg() }

type (
	// wake is answered.
	wake struct{}

	// set asks for reminders, which are stored in one append; the answer is nil or the error.
	set struct{ reminders []Reminder }

	// rung is a reminder that is due.
	rung struct {
		name   string
		number int
		due    time.Time
	}
)

func (wake) sleeperMsg() {}
func (set) sleeperMsg()  {}
func (rung) sleeperMsg() {}

// event is what a sleeper stores beside reminders: nothing.
type event interface{ sleeperEvent() }

// sleepers never leave memory by themselves.
var sleepers = newSleepers()

func newSleepers() *engine.Kind[message] {
	k := engine.NewKind[message](engine.KindConfig{Name: "sleeper", Role: role, Idle: -1})
	engine.OnReminder(k, func(name string, due time.Time, payload []byte) message {
		return rung{name, int(binary.BigEndian.Uint64(payload)), due}
	})
	return k
}

// sleeper is a durable grain without a state of its own.
type sleeper struct{ bell Bell }

// Apply implements engine.Durable; there are no events.
func (s *sleeper) Apply(event) {}

// Handle has one line per message.
func (s *sleeper) Handle(c *engine.Context[message], m message) {
	switch m := m.(type) {
	case wake:
		c.Respond(true)
	case set:
		s.set(c, m)
	case rung:
		s.rung(c, m)
	}
}

func (s *sleeper) set(c *engine.Context[message], m set) {
	for _, r := range m.reminders {
		c.Remind(fmt.Sprintf("r%d", r.Number), r.Due, binary.BigEndian.AppendUint64(nil, uint64(r.Number)))
	}
	engine.Persist[event](c, nil, func() { c.Respond(true) })
}

func (s *sleeper) rung(c *engine.Context[message], m rung) {
	s.bell.Rung(m.number, m.due, time.Now())
	c.Forget(m.name, m.due)
	engine.Persist[event](c, nil, func() { s.bell.Forgotten(m.number) })
}

// Plan is how reminders are spread over grains: each grain sets so many in one turn.
type Plan struct {
	Reminders []Reminder
	Each      int
}

// asking is how many grains are asked at once.
const asking = 512

// Awaken brings the plan's grains into memory, so that setting and firing need no replay.
func (g *Ground) Awaken(ctx context.Context, p Plan) error {
	return g.ask(ctx, p, func([]Reminder) message { return wake{} })
}

// Set sets all reminders of the plan, each grain those that follow each other, and returns when all are stored.
func (g *Ground) Set(ctx context.Context, p Plan) error {
	return g.ask(ctx, p, func(some []Reminder) message { return set{some} })
}

// ask asks each grain of the plan.
func (g *Ground) ask(ctx context.Context, p Plan, question func(some []Reminder) message) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan []Reminder)
	var askers sync.WaitGroup
	for range asking {
		askers.Go(func() {
			for some := range work {
				ref := sleepers.Ref(g.sys, fmt.Sprintf("U%032x", some[0].Number))
				if _, err := engine.Ask[bool](ctx, ref, question(some)); err != nil {
					cancel(err)
				}
			}
		})
	}
	for rest := p.Reminders; len(rest) > 0 && ctx.Err() == nil; {
		n := min(p.Each, len(rest))
		work <- rest[:n]
		rest = rest[n:]
	}
	close(work)
	askers.Wait()
	return context.Cause(ctx)
}
