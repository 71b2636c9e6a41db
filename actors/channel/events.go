package channel

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/codec"
)

// Event is the closed set of a channel's durable events.
//
//sumtype:decl
type Event interface{ channelEvent() }

type (
	// Configured says what the channel's settings are from now on.
	Configured struct {
		At       time.Time
		Settings actors.Settings
		New      bool `msgpack:",omitempty"` // nothing was stored of a channel of this name before, and no book of its users' settings
	}
	// Removed says that the channel is forgotten.
	Removed struct{ At time.Time }
	// Paused says that the channel grants nothing. A later one replaces it: then another campaign waits for the end.
	Paused struct {
		At        time.Time
		Kind      PauseKind
		Reason    string
		Campaigns []string // who is told of the end
	}
	// Resumed says that the pause is over.
	Resumed struct {
		At time.Time
		By string // "operator" or "probe"
	}
	// BooksNoted says that books of users' settings are about to be written for the first time.
	BooksNoted struct {
		Books actors.Books
		Whole bool // all that were written before are noted, too
	}
)

func (Configured) channelEvent() {}
func (Removed) channelEvent()    {}
func (Paused) channelEvent()     {}
func (Resumed) channelEvent()    {}
func (BooksNoted) channelEvent() {}

// PauseKind is what a pause waits for.
type PauseKind string

// The kinds of pauses.
const (
	PauseQuota        PauseKind = "quota"        // the month's messages are used up
	PauseUnauthorized PauseKind = "unauthorized" // the token is refused
)

// Register names the channel's events for the journal.
func Register(reg *codec.Registry) {
	codec.Register[Configured](reg, "channel.Configured")
	codec.Register[Removed](reg, "channel.Removed")
	codec.Register[Paused](reg, "channel.Paused")
	codec.Register[Resumed](reg, "channel.Resumed")
	codec.Register[BooksNoted](reg, "channel.BooksNoted")
}
