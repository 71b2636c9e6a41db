package recipient

import (
	"iter"

	"hayauma.example/actors"
)

// reader is who follows one book: what it has of the users' settings, and up to which revision.
type reader struct {
	shelf
	revision uint64
	known    uint64 // the latest revision when everything began to be read
}

// Asker puts one question to a book.
type Asker func(actors.Since) (actors.RecipientDelta, error)

// Read reads everything that a book has, and yields the users in order.
func Read(ask Asker) (iter.Seq2[string, Settings], error) {
	var r reader
	if _, err := r.follow(ask); err != nil {
		return nil, err
	}
	return r.all(), nil
}

// follow asks until nothing is new. After an error it goes on where it was.
func (r *reader) follow(ask Asker) (fresh bool, err error) {
	for {
		d, err := ask(actors.Since{Revision: r.revision, Known: r.known})
		if err != nil || d.Latest <= r.revision { // less is known to an activation that is over and doesn't know it yet
			return fresh, err
		}
		if err := r.hear(d); err != nil {
			return fresh, err
		}
		if fresh = true; r.revision == d.Latest {
			return fresh, nil
		}
	}
}

func (r *reader) hear(d actors.RecipientDelta) error {
	newer, revision, err := unpack(d.Entries)
	if err != nil {
		return err
	}
	if d.Whole {
		*r = reader{known: d.Latest}
	}
	r.put(&newer, noTombstones)
	r.revision = revision
	return nil
}
