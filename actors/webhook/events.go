package webhook

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/codec"
)

// Event is the closed set of facts in a webhook's journal.
//
//sumtype:decl
type Event interface{ webhookEvent() }

type (
	// Added says what the settings are from now on; it ends a pause. At is also when its reminder is due.
	Added struct {
		Settings actors.WebhookSettings
		At       time.Time
	}
	// Delivered says how far it has delivered. The first one after Added says where it begins.
	Delivered struct {
		Composer, Checker Cursor
		Count, GivenUp    uint64 // since the last one
	}
	// Paused says that the endpoint wants nothing more.
	Paused struct {
		At     time.Time
		Reason string
		Oldest time.Time // of what is not delivered
	}
	// Removed says that the webhook is forgotten.
	Removed struct{ At time.Time }
)

func (Added) webhookEvent()     {}
func (Delivered) webhookEvent() {}
func (Paused) webhookEvent()    {}
func (Removed) webhookEvent()   {}

// Cursor is how far one source was delivered.
type Cursor struct {
	Position uint64 // all records up to it
	Within   uint64 // position of the record after it that was delivered in part; 0: none
	Parts    uint32 // its first facts
}

// State is the fold of the events, and the snapshot.
type State struct {
	Settings          actors.WebhookSettings
	Due               time.Time // of the reminder; zero: there is no webhook
	Began             bool      // the cursors are known
	Composer, Checker Cursor
	Delivered         uint64
	GivenUp           uint64
	Paused            *Paused
}

// Apply changes the state by one fact.
func (s *State) Apply(e Event) {
	switch e := e.(type) {
	case Added:
		s.Settings, s.Due, s.Paused = e.Settings, e.At, nil
	case Delivered:
		s.Began, s.Composer, s.Checker = true, e.Composer, e.Checker
		s.Delivered += e.Count
		s.GivenUp += e.GivenUp
	case Paused:
		s.Paused = &e
	case Removed:
		*s = State{}
	}
}

// exists tells whether there is a webhook.
func (s *State) exists() bool { return !s.Due.IsZero() }

// active tells whether it delivers.
func (s *State) active() bool { return s.exists() && s.Paused == nil }

// Register names the events and the snapshot, which are on disk; the names never change.
func Register(r *codec.Registry) {
	codec.Register[Added](r, "webhook.added")
	codec.Register[Delivered](r, "webhook.delivered")
	codec.Register[Paused](r, "webhook.paused")
	codec.Register[Removed](r, "webhook.removed")
	codec.Register[State](r, "webhook.state")
}
