package actors

import (
	"encoding/json"
	"strings"
	"time"
)

// MessageMsg is the closed set of messages that a book of single messages takes. A book holds the messages to users of one channel who live in
// one shard, see package message.
//
//sumtype:decl
type MessageMsg interface{ messageMsg() }

type (
	// AcceptMessages asks for messages to be sent, all to users of the book. All of them are accepted, or none. Answer: AcceptedMessages or
	// Problem.
	AcceptMessages struct{ Entries []NewMessage }
	// ShowMessage asks for one. Answer: MessageInfo or Problem.
	ShowMessage struct{ Number uint32 }
	// CancelMessage takes one back that was never tried. Answer: MessageInfo or Problem.
	CancelMessage struct{ Number uint32 }
	// ListMessages asks for those of a state (empty: all that have no outcome), by number. Answer: MessageList.
	ListMessages struct {
		State MessageState
		After uint32
		Limit int
	}
	// TellMessages asks for the book's figures to be told to its channel's statistics and usage ledger again.
	TellMessages struct{}
	// DrainMessages says that the node is about to stop: nothing more is told to posters, and what they have not tried comes back.
	DrainMessages struct{}
)

func (AcceptMessages) messageMsg() {}
func (ShowMessage) messageMsg()    {}
func (CancelMessage) messageMsg()  {}
func (ListMessages) messageMsg()   {}
func (TellMessages) messageMsg()   {}
func (DrainMessages) messageMsg()  {}
func (Report) messageMsg()         {}

// Bounds of one AcceptMessages: each message has a reminder with its payload, and all of them are stored in one batch.
const (
	MaxMessages     = 200
	MaxMessageBytes = 64 << 10  // of one message's objects
	MaxMessagesSize = 384 << 10 // of all of them
)

// NewMessage is one message to one user.
type NewMessage struct {
	Key      uint64 // hash of the caller's key and the user: one key to two users is two messages
	Content  uint64 // hash of all that the caller said
	To       string
	Messages json.RawMessage
	Due      time.Time     // zero: now
	Expire   time.Duration // so late after Due it isn't sent any more; 0: it always is
	Topic    string        // not sent to who has opted out of it; empty: none
	Zone     string        // of quiet hours, where the user has none; empty: UTC
	Urgent   bool          // quiet hours don't hold it
}

// AcceptedMessages answers AcceptMessages, parallel to its entries.
type AcceptedMessages struct{ Entries []AcceptedMessage }

// AcceptedMessage is what an entry has become.
type AcceptedMessage struct {
	Number   uint32
	State    MessageState
	Due      time.Time
	Repeat   bool // it had been accepted before
	Conflict bool // its key had been given with other content: it was not accepted
}

// MessageState is where a message stands. One that has an outcome has the outcome's name.
type MessageState string

// The states of messages without an outcome.
const (
	MessageScheduled MessageState = "scheduled" // its time has not come
	MessagePending   MessageState = "pending"   // its time has come, and it waits: for an earlier one to the same user, or for its channel
	MessageSending   MessageState = "sending"   // a poster has it
)

// Known tells whether there is such a state.
func (s MessageState) Known() bool {
	if s == MessageScheduled || s == MessagePending || s == MessageSending {
		return true
	}
	o, ok := ParseOutcome(string(s))
	return ok && o != Pending
}

// MessageInfo is a message as shown.
type MessageInfo struct {
	Number  uint32
	To      string // empty once it has an outcome
	State   MessageState
	Due     time.Time
	At      time.Time // when it goes: later than Due where quiet hours have put it off
	Tries   uint32
	Request string // the provider's request id
	Reason  string
	Ended   time.Time // zero: it has no outcome
}

// MessageList answers ListMessages.
type MessageList struct {
	Messages []MessageInfo
	More     bool
}

// messagesRun begins the names of what isn't a campaign's run.
const messagesRun = "messages/"

// MessagesRun is the run of all single messages of a channel, as its gates and the channel itself know it.
func MessagesRun(channel string) string { return messagesRun + channel }

// MessagesTally names a book's figures of one month for the tallies.
func MessagesTally(book, month string) string { return messagesRun + book + "/" + month }

// TalliedBook is the inverse of MessagesTally: whose figures they are; false: a run's.
func TalliedBook(run string) (book string, ok bool) {
	rest, ok := strings.CutPrefix(run, messagesRun)
	end := strings.LastIndexByte(rest, '/')
	if !ok || end < 0 {
		return "", false
	}
	return rest[:end], true
}
