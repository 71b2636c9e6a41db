// Bulb asks a smart bulb for its state, turns it on and asks again.
//
// A bulb is a grain: nobody creates it, its first message brings it into memory, and after 30 s without one it leaves again. What it
// knows is gone then, because this one keeps nothing; a bulb that should remember would be served by ServeDurable.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"hayauma.example/engine"
)

// Msg is the closed set of messages of a bulb.
type Msg interface{ bulbMsg() }

type (
	// GetState is answered with a State.
	GetState struct{}
	// TurnOn is answered with the State after it.
	TurnOn struct{}
)

func (GetState) bulbMsg() {}
func (TurnOn) bulbMsg()   {}

// State is what a bulb tells.
type State struct{ On bool }

// String returns "on" or "off".
func (s State) String() string {
	if s.On {
		return "on"
	}
	return "off"
}

// bulb is the actor.
type bulb struct{ state State }

// Handle implements engine.Actor.
func (b *bulb) Handle(c *engine.Context[Msg], m Msg) {
	switch m.(type) {
	case TurnOn:
		b.state.On = true
	case GetState:
	}
	c.Respond(b.state)
}

// Bulbs is the kind.
var Bulbs = engine.NewKind[Msg](engine.KindConfig{Name: "bulb", Role: "home", Idle: 30 * time.Second})

// Bulb is a client for one bulb: what its users see of actors.
type Bulb struct{ ref engine.Ref[Msg] }

// State asks whether the bulb is on.
func (b Bulb) State() (State, error) {
	return engine.AskTimeout[State, Msg](b.ref, GetState{}, time.Second)
}

// TurnOn turns the bulb on.
func (b Bulb) TurnOn() (State, error) {
	return engine.AskTimeout[State, Msg](b.ref, TurnOn{}, time.Second)
}

// home starts a system that hosts bulbs.
func home() (*engine.System, error) {
	s, err := engine.New(engine.Config{})
	if err == nil {
		engine.Serve(s, Bulbs, func(string) engine.Actor[Msg] { return &bulb{} })
	}
	return s, err
}

func run(ctx context.Context) error {
	s, err := home()
	if err != nil {
		return err
	}
	defer s.Kill()
	kitchen := Bulb{Bulbs.Ref(s, "kitchen")}
	for _, step := range []func() (State, error){kitchen.State, kitchen.TurnOn, kitchen.State} {
		state, err := step()
		if err != nil {
			return err
		}
		fmt.Println("the kitchen's bulb is", state)
	}
	return s.Stop(ctx)
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
