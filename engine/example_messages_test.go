package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hayauma.example/engine"
)

// must is for examples: nothing of what they do fails.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Reception hands questions on to whoever knows.
type Reception struct{ expert engine.Ref[GreeterMsg] }

// Handle implements engine.Actor.
func (r *Reception) Handle(c *engine.Context[GreeterMsg], m GreeterMsg) {
	engine.Forward(c, r.expert, m)
}

// Who asks the reception gets the expert's answer.
func ExampleForward() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	engine.Serve(s, Greeters, func(string) engine.Actor[GreeterMsg] { return &Greeter{} })
	reception := must(engine.Spawn(s, "reception", func() engine.Actor[GreeterMsg] { return &Reception{Greeters.Ref(s, "yuki")} }))

	fmt.Println(engine.AskTimeout[string, GreeterMsg](reception, Greet{"Ren"}, time.Second))
	// Output: yuki greets Ren, its number 1 <nil>
}

// A question that nobody can answer any more ends at once, not with its timeout.
func ExampleAsk_stopped() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	greeter := must(engine.Spawn(s, "greeter", func() engine.Actor[GreeterMsg] { return &Greeter{} }))
	<-greeter.Stop()

	_, err := engine.AskTimeout[string, GreeterMsg](greeter, Greet{"Ren"}, time.Hour)
	var dead *engine.DeadLetterError
	fmt.Println(errors.As(err, &dead), err)
	// Output: true engine: message to cell "greeter" was not handled (stopped): the actor or the system has stopped
}

// Dead letters can be followed like any topic.
func ExampleDeadLetters() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	sub := engine.DeadLetters.Subscribe(s, func(l engine.DeadLetter) { fmt.Printf("%v to %s: %s\n", l.Message, l.ID, l.Reason) })
	defer sub.End()
	greeter := must(engine.Spawn(s, "greeter", func() engine.Actor[GreeterMsg] { return &Greeter{} }))
	<-greeter.Stop()

	greeter.Tell(Greet{"Ren"})
	// Output: {Ren} to greeter: stopped
}

// Price is what a topic carries.
type Price struct{ Yen int }

// Prices is a topic; whoever has the value can publish and follow.
var Prices = engine.NewTopic[Price]("prices")

// Buyer follows the prices for as long as it lives.
type Buyer struct{ bought chan<- int }

// Started implements engine.Starter.
func (b *Buyer) Started(c *engine.Context[Price]) {
	engine.Follow(c, Prices, func(p Price) Price { return p })
	b.bought <- 0
}

// Handle implements engine.Actor.
func (b *Buyer) Handle(c *engine.Context[Price], m Price) {
	if m.Yen < 100 {
		b.bought <- m.Yen
		c.Stop()
	}
}

func ExampleTopic() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	bought := make(chan int, 1)
	must(engine.Spawn(s, "buyer", func() engine.Actor[Price] { return &Buyer{bought} }))
	<-bought // it follows

	for _, yen := range []int{120, 105, 98, 90} {
		Prices.Publish(s, Price{yen})
	}
	fmt.Println("bought at", <-bought)
	// Output: bought at 98
}

// Middleware stands before the handling of all messages of a kind or an actor.
func ExampleMiddleware() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	polite := func(next engine.Handler[GreeterMsg]) engine.Handler[GreeterMsg] {
		return func(c *engine.Context[GreeterMsg], m GreeterMsg) {
			if g, ok := m.(Greet); ok {
				m = Greet{g.Who + "-san"}
			}
			next(c, m)
		}
	}
	engine.Serve(s, Greeters, func(string) engine.Actor[GreeterMsg] { return &Greeter{} }, polite)

	fmt.Println(engine.AskTimeout[string, GreeterMsg](Greeters.Ref(s, "yuki"), Greet{"Ren"}, time.Second))
	// Output: yuki greets Ren-san, its number 1 <nil>
}

// Door is a machine with two states.
type Door struct{}

// Handle is the closed door.
func (d Door) Handle(c *engine.Context[string], m string) {
	if m == "open" {
		c.Become(d.opened)
	}
	c.Respond("the door was closed")
}

func (Door) opened(c *engine.Context[string], m string) {
	if m == "close" {
		c.Unbecome()
	}
	c.Respond("the door was open")
}

func ExampleContext_Become() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	door := must(engine.Spawn(s, "door", func() engine.Actor[string] { return Door{} }))
	for _, m := range []string{"close", "open", "close", "look"} {
		fmt.Println(m+":", must(engine.AskTimeout[string](door, m, time.Second)))
	}
	// Output:
	// close: the door was closed
	// open: the door was closed
	// close: the door was open
	// look: the door was closed
}

// Clerk can't serve anybody before the shop is open.
type Clerk struct{ open bool }

// Handle implements engine.Actor.
func (k *Clerk) Handle(c *engine.Context[string], m string) {
	switch {
	case m == "open":
		k.open = true
		c.Unstash()
	case k.open:
		c.Respond(m + " was served")
	case c.Stash(m) != nil:
		c.Respond(errors.New("too many wait"))
	}
}

// Who asks before the shop opens waits for it.
func ExampleContext_Stash() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	clerk := must(engine.Spawn(s, "clerk", func() engine.Actor[string] { return &Clerk{} }))
	served := make(chan string)
	go func() { served <- must(engine.Ask[string](context.Background(), clerk, "Aoi")) }()
	time.AfterFunc(time.Millisecond, func() { clerk.Tell("open") })
	fmt.Println(<-served)
	// Output: Aoi was served
}

// Guard closes a door that nobody uses.
type Guard struct{ closed chan<- bool }

// Started implements engine.Starter.
func (g Guard) Started(c *engine.Context[string]) { c.ReceiveTimeout(10*time.Millisecond, "silence") }

// Handle implements engine.Actor.
func (g Guard) Handle(c *engine.Context[string], m string) {
	if m == "silence" {
		close(g.closed)
		c.Stop()
	}
}

func ExampleContext_ReceiveTimeout() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	closed := make(chan bool)
	must(engine.Spawn(s, "guard", func() engine.Actor[string] { return Guard{closed} })).Tell("somebody passes")
	<-closed
	fmt.Println("closed")
	// Output: closed
}

// Metronome ticks until it has ticked three times.
type Metronome struct {
	ticks int
	done  chan<- int
}

// Started implements engine.Starter.
func (m *Metronome) Started(c *engine.Context[string]) { c.Every(time.Millisecond, "tick") }

// Handle implements engine.Actor.
func (m *Metronome) Handle(c *engine.Context[string], _ string) {
	if m.ticks++; m.ticks == 3 {
		m.done <- m.ticks
		c.Stop() // its timer ends with it
	}
}

func ExampleContext_Every() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	done := make(chan int)
	must(engine.Spawn(s, "metronome", func() engine.Actor[string] { return &Metronome{done: done} }))
	fmt.Println(<-done)
	// Output: 3
}
