package actors

import (
	"hayauma.example/actors/provider"
)

// message is what a poster holds: one request, complete but for its retry key, which follows from its number.
type message struct {
	number   uint32 // from 0, in the order of the audience
	endpoint provider.Endpoint
	to       []string
	body     []byte // a multicast's is shared
}

// Messages between the actors of Proto.Actor and Hollywood. Both carry the sender with a message, so none names its poster.
type (
	compose struct{ done chan<- error } // to the composer: read the audience; done gets how it went, once
	expect  struct {                    // to gate and checker: how many posters there are
		posters int
		ready   chan<- struct{} // closed when all of them wait; the gate's only
	}
	begin struct{} // to the gate: the due time has come
	tick  struct{} // to the gate: look at the clock

	post  struct{ message message } // to a poster of Proto.Actor, its first
	want  struct{}                  // a poster waits for its turn
	admit struct{}                  // to a poster: call now
	free  struct{}                  // a poster's call is over
	again struct{}                  // to a poster: call once more
)

// report is what a poster tells the checker after a call.
type report struct {
	number     uint32
	recipients int
	tries      int
	answer     provider.Answer
}
