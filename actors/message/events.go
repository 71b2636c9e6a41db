package message

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/codec"
)

// Event is the closed set of facts in a book's journal.
//
//sumtype:decl
type Event interface{ messageEvent() }

type (
	// Accepted begins messages, numbered from First on. What they say stands in their reminders, which are set in the same append.
	Accepted struct {
		First   uint32
		Entries []Entry
	}
	// Began says that from now on messages whose time has come may be told to posters, of which no record tells one by one.
	Began struct{}
	// Rested ends what Began began: nothing is with a poster, and nothing was told since of which it isn't known what came of it.
	Rested struct{}
	// Settled holds outcomes. A later one replaces an earlier one of the same message where it is greater.
	Settled struct{ Entries []Outcome }
	// Returned messages were surely not tried in their windows: each has a new one, which begins now.
	Returned struct {
		Numbers []uint32
		At      int64
	}
	// Deferred messages go at a later time: the user's quiet hours end then.
	Deferred struct {
		Numbers []uint32
		Until   []int64 // parallel
		Same    []bool  // parallel: it is in doubt, so its window stays as it is
	}
	// Owing says that figures are to be told, and when a reminder sees to it.
	Owing struct{ Due time.Time }
	// Told says that both tallies have the figures of this version on disk.
	Told struct{ Version uint64 }
	// Keeping says when what has ended is looked through for what is kept no longer.
	Keeping struct{ Until time.Time }
	// Forgotten is what ended before a time.
	Forgotten struct {
		Before int64
		Next   time.Time // as Keeping; zero: nothing is left
	}
)

// Entry is a message that was accepted. Times are in milliseconds since 1970.
type Entry struct {
	_msgpack struct{} `msgpack:",as_array"` //nolint:unused // read by msgpack
	User     string
	Key      uint64
	Content  uint64
	Due, At  int64
}

// Outcome is what became of a message.
type Outcome struct {
	_msgpack struct{} `msgpack:",as_array"` //nolint:unused // read by msgpack
	Number   uint32
	Outcome  actors.Outcome
	Reason   string
	Request  string // the provider's request id
	Tries    uint32
	At       int64 // when it was known, in milliseconds since 1970
}

func (Accepted) messageEvent()  {}
func (Began) messageEvent()     {}
func (Rested) messageEvent()    {}
func (Settled) messageEvent()   {}
func (Returned) messageEvent()  {}
func (Deferred) messageEvent()  {}
func (Owing) messageEvent()     {}
func (Told) messageEvent()      {}
func (Keeping) messageEvent()   {}
func (Forgotten) messageEvent() {}

// Register names the events and the snapshot, which are on disk; the names never change.
func Register(r *codec.Registry) {
	codec.Register[Accepted](r, "message.accepted")
	codec.Register[Began](r, "message.began")
	codec.Register[Rested](r, "message.rested")
	codec.Register[Settled](r, "message.settled")
	codec.Register[Returned](r, "message.returned")
	codec.Register[Deferred](r, "message.deferred")
	codec.Register[Owing](r, "message.owing")
	codec.Register[Told](r, "message.told")
	codec.Register[Keeping](r, "message.keeping")
	codec.Register[Forgotten](r, "message.forgotten")
	codec.Register[Ledger](r, "message.ledger")
}
