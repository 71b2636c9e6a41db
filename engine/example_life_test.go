package engine_test

import (
	"fmt"
	"sync"
	"time"

	"hayauma.example/engine"
)

// Worker does what it is told, and fails over some of it.
type Worker struct{ done int }

// Handle implements engine.Actor.
func (w *Worker) Handle(c *engine.Context[string], m string) {
	if m == "impossible" {
		panic("this can't be done")
	}
	w.done++
	c.Respond(w.done)
}

// Foreman has workers, whom others call directly: it stands outside the flow of messages, and only says what becomes of those that fail.
type Foreman struct{ ready chan<- engine.Ref[string] }

// Started implements engine.Starter.
func (f *Foreman) Started(c *engine.Context[string]) {
	decide := func(f engine.Failure) engine.Directive {
		if f.Count > 2 {
			return engine.Stop
		}
		return engine.Resume // with what it has done so far
	}
	worker := must(engine.SpawnChild(c, "worker", func() engine.Actor[string] { return &Worker{} },
		engine.WithSupervision(engine.Supervision{Decide: decide})))
	f.ready <- worker
}

// Handle implements engine.Actor.
func (*Foreman) Handle(*engine.Context[string], string) {}

// A supervisor outside the flow of messages: who has the worker's Ref sends to the worker.
func ExampleSpawnChild() {
	s := must(engine.New(engine.Config{Log: quietLog}))
	defer s.Kill()
	ready := make(chan engine.Ref[string], 1)
	foreman := must(engine.Spawn(s, "foreman", func() engine.Actor[string] { return &Foreman{ready} }))
	worker := <-ready

	fmt.Println(worker.ID())
	fmt.Println(engine.AskTimeout[int](worker, "sweep", time.Second))
	fmt.Println(engine.AskTimeout[int](worker, "impossible", time.Second))
	fmt.Println(engine.AskTimeout[int](worker, "sweep", time.Second))
	<-foreman.Stop() // and with it the worker, first
	fmt.Println(engine.AskTimeout[int](worker, "sweep", time.Second))
	// Output:
	// foreman/worker
	// 1 <nil>
	// 0 engine: cell "foreman/worker" panicked: this can't be done
	// 2 <nil>
	// 0 engine: message to cell "foreman/worker" was not handled (stopped): the actor or the system has stopped
}

// A supervisor that every message goes through: who sends knows nothing of the child behind it, and what comes while there is none waits
// for the next one.
func ExampleBackoffSupervisor() {
	s := must(engine.New(engine.Config{Log: quietLog}))
	defer s.Kill()
	changes := make(chan string, 10)
	front := must(engine.Spawn(s, "front", func() engine.Actor[string] {
		return &engine.BackoffSupervisor[string]{
			Child:   func() engine.Actor[string] { return &Worker{} },
			Backoff: engine.Backoff{First: 10 * time.Millisecond, Max: time.Second},
			Hook: func(c engine.BackoffChange) {
				if c.Reason == "" {
					changes <- fmt.Sprint("child ", c.Starts, " starts")
				} else {
					changes <- fmt.Sprint("child ", c.Starts, " ", c.Reason)
				}
			},
		}
	}))
	fmt.Println(engine.AskTimeout[int](front, "sweep", time.Second))
	front.Tell("impossible")
	fmt.Println(engine.AskTimeout[int](front, "sweep", time.Second))
	for range 3 {
		fmt.Println(<-changes)
	}
	// Output:
	// 1 <nil>
	// 1 <nil>
	// child 1 starts
	// child 1 failed
	// child 2 starts
}

// Widow waits for the end of another actor.
type Widow struct {
	of    engine.Ref[string]
	ready chan<- bool
	told  chan<- engine.Terminated
}

// Started implements engine.Starter.
func (w *Widow) Started(c *engine.Context[engine.Terminated]) {
	engine.Watch(c, w.of, func(t engine.Terminated) engine.Terminated { return t })
	close(w.ready)
}

// Handle implements engine.Actor.
func (w *Widow) Handle(_ *engine.Context[engine.Terminated], t engine.Terminated) { w.told <- t }

func ExampleWatch() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	worker := must(engine.Spawn(s, "worker", func() engine.Actor[string] { return &Worker{} }))
	ready, told := make(chan bool), make(chan engine.Terminated, 1)
	must(engine.Spawn(s, "widow", func() engine.Actor[engine.Terminated] { return &Widow{worker, ready, told} }))

	<-ready
	<-worker.Poison()
	fmt.Println(<-told)
	// Output: {cell worker stopped}
}

// Poison lets an actor handle what it has, and refuses the rest.
func ExampleRef_Poison() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	var mu sync.Mutex
	var said []string
	speaker := must(engine.Spawn(s, "speaker", func() engine.Actor[string] {
		return speech(func(m string) {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, m)
		})
	}))
	speaker.Tell("one")
	speaker.Tell("two")
	done := speaker.Poison()
	speaker.Tell("three") // a dead letter
	<-done
	mu.Lock()
	defer mu.Unlock()
	fmt.Println(said)
	// Output: [one two]
}

type speech func(m string)

func (f speech) Handle(_ *engine.Context[string], m string) { f(m) }

// Touch brings a grain into memory, or keeps it there, without a message.
func ExampleRef_Touch() {
	s := must(engine.New(engine.Config{}))
	defer s.Kill()
	began := make(chan string, 1)
	sub := engine.Lives.Subscribe(s, func(l engine.Life) { began <- fmt.Sprint(l.Kind, " ", l.ID, " ", l.Phase) })
	engine.Serve(s, Greeters, func(string) engine.Actor[GreeterMsg] { return &Greeter{} })
	Greeters.Ref(s, "yuki").Touch()
	fmt.Println(<-began)
	sub.End()
	// Output: greeter yuki started
}
