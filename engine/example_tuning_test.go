package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// Printers share a worker of their own, and take two jobs besides the one in hand.
var Printers = engine.NewKind[chan struct{}](engine.KindConfig{Name: "printer", Dispatcher: "printing", Mailbox: 3})

type printer struct{}

func (printer) Handle(c *engine.Context[chan struct{}], paper chan struct{}) {
	<-paper // a handler should not wait; this one has a worker of its own to block
	c.Respond("printed")
}

// A kind may have workers of its own, and a bound of its mailbox: what does not fit is refused to whoever asks.
func ExampleDispatcher() {
	s := must(engine.New(engine.Config{Log: quietLog, Dispatchers: map[string]engine.Dispatcher{"printing": {Workers: 1, Messages: 16}}}))
	defer s.Kill()
	engine.Serve(s, Printers, func(string) engine.Actor[chan struct{}] { return printer{} })
	paper := make(chan struct{})
	for range 3 {
		Printers.Ref(s, "hall").Tell(paper)
	}

	_, err := engine.AskTimeout[string](Printers.Ref(s, "hall"), paper, time.Second)
	var refused *engine.DeadLetterError
	fmt.Println(errors.As(err, &refused), refused.Reason == engine.ReasonFull)
	close(paper)
	fmt.Println(engine.AskTimeout[string](Printers.Ref(s, "attic"), paper, time.Second))
	// Output:
	// true true
	// printed <nil>
}

// Counted is an event of a tally; CountedV1 is what it was in an older version of the program.
type (
	Counted   struct{ By int }
	CountedV1 struct{ Twos int }
)

// Tally keeps a sum, and can be stored as one.
type Tally struct{ sum int }

// Apply implements engine.Durable.
func (t *Tally) Apply(e Counted) { t.sum += e.By }

// Snapshot implements engine.Snapshotter.
func (t *Tally) Snapshot() any { return t.sum }

// Restore implements engine.Snapshotter.
func (t *Tally) Restore(snapshot any) { t.sum = snapshot.(int) }

// Handle counts.
func (t *Tally) Handle(c *engine.Context[int], by int) {
	engine.Persist(c, []Counted{{by}}, func() { c.Respond(t.sum) })
}

// Tallies store a snapshot after four events, or after a kilobyte of them.
var Tallies = engine.NewKind[int](engine.KindConfig{Name: "tally", Role: "example", SnapshotEvery: 4, SnapshotBytes: 1024})

// A snapshot stands for the events before it, which are then gone; old events are read as the new ones.
func ExampleSnapshotter() {
	messages := codec.NewRegistry()
	codec.Register[Counted](messages, "tally.counted.2")
	codec.Upcast(messages, "tally.counted", func(old CountedV1) Counted { return Counted{2 * old.Twos} })
	codec.Register[int](messages, "int")
	journal := must(enginetest.NewJournal(context.Background(), enginetest.NewStore(), "anybody"))
	defer journal.Close()
	s := must(engine.New(engine.Config{Messages: messages, Journal: journal}))
	defer s.Kill()
	engine.ServeDurable(s, Tallies, func(string) engine.Durable[int, Counted] { return &Tally{} })

	tally := Tallies.Ref(s, "visitors")
	for by := range 5 {
		must(engine.AskTimeout[int](tally, by, time.Second))
	}
	<-tally.Stop()
	fmt.Println(engine.AskTimeout[int](tally, 0, time.Second))
	for r, err := range engine.History(context.Background(), s, Tallies, "visitors") {
		fmt.Println(r.Number, r.Event, err)
	}
	// Output:
	// 10 <nil>
	// 5 {4} <nil>
	// 6 {0} <nil>
}
