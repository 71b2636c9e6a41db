package systems

import (
	"context"

	"github.com/tochemey/goakt/v3/actor"
	"github.com/tochemey/goakt/v3/log"
)

// goakt is GoAkt with its default mailbox and supervision; its actors stay, as all others do.
type goakt struct {
	sys  actor.ActorSystem
	ctx  context.Context // of all calls: GoAkt keeps it with each message
	pids []*actor.PID
}

func openGoakt(ctx context.Context) (System, error) {
	sys, err := actor.NewActorSystem("bench", actor.WithLogger(log.DiscardLogger))
	if err != nil {
		return nil, err
	}
	g := &goakt{sys: sys, ctx: context.WithoutCancel(ctx)}
	return g, sys.Start(ctx)
}

type goaktActor struct {
	account
	owner *goakt
}

// PreStart does nothing.
func (*goaktActor) PreStart(*actor.Context) error { return nil }

// PostStop does nothing.
func (*goaktActor) PostStop(*actor.Context) error { return nil }

// Receive counts, answers and passes on.
func (a *goaktActor) Receive(c *actor.ReceiveContext) {
	m, ok := c.Message().(*Message)
	if !ok {
		return // GoAkt's own: started
	}
	switch do, to := a.take(m); do {
	case nothing:
	case answer:
		c.Response(m)
	case pass:
		c.Tell(a.owner.pids[to], m)
	}
}

// Spawn starts an actor.
func (g *goakt) Spawn(id string, first *Message) error {
	pid, err := g.sys.Spawn(g.ctx, id, &goaktActor{owner: g}, actor.WithLongLived())
	if err != nil {
		return err
	}
	g.pids = append(g.pids, pid)
	return actor.Tell(g.ctx, pid, first)
}

// Ready does nothing.
func (g *goakt) Ready() {}

// Tell sends from outside; an error is a lost message, which is counted as such.
func (g *goakt) Tell(i int, m *Message) { _ = actor.Tell(g.ctx, g.pids[i], m) }

// Ask asks from outside.
func (g *goakt) Ask(ctx context.Context, i int, m *Message) (*Message, error) {
	got, err := actor.Ask(ctx, g.pids[i], m, timeout)
	return answered(got, err)
}

// Drop forgets the PIDs.
func (g *goakt) Drop() { g.pids = nil }

// Close stops the system.
func (g *goakt) Close() error { return g.sys.Stop(g.ctx) }
