package remote_test

import (
	"context"
	"fmt"
	"iter"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/engine"
)

// printer is a Receiver.
type printer struct{ done chan struct{} }

func (p printer) Receive(from string, _ engine.Lane, packets iter.Seq[[]byte]) {
	for packet := range packets {
		fmt.Printf("from %s: %s\n", from, packet)
		close(p.done)
	}
}

func (p printer) Returned(to string, _ engine.Lane, packet []byte, unsure bool) {
	fmt.Printf("back from %s: %s, unsure: %v\n", to, packet, unsure)
}

// Two members get to know each other, one sends to the other, and to a third that is never reached.
func Example() {
	ctx := context.Background()
	one, err := remote.Listen(ctx, remote.Config{Incarnation: "one", Listen: "127.0.0.1:0"})
	if err != nil {
		panic(err)
	}
	two, err := remote.Listen(ctx, remote.Config{Incarnation: "two", Listen: "127.0.0.1:0"})
	if err != nil {
		panic(err)
	}
	arrived := make(chan struct{})
	one.Start(printer{})
	two.Start(printer{arrived})
	one.SetPeers(map[string]string{"two": two.Addr().String(), "three": "127.0.0.1:1"})
	two.SetPeers(map[string]string{"one": one.Addr().String()})

	fmt.Println(one.Send("two", engine.Data, payload("hello")))
	fmt.Println(one.Send("three", engine.Data, payload("anybody there?")))
	fmt.Println(one.Send("four", engine.Data, payload("no")))
	<-arrived
	one.SetPeers(map[string]string{"two": two.Addr().String()})
	for peers, _ := one.Stats(); peers["two"].QueuedPackets > 0; peers, _ = one.Stats() {
		time.Sleep(time.Millisecond) // or what two has received would come back, unsurely
	}
	_, _ = one.Close(), two.Close()
	// Unordered output:
	// <nil>
	// <nil>
	// engine: no such member
	// from one: hello
	// back from three: anybody there?, unsure: false
}
