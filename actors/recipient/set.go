package recipient

import (
	"iter"
	"unsafe"
)

// Set is all settings of a channel's users as of one moment. It never changes, so any number of readers may use it.
type Set struct {
	addresses *Addresses
	pages     []page // by number of the book
	count     int
}

// Of is a user's settings; false: he has the defaults. It allocates nothing.
func (s *Set) Of(user string) (Settings, bool) {
	if s.count == 0 {
		return Settings{}, false
	}
	return s.pages[s.addresses.Number(user)].of(user)
}

// Len is how many users have settings of their own.
func (s *Set) Len() int { return s.count }

// Bytes is about what the set takes in memory.
func (s *Set) Bytes() int {
	n := len(s.pages) * int(unsafe.Sizeof(page{}))
	for i := range s.pages {
		p := &s.pages[i]
		n += cap(p.lines.users)*int(unsafe.Sizeof(line{})) + cap(p.lines.slots)*int(unsafe.Sizeof(slot{}))
		n += cap(p.texts.users)*int(unsafe.Sizeof("")) + cap(p.texts.slots)*int(unsafe.Sizeof(slot{}))
		n += cap(p.values)*int(unsafe.Sizeof(Settings{})) + p.bytes
	}
	return n
}

// All yields every user with his settings, in no order that means anything.
func (s *Set) All() iter.Seq2[string, Settings] {
	return func(yield func(string, Settings) bool) {
		for i := range s.pages {
			for user, settings := range s.pages[i].all() {
				if !yield(user, settings) {
					return
				}
			}
		}
	}
}

// all yields the users who have settings, in order, LINE's first.
func (p *page) all() iter.Seq2[string, Settings] {
	return func(yield func(string, Settings) bool) {
		p.each(func(user string, s slot) bool { return s.value == 0 || yield(user, p.settings(s)) })
	}
}

func newSet(a *Addresses, readers []reader) *Set {
	s := &Set{addresses: a, pages: make([]page, len(readers))}
	for i := range readers {
		s.pages[i] = readers[i].page
		s.count += readers[i].len()
	}
	return s
}
