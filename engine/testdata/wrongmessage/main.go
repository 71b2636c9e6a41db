// Wrongmessage sends a text to an actor that takes numbers: it must not compile.
package main

import "hayauma.example/engine"

var kind = engine.NewKind[int](engine.KindConfig{Name: "numbers"})

func main() {
	s, _ := engine.New(engine.Config{})
	kind.Ref(s, "a").Tell("a text")
}
