package recipient

import "hayauma.example/codec"

// Event is the closed set of facts in a book's journal.
//
//sumtype:decl
type Event interface{ recipientEvent() }

// Changed says what the settings of some users are from now on, packed as of the revision that it makes.
type Changed struct{ Entries []byte }

func (Changed) recipientEvent() {}

// Book is the snapshot: all settings, packed, and the revision before which tombstones were forgotten.
type Book struct {
	Entries []byte
	Floor   uint64
}

// Register names the event and the snapshot, which are on disk; the names never change.
func Register(r *codec.Registry) {
	codec.Register[Changed](r, "recipient.changed")
	codec.Register[Book](r, "recipient.book")
}
