package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hayauma.example/engine"
)

// GreeterMsg is the closed set of messages of a greeter.
type GreeterMsg interface{ greeterMsg() }

// Greet asks for a greeting.
type Greet struct{ Who string }

func (Greet) greeterMsg() {}

// Greeter counts whom it has greeted.
type Greeter struct{ greeted int }

// Handle implements engine.Actor.
func (g *Greeter) Handle(c *engine.Context[GreeterMsg], m GreeterMsg) {
	switch m := m.(type) {
	case Greet:
		g.greeted++
		c.Respond(fmt.Sprintf("%s greets %s, its number %d", c.ID(), m.Who, g.greeted))
	}
}

// Greeters names the kind; it is the same value wherever greeters are served or sent to.
var Greeters = engine.NewKind[GreeterMsg](engine.KindConfig{Name: "greeter", Role: "example"})

func Example() {
	ctx := context.Background()
	s, err := engine.New(engine.Config{})
	if err != nil {
		panic(err)
	}
	engine.Serve(s, Greeters, func(string) engine.Actor[GreeterMsg] { return &Greeter{} })

	yuki := Greeters.Ref(s, "yuki")
	yuki.Tell(Greet{"Aoi"})
	answer, err := engine.Ask[string, GreeterMsg](ctx, yuki, Greet{"Ren"})
	fmt.Println(answer, err)
	fmt.Println(s.Stop(ctx))
	// Output:
	// yuki greets Ren, its number 2 <nil>
	// <nil>
}

// A question with a timeout of its own needs no context.
func ExampleAskTimeout() {
	s, err := engine.New(engine.Config{})
	if err != nil {
		panic(err)
	}
	defer s.Kill()
	engine.Serve(s, Greeters, func(string) engine.Actor[GreeterMsg] { return &Greeter{} })

	answer, err := engine.AskTimeout[string, GreeterMsg](Greeters.Ref(s, "yuki"), Greet{"Ren"}, 10*time.Second)
	if errors.Is(err, context.DeadlineExceeded) {
		fmt.Println("yuki is busy")
		return
	}
	fmt.Println(answer, err)
	// Output: yuki greets Ren, its number 1 <nil>
}
