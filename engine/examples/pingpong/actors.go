package main

import (
	"context"

	"hayauma.example/engine"
)

// Msg is the closed set of messages of a player.
type Msg interface{ playerMsg() }

type (
	// Serve begins a game of so many rounds with another player; it is answered with the number of strokes when the game is over.
	Serve struct {
		With   string // the other one's name
		Rounds int
	}
	// Ping comes from the other player, who waits for the Pong.
	Ping struct{}
	// Pong is the answer.
	Pong struct{}

	// over comes to the player itself.
	over struct {
		strokes int
		err     error
	}
)

func (Serve) playerMsg() {}
func (Ping) playerMsg()  {}
func (over) playerMsg()  {}

// player plays with whoever it is told to; where the other one is it can't tell.
type player struct{ reply engine.Reply }

// Handle implements engine.Actor.
func (p *player) Handle(c *engine.Context[Msg], m Msg) {
	switch m := m.(type) {
	case Serve:
		p.reply = c.Reply()
		other := Players.Ref(c.System(), m.With)
		c.Go(func(ctx context.Context) Msg { return play(ctx, other, m.Rounds) })
	case Ping:
		c.Respond(Pong{})
	case over:
		if m.err != nil {
			p.reply.Send(m.err)
			return
		}
		p.reply.Send(m.strokes)
	}
}

func play(ctx context.Context, other engine.Ref[Msg], rounds int) Msg {
	strokes := 0
	for range rounds {
		if _, err := engine.Ask[Pong, Msg](ctx, other, Ping{}); err != nil {
			return over{err: err}
		}
		strokes += 2
	}
	return over{strokes: strokes}
}

// Players is the kind.
var Players = engine.NewKind[Msg](engine.KindConfig{Name: "player", Role: "game"})
