package systems

import (
	"context"
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
	_ "hayauma.example/benchmarks/systems/namespace" // before Hollywood and Proto.Actor
)

// System is one actor system with actors that are numbered in the order in which they were spawned. Spawn, Ready and Drop are called
// from one goroutine, Tell and Ask from many afterwards.
type System interface {
	// Spawn starts an actor with this identity and sends it its first message.
	Spawn(id string, first *Message) error
	// Ready is called when all spawned actors have handled their first message, before Tell and Ask.
	Ready()
	// Tell sends m to actor i.
	Tell(i int, m *Message)
	// Ask sends m, a Question, to actor i and returns the answer. After an error m may still be in use.
	Ask(ctx context.Context, i int, m *Message) (*Message, error)
	// Drop forgets the references that Tell and Ask use, so that what is in memory afterwards belongs to actors.
	Drop()
	// Close ends the system.
	Close() error
}

// Spec names a system and opens it.
type Spec struct {
	Name  string
	About string                                    // for the reader of a table
	Peer  bool                                      // somebody else's actor system
	Only  string                                    // "ask": a variant that differs only in asking; "": all workloads
	Bytes uint64                                    // an idle actor's rough upper bound, only to refuse what can't fit into memory
	Loses string                                    // why answers get lost inside this version of the system: a figure of its own, no fault of the adapter; "": none do
	Open  func(ctx context.Context) (System, error) // ctx bounds no more than the opening
}

// lateMark is GoAkt's. A copy of v3.14.0 with one line taken out, the responseClosed.Store(true) that Ask does after it has received the
// answer, lost none of 3.6 million questions of 64 callers, while the original in turn with it lost 275 of 400,000: Response had set
// that mark itself before it answered, and by then the actor may have given the context back.
const lateMark = "an Ask marks its pooled context as answered when another Ask may have it already, whose answer is then dropped"

// timeout is each question's own, in systems that want one: thousands of times what an answer takes, so what it ends is lost.
const timeout = 2 * time.Second

// ring is the number of messages that a channel of goroutine-per-actor holds.
const ring = 16

// All returns the systems in the order in which tables show them.
func All() []Spec {
	return []Spec{
		{Name: "hayauma", About: "this engine, through cached Refs", Bytes: 1 << 10, Open: openRefs},
		{Name: "hayauma-send", About: "this engine, through Hollywood's Engine.Send and Request", Bytes: 2 << 10, Open: openSend},
		{Name: "hayauma-timeout", About: "this engine, through cached Refs, a timeout for each question as the peers' calls take one", Only: "ask", Bytes: 1 << 10,
			Open: openBounded},
		{Name: "hollywood", About: "Hollywood as it comes: inbox of 1024", Peer: true, Bytes: 30 << 10, Open: openHollywood(0)},
		{Name: "hollywood-inbox1", About: "Hollywood with inboxes that begin with room for 1", Peer: true, Bytes: 4 << 10, Open: openHollywood(1)},
		{Name: "protoactor", About: "Proto.Actor as it comes", Peer: true, Bytes: 4 << 10, Open: openProtoactor(unbounded)},
		{Name: "protoactor-lockfree", About: "Proto.Actor with its lock-free mailbox", Peer: true, Bytes: 4 << 10, Open: openProtoactor(lockfree)},
		{Name: "goakt", About: "GoAkt as it comes, without passivation", Peer: true, Bytes: 10 << 10, Loses: lateMark, Open: openGoakt},
		{Name: "chan", About: fmt.Sprintf("one goroutine and one channel of %d per actor; no names, no supervision", ring), Bytes: 8 << 10, Open: openChan},
	}
}

// Find returns the system of this name, or an [experiment.UnknownRowError].
func Find(name string) (Spec, error) {
	var have []string
	for _, s := range All() {
		if s.Name == name {
			return s, nil
		}
		have = append(have, s.Name)
	}
	return Spec{}, &experiment.UnknownRowError{Row: name, Have: have}
}

// AnswerError reports an answer that is no message of ours.
type AnswerError struct{ Got any }

func (e *AnswerError) Error() string { return fmt.Sprintf("systems: the answer is a %T", e.Got) }

// answered turns what a system answered into a message.
func answered(got any, err error) (*Message, error) {
	if err != nil {
		return nil, err
	}
	m, ok := got.(*Message)
	if !ok {
		return nil, &AnswerError{Got: got}
	}
	return m, nil
}
