package actors

import "time"

// RecipientMsg is the closed set of messages that a book of recipients takes. A book holds settings of users of one channel; which book a
// user's are in says package recipient.
//
//sumtype:decl
type RecipientMsg interface{ recipientMsg() }

type (
	// Change changes settings of up to MaxChange users of the book, all or none. It says what shall be, so a repeat changes nothing.
	// Answer: Done or Problem.
	Change struct{ Entries []RecipientChange }
	// Lookup asks for one user's settings. Answer: RecipientSettings.
	Lookup struct{ User string }
	// Since asks for what has changed after a revision; 0: for everything. Who is in the middle of everything says with Known what the
	// latest revision was when that began. Answer: RecipientDelta.
	Since struct{ Revision, Known uint64 }
	// Suppress says that the provider will never take a message for a user. The first word stays, with its reason. Answer: Done or Problem.
	Suppress struct{ User, Reason string }
)

func (Change) recipientMsg()   {}
func (Lookup) recipientMsg()   {}
func (Since) recipientMsg()    {}
func (Suppress) recipientMsg() {}

// Books is a set of the books of one channel, by number: a bit for each of the 256.
type Books [4]uint64

// BooksOf is the set of some numbers, each below 256.
func BooksOf(numbers ...int) Books {
	var b Books
	for _, n := range numbers {
		b[n/64] |= 1 << (n % 64)
	}
	return b
}

// Has tells whether a book is in the set.
func (b Books) Has(n int) bool { return b[n/64]>>(n%64)&1 == 1 }

// And is the set of what is in either.
func (b Books) And(o Books) Books {
	for i := range b {
		b[i] |= o[i]
	}
	return b
}

// NotedBooks answers WhichBooks.
type NotedBooks struct {
	Books Books
	Whole bool // no other book has ever been written
}

// MaxChange is how many users one Change may name.
const MaxChange = 500

// RecipientSettings are how a user of a channel wants to be written to. The zero value is the default: any message, at any time.
type RecipientSettings struct {
	OptOut     bool     // of everything
	Topics     []string // what he has opted out of, each once, in order
	Zone       string   // IANA name; empty: that of the campaign's schedule
	Quiet      string   // hours in which nothing is sent, as package calendar reads them; empty: none
	Suppressed Suppression
}

// Suppression says that the provider will never take a message for a user. Without a reason there is none.
type Suppression struct {
	Reason string
	At     time.Time // whole seconds
}

// RecipientChange is what shall be of one user: the settings that Sets names are as in Settings, the others stay.
type RecipientChange struct {
	User     string
	Sets     RecipientFields
	Settings RecipientSettings
}

// RecipientFields is a set of settings.
type RecipientFields uint8

// The settings, and all of them: a change that sets all to their zero values forgets the user.
const (
	FieldOptOut RecipientFields = 1 << iota
	FieldTopics
	FieldZone
	FieldQuiet
	FieldSuppressed
	AllFields = FieldOptOut | FieldTopics | FieldZone | FieldQuiet | FieldSuppressed
)

// Has tells whether all of some settings are in the set.
func (f RecipientFields) Has(all RecipientFields) bool { return f&all == all }

// RecipientDelta answers Since: the settings that users have now who changed after the revision asked for, up to Revision. Where that is not
// the latest, the rest is asked for next, so that no answer is large.
type RecipientDelta struct {
	Revision uint64
	Latest   uint64 // that the book has
	Whole    bool   // the beginning of everything: who was known before has no settings unless they are told now or next
	Entries  []byte // as package recipient packs them; empty: nothing has changed
}
