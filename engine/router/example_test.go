package router_test

import (
	"fmt"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/router"
)

type clerk struct{ seen int }

func (k *clerk) Handle(c *engine.Context[string], m string) {
	k.seen++
	c.Respond(fmt.Sprint(c.ID(), " has seen ", k.seen))
}

// One key always goes to the same actor, and few keys move when an actor leaves.
func ExampleHash() {
	s, err := engine.New(engine.Config{})
	if err != nil {
		panic(err)
	}
	defer s.Kill()
	var clerks []engine.Ref[string]
	for i := range 3 {
		r, err := engine.Spawn(s, fmt.Sprint("clerk ", i), func() engine.Actor[string] { return &clerk{} })
		if err != nil {
			panic(err)
		}
		clerks = append(clerks, r)
	}
	byName := router.Hash(func(m string) string { return m }, clerks...)

	first := byName.Choose("aoi")[0]
	byName.Tell("aoi")
	fmt.Println(byName.Choose("aoi")[0] == first)
	answer, err := engine.AskTimeout[string](first, "aoi", time.Second)
	fmt.Println(answer == first.ID()+" has seen 2", err)

	everybody := router.Broadcast(clerks...)
	fmt.Println(everybody.Tell("news"), len(everybody.Choose("news")))

	inTurn := router.RoundRobin(clerks...)
	fmt.Println(inTurn.Choose("")[0].ID(), inTurn.Choose("")[0].ID())
	// Output:
	// true
	// true <nil>
	// true 3
	// clerk 0 clerk 1
}
