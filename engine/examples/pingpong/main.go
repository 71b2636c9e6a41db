// Pingpong has two grains play a game. The players' code, actors.go, knows nothing of where they are.
package main

import (
	"context"
	"fmt"
	"os"

	"hayauma.example/engine"
)

func run(ctx context.Context) error {
	s, err := engine.New(engine.Config{})
	if err != nil {
		return err
	}
	defer s.Kill()
	engine.Serve(s, Players, func(string) engine.Actor[Msg] { return &player{} })
	strokes, err := engine.Ask[int, Msg](ctx, Players.Ref(s, "aoi"), Serve{With: "ren", Rounds: 10})
	if err != nil {
		return err
	}
	fmt.Println("strokes:", strokes)
	return s.Stop(ctx)
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
