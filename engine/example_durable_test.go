package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

var quietLog = slog.New(slog.DiscardHandler)

// Paid is an event of a purse.
type Paid struct{ Yen int }

// Purse keeps what was paid.
type Purse struct{ yen int }

// Apply implements engine.Durable.
func (p *Purse) Apply(e Paid) { p.yen += e.Yen }

// Handle stores what is paid before it answers.
func (p *Purse) Handle(c *engine.Context[int], yen int) {
	engine.Persist(c, []Paid{{yen}}, func() { c.Respond(p.yen) })
}

// Purses is the kind.
var Purses = engine.NewKind[int](engine.KindConfig{Name: "purse", Role: "example", SnapshotEvery: 1000})

// A durable grain lives on in another system over the same store.
func ExampleServeDurable() {
	store := enginetest.NewStore() // or one on disk
	for range 2 {
		messages := codec.NewRegistry()
		codec.Register[Paid](messages, "purse.paid")
		journal := must(enginetest.NewJournal(context.Background(), store, "anybody"))
		s := must(engine.New(engine.Config{Messages: messages, Journal: journal}))
		engine.ServeDurable(s, Purses, func(string) engine.Durable[int, Paid] { return &Purse{} })

		fmt.Println(engine.AskTimeout[int](Purses.Ref(s, "aoi"), 100, time.Second))
		s.Kill()
		journal.Close()
	}
	// Output:
	// 100 <nil>
	// 200 <nil>
}
