package catalog

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"hayauma.example/actors/campaign"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

var (
	// errGap: events of a campaign were missed.
	errGap = errors.New("catalog: events of a campaign are missing")
	// errUnread: a record was passed over, such as one of a newer version; its campaign has to be asked.
	errUnread = errors.New("catalog: a campaign's record can't be read")
)

// book is the fold of what was followed.
type book struct {
	position uint64 // of the newest record
	anew     bool   // it was begun because of a gap, and takes the next one for what the store has
	entries  map[string]*entry
	ids      []string // of those accepted, in order if sorted
	recent   []Place  // of the same, in order if sorted
	sorted   bool
}

type entry struct {
	glance campaign.Glance
	last   uint64 // number of the newest event
	unread bool   // an event of it can't be read here
}

func newBook(anew bool) *book { return &book{entries: map[string]*entry{}, anew: anew} }

// take folds one record; what it knows already is skipped.
func (b *book) take(r journal.Record, registry *codec.Registry) error {
	e := b.entries[r.Grain.ID]
	if e == nil {
		e = &entry{}
		b.entries[r.Grain.ID] = e
	}
	if r.Snapshot {
		return b.takeSnapshot(e, r, registry)
	}
	if r.First > e.last+1 && !b.anew {
		return fmt.Errorf("%w: %s has %d, then comes %d", errGap, r.Grain.ID, e.last, r.First)
	}
	before, failed := e.glance.Accepted(), error(nil)
	for x, err := range engine.Stored(r, registry) {
		if err != nil {
			e.unread, failed = true, fmt.Errorf("%w: %s: %w", errUnread, r.Grain.ID, err)
			break
		}
		if event, ok := x.Event.(campaign.Event); ok && x.Number > e.last {
			e.glance.Apply(event)
			e.last = x.Number
		}
	}
	b.position, e.last = r.Position, max(e.last, r.First+uint64(r.Count)-1)
	if !before && e.glance.Accepted() {
		b.add(r.Grain.ID)
	}
	return failed
}

// takeSnapshot takes what stands instead of a forgotten campaign's events.
func (b *book) takeSnapshot(e *entry, r journal.Record, registry *codec.Registry) error {
	b.position = r.Position
	if r.First <= e.last && e.glance.Accepted() {
		return nil // folded from the events
	}
	before := e.glance.Accepted()
	v, rest, err := registry.Decode(r.Data)
	remains, ok := v.(campaign.Remains)
	if err != nil || !ok || len(rest) > 0 {
		e.unread = true
		return fmt.Errorf("%w: %s: a snapshot of another kind: %w", errUnread, r.Grain.ID, errors.Join(err))
	}
	e.glance.Restore(remains)
	e.last = r.First
	if !before {
		b.add(r.Grain.ID)
	}
	return nil
}

func (b *book) add(id string) {
	p := Place{b.entries[id].glance.AcceptedAt(), id}
	if !b.sorted {
		b.ids, b.recent = append(b.ids, id), append(b.recent, p)
		return
	}
	i, _ := slices.BinarySearch(b.ids, id)
	b.ids = slices.Insert(b.ids, i, id)
	i, _ = slices.BinarySearchFunc(b.recent, p, Place.compare)
	b.recent = slices.Insert(b.recent, i, p)
}

// sort is called once, when all that there was is read.
func (b *book) sort() {
	slices.Sort(b.ids)
	slices.SortFunc(b.recent, Place.compare)
	b.sorted = true
}

// beyond is the ids that a page goes through.
func (b *book) beyond(q Query) iter.Seq[string] {
	if !q.Newest {
		return slices.Values(b.after(q.After))
	}
	i := 0
	if q.Behind != (Place{}) {
		at, found := slices.BinarySearchFunc(b.recent, q.Behind, Place.compare)
		if i = at; found {
			i++
		}
	}
	return func(yield func(string) bool) {
		for _, p := range b.recent[i:] {
			if !yield(p.ID) {
				return
			}
		}
	}
}

// after is the ids beyond a cursor.
func (b *book) after(cursor string) []string {
	i, found := slices.BinarySearch(b.ids, cursor)
	if found {
		i++
	}
	return b.ids[i:]
}
