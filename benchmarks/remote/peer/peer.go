package peer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
	_ "hayauma.example/benchmarks/systems/namespace" // before Hollywood and Proto.Actor
)

// Handle handles one body in the receiver and returns the answer, nil for none. It keeps no reference to body. It is safe for
// concurrent use.
type Handle func(body []byte) (answer []byte)

// Events are what a system tells its sender by itself. They are called from any goroutine and keep no reference to body.
type Events struct {
	Answer  func(body []byte) // to a body that was sent by Mark
	Dropped func(body []byte) // the system gave this body up
	Notice  func()            // the system says something about the connection
}

// Peer is one system. The two sides are in processes of their own.
type Peer interface {
	// Listen starts the receiver, which has come to life when Listen returns, and works until the process ends. addr is host:port.
	Listen(ctx context.Context, addr string, handle Handle) error
	// Dial starts the sender to the receiver at addr. It need not connect yet. ctx bounds the sender's life.
	Dial(ctx context.Context, addr string, events Events) (Sender, error)
}

// Sender sends to the receiver. Tell and Mark are called from one goroutine, Ask from many; a body belongs to the sender once
// it was given to it.
type Sender interface {
	// Tell sends one way. An error says that the body was not sent.
	Tell(body []byte) error
	// Mark sends a body whose answer goes to Events.Answer.
	Mark(body []byte) error
	// Ask sends a body and waits for its answer, for [Timeout] at most.
	Ask(ctx context.Context, body []byte) ([]byte, error)
}

// Copier is a Sender whose Tell leaves the body to its caller: who writes frames encodes into the buffer that is written, and needs
// no body of its own for each message.
type Copier interface{ Copies() }

// Timeout is each question's own: thousands of times what an answer takes, so what it ends is lost.
const Timeout = 2 * time.Second

// actorName is the receiver's one actor.
const actorName = "receiver"

// ErrDisconnected reports a body that was not sent since there is no connection.
var ErrDisconnected = errors.New("peer: there is no connection to the receiver")

// AnswerError reports an answer that is no body.
type AnswerError struct{ Got any }

func (e *AnswerError) Error() string { return fmt.Sprintf("peer: the answer is a %T", e.Got) }

// Spec names a system.
type Spec struct {
	Name    string
	About   string
	System  bool   // somebody else's actor system
	Only    string // the one experiment it takes part in; "": all
	Loses   string // why answers get lost inside this version of the system: counted, and no fault of the adapter; "": none do
	Missing string // why it can't be measured; "": it can
	Peer    Peer   // nil when Missing
}

// lateMark is GoAkt's: seen by reading handleRemoteAsk in actor/actor_system.go of v3.14.0 beside a run that lost answers.
const lateMark = "the receiver marks an Ask's pooled context as answered after another Ask may have taken it, whose answer is then dropped"

// All returns the systems in the order in which tables show them.
func All() []Spec {
	return []Spec{
		{Name: "hayauma", About: "this engine with cluster/remote, a message encoded by hand as hot ones are, a mailbox of 65,536, else defaults; who is a member " +
			"says a file, no NATS", Peer: hayauma{}},
		{Name: "hollywood", About: "Hollywood's remote package, defaults, google.protobuf.BytesValue", System: true, Peer: hollywood{}},
		{Name: "protoactor", About: "Proto.Actor's remote package, defaults, google.protobuf.BytesValue; both processes have some stack in use, as any service " +
			"has, which saves a tenth of the CPU of a question and changes nothing one way", System: true, Peer: protoactor{}},
		{Name: "goakt", About: "GoAkt's remoting, RemoteTell and RemoteAsk, " + goaktSettings + "; " + lateMark, System: true, Loses: lateMark,
			Peer: goakt{batch: 1}},
		{Name: "goakt-batch", About: fmt.Sprintf("GoAkt's remoting, RemoteBatchTell of %d, as its documentation advises for efficiency, %s", goaktBatch,
			goaktSettings), System: true, Only: "remote-one-way", Peer: goakt{batch: goaktBatch}},
		{Name: "drpc", About: "floor: Hollywood's transport, one storj.io/drpc stream with the frames of the row below; no actors, no protobuf", Peer: drpcFloor{}},
		{Name: "tcp", About: "floor: length-prefixed frames over one connection, written in batches when the writer is free; no actors, no protobuf",
			Peer: tcpFloor{}},
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
