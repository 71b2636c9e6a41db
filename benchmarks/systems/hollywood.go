package systems

import (
	"context"
	"slices"

	"github.com/anthdm/hollywood/actor"
)

// hollywood is Hollywood's own actors on its own inboxes.
type hollywood struct {
	engine  *actor.Engine
	options []actor.OptFunc // but the id
	pids    []*actor.PID
}

// openHollywood opens an engine whose inboxes begin with the given size; 0: Hollywood's default.
func openHollywood(inbox int) func(context.Context) (System, error) {
	return func(context.Context) (System, error) {
		e, err := actor.NewEngine(actor.NewEngineConfig())
		if err != nil {
			return nil, err
		}
		h := &hollywood{engine: e}
		if inbox > 0 {
			h.options = append(h.options, actor.WithInboxSize(inbox))
		}
		return h, nil
	}
}

type hollywoodActor struct {
	account
	owner *hollywood
}

// Receive counts, answers and passes on.
func (a *hollywoodActor) Receive(c *actor.Context) {
	m, ok := c.Message().(*Message)
	if !ok {
		return // Hollywood's own: initialized, started
	}
	switch do, to := a.take(m); do {
	case nothing:
	case answer:
		c.Respond(m)
	case pass:
		a.owner.Tell(to, m)
	}
}

// Spawn starts an actor.
func (h *hollywood) Spawn(id string, first *Message) error {
	options := append(slices.Clip(h.options), actor.WithID(id))
	pid := h.engine.Spawn(func() actor.Receiver { return &hollywoodActor{owner: h} }, "bench", options...)
	h.engine.Send(pid, first)
	h.pids = append(h.pids, pid)
	return nil
}

// Ready does nothing.
func (h *hollywood) Ready() {}

// Tell sends through the engine.
func (h *hollywood) Tell(i int, m *Message) { h.engine.Send(h.pids[i], m) }

// Ask asks through the engine.
func (h *hollywood) Ask(_ context.Context, i int, m *Message) (*Message, error) {
	return answered(h.engine.Request(h.pids[i], m, timeout).Result())
}

// Drop forgets the PIDs.
func (h *hollywood) Drop() { h.pids = nil }

// Close stops the actors that are known; the engine itself has nothing that runs.
func (h *hollywood) Close() error {
	for _, pid := range h.pids {
		<-h.engine.Stop(pid).Done()
	}
	return nil
}
