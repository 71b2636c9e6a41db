package systems

import "context"

// goroutines is the model that Go suggests: one goroutine and one channel per actor. Who has the channel can send; there is no
// registry, no recovery and no supervision, and a full channel makes its sender wait.
type goroutines struct{ actors []chan *Message }

func openChan(context.Context) (System, error) { return &goroutines{}, nil }

// goroutine is one actor; its identity is part of it, as in the other systems.
type goroutine struct {
	account
	owner *goroutines
	id    string
	in    chan *Message
}

func (g *goroutine) run() {
	for m := range g.in {
		g.handle(m)
	}
}

func (g *goroutine) handle(m *Message) {
	switch do, to := g.take(m); do {
	case nothing:
	case answer:
		m.reply <- m
	case pass:
		g.owner.actors[to] <- m
	}
}

// Spawn starts a goroutine.
func (s *goroutines) Spawn(id string, first *Message) error {
	g := &goroutine{owner: s, id: id, in: make(chan *Message, ring)}
	go g.run()
	g.in <- first
	s.actors = append(s.actors, g.in)
	return nil
}

// Ready does nothing.
func (s *goroutines) Ready() {}

// Tell waits while the channel is full.
func (s *goroutines) Tell(i int, m *Message) { s.actors[i] <- m }

// Ask waits on a channel that the caller uses again for its next question.
func (s *goroutines) Ask(ctx context.Context, i int, m *Message) (*Message, error) {
	if m.reply == nil {
		m.reply = make(chan *Message, 1)
	}
	s.actors[i] <- m
	select {
	case got := <-m.reply:
		return got, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Drop forgets the channels; each goroutine keeps its own.
func (s *goroutines) Drop() { s.actors = nil }

// Close lets the goroutines end whose channels are known.
func (s *goroutines) Close() error {
	for _, in := range s.actors {
		close(in)
	}
	return nil
}
