package publish

import (
	"slices"
	"time"

	"hayauma.example/codec"
)

// Event is the closed set of facts in the publisher's journal.
//
//sumtype:decl
type Event interface{ publisherEvent() }

type (
	// Begun says that it publishes from now on. At is also when its reminder is due.
	Begun struct{ At time.Time }
	// Moved says how far it has published. The first one says where it begins.
	Moved struct{ Cursors []Cursor }
	// Stopped says that it doesn't publish any more, until it is begun again.
	Stopped struct{ At time.Time }
)

func (Begun) publisherEvent()   {}
func (Moved) publisherEvent()   {}
func (Stopped) publisherEvent() {}

// Cursor is how far the records of one kind were published.
type Cursor struct {
	Kind     string
	Position uint64 // of the whole store
}

// State is the fold of the events, and the snapshot.
type State struct {
	Due     time.Time // of the reminder; zero: it doesn't publish
	Cursors []Cursor  // empty: it has not begun yet
}

// Apply changes the state by one fact.
func (s *State) Apply(e Event) {
	switch e := e.(type) {
	case Begun:
		s.Due = e.At
	case Moved:
		s.Cursors = slices.Clone(e.Cursors)
	case Stopped:
		s.Due = time.Time{}
	}
}

func (s *State) active() bool { return !s.Due.IsZero() }

// at is the cursor of a kind. One that came later begins where the others are.
func (s *State) at(kind string) uint64 {
	least := ^uint64(0)
	for _, c := range s.Cursors {
		if c.Kind == kind {
			return c.Position
		}
		least = min(least, c.Position)
	}
	return least
}

// Register names the events and the snapshot, which are on disk; the names never change.
func Register(r *codec.Registry) {
	codec.Register[Begun](r, "publisher.begun")
	codec.Register[Moved](r, "publisher.moved")
	codec.Register[Stopped](r, "publisher.stopped")
	codec.Register[State](r, "publisher.state")
}
