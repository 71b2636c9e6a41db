package recipient

import (
	"fmt"
	"net/http"

	"hayauma.example/actors"
)

// Tombstones of a book: when there are more than maxGraves, the oldest are forgotten until keepGraves are left.
const (
	maxGraves  = 2048
	keepGraves = 1024
)

// maxChangeBytes bounds one event.
const maxChangeBytes = 256 << 10

// book is a book's state. Only apply and restore change it.
type book struct {
	shelf
	revision uint64
	floor    uint64 // what was set back to the defaults before it is not told any more
}

// apply makes an event part of the book. What can't be read is a panic: the book must not go on without it.
func (b *book) apply(e Event) {
	switch e := e.(type) {
	case Changed:
		newer, revision, err := unpack(e.Entries)
		if err != nil {
			panic(err)
		}
		b.put(&newer, everybody)
		b.revision = revision
		if b.graves > maxGraves {
			b.bury(keepGraves)
		}
	}
}

// bury forgets all but the newest tombstones, of which there are more than keep.
func (b *book) bury(keep int) {
	graves := b.filter(func(s slot) bool { return s.value == 0 })
	revisions := graves.revisions()
	b.floor = revisions[len(revisions)-keep-1]
	b.page = b.filter(func(s slot) bool { return s.value != 0 || s.since > b.floor })
}

func (b *book) snapshot() Book { return Book{Entries: pack(&b.page, b.revision), Floor: b.floor} }

func (b *book) restore(s Book) {
	p, revision, err := unpack(s.Entries)
	if err != nil {
		panic(err)
	}
	*b = book{revision: revision, floor: s.Floor}
	b.put(&p, everybody)
}

// take decides what a change makes of the book; changed is false where everything is so already.
func (b *book) take(entries []actors.RecipientChange) (e Changed, changed bool, err error) {
	if len(entries) > actors.MaxChange {
		return e, false, refused("%d users are given, %d are possible at once", len(entries), actors.MaxChange)
	}
	users := make(map[string]Settings, len(entries))
	for i, c := range entries {
		if what := CheckUser(c.User); what != "" {
			return e, false, refused("user %d of %d: the id %s", i+1, len(entries), what)
		}
		old, again := users[c.User]
		if !again {
			old, _ = b.of(c.User)
		}
		next, err := Normal(with(old, c))
		if err != nil {
			return e, false, refused("user %d of %d: %v", i+1, len(entries), err)
		}
		users[c.User] = next
	}
	for user, next := range users {
		if old, _ := b.of(user); Same(old, next) {
			delete(users, user)
		}
	}
	if len(users) == 0 {
		return e, false, nil
	}
	newer := compose(users, b.revision+1)
	if e.Entries = pack(&newer, b.revision+1); len(e.Entries) > maxChangeBytes {
		return e, false, refused("the settings of %d users take %d bytes, %d are possible at once", len(users), len(e.Entries), maxChangeBytes)
	}
	if !b.fits(&newer) {
		return e, false, actors.Problem{Status: http.StatusInsufficientStorage, Title: "too many recipients with settings",
			Detail: fmt.Sprintf("the part of the channel that is concerned holds the settings of %d recipients and has no room for more, "+
				"nothing of this part was changed: set recipients back to the defaults who need no settings", b.len())}
	}
	return e, true, nil
}

// fits tells whether the book can be stored with a newer page. Who is set back to the defaults takes no more than before, so that always fits.
func (b *book) fits(newer *page) bool {
	if b.size()+newer.size() <= maxBookSize {
		return true
	}
	trial := b.shelf
	trial.tidy()
	trial.put(newer, everybody)
	return trial.size() <= maxBookSize
}

// pieceUsers is how many users one answer tells of at most, so that it holds nobody else's messages up. More than one change names can't
// have one revision, so a piece always ends between two.
const pieceUsers = 4096

// delta is what has changed after a revision, or the first piece of it.
func (b *book) delta(m actors.Since) actors.RecipientDelta {
	d := actors.RecipientDelta{Revision: b.revision, Latest: b.revision}
	if m.Revision >= b.revision {
		return d
	}
	d.Whole = m.Revision == 0 || max(m.Revision, m.Known) < b.floor
	p := b.filter(func(s slot) bool {
		if d.Whole {
			return s.value != 0
		}
		return s.since > m.Revision
	})
	if n := len(p.lines.slots) + len(p.texts.slots); n > pieceUsers {
		d.Revision = p.revisions()[pieceUsers] - 1
		p = p.filter(func(s slot) bool { return s.since <= d.Revision })
	}
	d.Entries = pack(&p, d.Revision)
	return d
}
