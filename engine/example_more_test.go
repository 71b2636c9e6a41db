package engine_test

import (
	"context"
	"fmt"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// Fetcher looks pages up elsewhere and answers when they are there.
type Fetcher struct {
	fetch   func(ctx context.Context, page string) string
	waiting map[string][]engine.Reply
}

type (
	fetch   struct{ page string }
	fetched struct{ page, text string }
)

// Handle never blocks: Go fetches, and what comes back is a message. Who asks for a page that is on its way waits for the same one.
func (f *Fetcher) Handle(c *engine.Context[any], m any) {
	switch m := m.(type) {
	case fetch:
		f.waiting[m.page] = append(f.waiting[m.page], c.Reply())
		if len(f.waiting[m.page]) == 1 {
			c.Go(func(ctx context.Context) any { return fetched{m.page, f.fetch(ctx, m.page)} })
		}
	case fetched:
		for _, r := range f.waiting[m.page] {
			r.Send(m.text)
		}
		delete(f.waiting, m.page)
	}
}

// I/O runs off the actor, and the answer is given later.
func ExampleContext_Go() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	slow := func(_ context.Context, page string) string { return "text of " + page }
	fetcher := must(engine.Spawn(s, "fetcher", func() engine.Actor[any] {
		return &Fetcher{slow, map[string][]engine.Reply{}}
	}))

	fmt.Println(engine.AskTimeout[string, any](fetcher, fetch{"index"}, time.Second))
	// Output: text of index <nil>
}

// Team has two members who share one fate, up to a limit.
type Team struct{ ready chan<- engine.Ref[string] }

// Started implements engine.Starter.
func (t *Team) Started(c *engine.Context[string]) {
	together := engine.WithSupervision(engine.Supervision{
		AllForOne: true, // both restart when one fails
		Limit:     1, Window: time.Minute,
		Exceeded: engine.Escalate, // and the second failure is the team's own
	})
	for _, name := range []string{"left", "right"} {
		t.ready <- must(engine.SpawnChild(c, name, func() engine.Actor[string] { return &Worker{} }, together))
	}
}

// Handle implements engine.Actor.
func (*Team) Handle(*engine.Context[string], string) {}

// One for all: a failure restarts both children, too many end the parent.
func ExampleSupervision() {
	s := must(engine.New(engine.Config{Log: quietLog}))
	defer s.Kill()
	ready := make(chan engine.Ref[string], 2)
	failed := make(chan error, 1)
	must(engine.Spawn(s, "team", func() engine.Actor[string] { return &Team{ready} },
		engine.WithSupervision(engine.Supervision{Decide: func(f engine.Failure) engine.Directive {
			failed <- f.Err
			return engine.Stop
		}})))
	left, right := <-ready, <-ready

	fmt.Println(engine.AskTimeout[int](left, "work", time.Second))
	left.Tell("impossible")
	fmt.Println(engine.AskTimeout[int](left, "work", time.Second))
	right.Tell("impossible")
	fmt.Println("the team:", <-failed)
	// Output:
	// 1 <nil>
	// 1 <nil>
	// the team: engine: the failure of cell "team/right" was escalated: engine: cell "team/right" panicked: this can't be done
}

// Alarm rings at a time of the wall, though its process may have died meanwhile.
type Alarm struct{ rung chan<- string }

// Rung is its event.
type Rung struct{ Name string }

// Apply implements engine.Durable.
func (*Alarm) Apply(Rung) {}

// Handle sets the alarm, or hears it and forgets it in the same append that says so.
func (a *Alarm) Handle(c *engine.Context[any], m any) {
	switch m := m.(type) {
	case time.Time:
		c.Remind("wake up", m, nil)
		engine.Persist[Rung](c, nil, func() { c.Respond(true) })
	case due:
		c.Forget(m.name, m.at)
		engine.Persist(c, []Rung{{m.name}}, func() { a.rung <- m.name })
	}
}

type due struct {
	name string
	at   time.Time
}

// Alarms is the kind. A reminder reaches it as a message of its own.
var Alarms = func() *engine.Kind[any] {
	k := engine.NewKind[any](engine.KindConfig{Name: "alarm", Role: "example"})
	engine.OnReminder(k, func(name string, at time.Time, _ []byte) any { return due{name, at} })
	return k
}()

// A durable reminder outlives the process that set it; the events that a grain stores can be followed, and read later.
func ExampleContext_Remind() {
	messages := codec.NewRegistry()
	codec.Register[Rung](messages, "alarm.rung")
	journal := must(enginetest.NewJournal(context.Background(), enginetest.NewStore(), "anybody"))
	defer journal.Close()
	s := must(engine.New(engine.Config{Messages: messages, Journal: journal}))
	defer s.Kill()
	rung := make(chan string, 1)
	engine.ServeDurable(s, Alarms, func(string) engine.Durable[any, Rung] { return &Alarm{rung} })
	published := make(chan uint64, 1)
	engine.Events[Rung](Alarms).Subscribe(s, func(e engine.Event[Rung]) { published <- e.Number })

	must(engine.AskTimeout[bool, any](Alarms.Ref(s, "mine"), time.Now().Add(10*time.Millisecond), time.Second))
	fmt.Println(<-rung, "is event", <-published)
	for r, err := range engine.History(context.Background(), s, Alarms, "mine") {
		fmt.Println(r.Number, r.Event, err)
	}
	// Output:
	// wake up is event 1
	// 1 {wake up} <nil>
}
