package recipient

import (
	"cmp"
	"slices"
	"time"
)

// page is users with their settings, in order. It never changes: merge makes another. Who has been set back to the defaults is in it as a
// tombstone, where it is a book's.
type page struct {
	lines  column[line]   // users with LINE's ids
	texts  column[string] // all others
	values []Settings     // what slots mean, times of suppressions left out; 0 is the default
	bytes  int            // of the texts' ids and of the values
	graves int            // tombstones
}

// column is users and what is known of each.
type column[K any] struct {
	users []K
	slots []slot
}

// slot is one user's settings.
type slot struct {
	value uint32 // 0: a tombstone
	at    uint32 // when the user was suppressed, in seconds since 1970
	since uint64 // the revision that made them so
}

// line is a LINE user id: U and 32 hex digits.
type line struct{ hi, lo uint64 }

const lineBytes = 33

// lineOf reads a LINE user id; false: it is another text.
func lineOf(user string) (l line, ok bool) {
	if len(user) != lineBytes || user[0] != 'U' {
		return l, false
	}
	if l.hi, ok = hex64(user[1:17]); !ok {
		return l, false
	}
	l.lo, ok = hex64(user[17:])
	return l, ok
}

func hex64(digits string) (v uint64, ok bool) {
	for i := range len(digits) {
		switch c := digits[i]; {
		case c >= '0' && c <= '9':
			v = v<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// text is the id as it is written.
func (l line) text() string {
	const digits = "0123456789abcdef"
	var b [lineBytes]byte
	b[0] = 'U'
	for i := range 16 {
		b[16-i], b[32-i] = digits[l.hi>>(4*i)&15], digits[l.lo>>(4*i)&15]
	}
	return string(b[:])
}

func compareLines(a, b line) int { return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo)) }

// len is how many users have settings.
func (p *page) len() int { return len(p.lines.users) + len(p.texts.users) - p.graves }

// of is a user's settings; false: he has the defaults. It allocates nothing.
func (p *page) of(user string) (Settings, bool) {
	s, _ := p.find(user)
	return p.settings(s), s.value != 0
}

func (p *page) find(user string) (slot, bool) {
	if l, ok := lineOf(user); ok {
		return find(&p.lines, l, compareLines)
	}
	return find(&p.texts, user, cmp.Compare[string])
}

func find[K any](c *column[K], user K, compare func(a, b K) int) (slot, bool) {
	i, found := slices.BinarySearchFunc(c.users, user, compare)
	if !found {
		return slot{}, false
	}
	return c.slots[i], true
}

func (p *page) settings(s slot) Settings {
	if s.value == 0 {
		return Settings{}
	}
	v := p.values[s.value]
	if v.Suppressed.Reason != "" {
		v.Suppressed.At = time.Unix(int64(s.at), 0).UTC()
	}
	return v
}

// each tells of every user in order, LINE's first; false: no more of them.
func (p *page) each(tell func(user string, s slot) bool) {
	for i, l := range p.lines.users {
		if !tell(l.text(), p.lines.slots[i]) {
			return
		}
	}
	for i, user := range p.texts.users {
		if !tell(user, p.texts.slots[i]) {
			return
		}
	}
}

// Bounds of what one entry takes when it is packed.
const (
	lineSize    = 16
	slotSize    = 13 // value, revision and time at their longest
	pageSize    = 64 // what there is once
	maxBookSize = 700 << 10
)

// size is at least what the page takes when it is packed.
func (p *page) size() int {
	return pageSize + p.bytes + len(p.lines.users)*(lineSize+slotSize) + len(p.texts.users)*(slotSize+2)
}

// filter is the page with the users whose slots keep lets through.
func (p *page) filter(keep func(slot) bool) page {
	return page{
		lines: filter(p.lines, keep), texts: filter(p.texts, keep), values: p.values,
	}.counted()
}

func filter[K any](c column[K], keep func(slot) bool) column[K] {
	n := 0
	for _, s := range c.slots {
		if keep(s) {
			n++
		}
	}
	if n == len(c.slots) {
		return c
	}
	out := column[K]{make([]K, 0, n), make([]slot, 0, n)}
	for i, s := range c.slots {
		if keep(s) {
			out.users, out.slots = append(out.users, c.users[i]), append(out.slots, s)
		}
	}
	return out
}

// revisions are those of all slots, in order.
func (p *page) revisions() []uint64 {
	out := make([]uint64, 0, len(p.lines.slots)+len(p.texts.slots))
	for _, slots := range [2][]slot{p.lines.slots, p.texts.slots} {
		for _, s := range slots {
			out = append(out, s.since)
		}
	}
	slices.Sort(out)
	return out
}

// counted is the page with its sums.
func (p page) counted() page {
	p.bytes, p.graves = 0, 0
	for _, user := range p.texts.users {
		p.bytes += len(user)
	}
	for _, v := range p.values {
		p.bytes += valueSize(v)
	}
	for _, slots := range [2][]slot{p.lines.slots, p.texts.slots} {
		for _, s := range slots {
			if s.value == 0 {
				p.graves++
			}
		}
	}
	return p
}

func valueSize(s Settings) int {
	n := 8 + len(s.Zone) + len(s.Quiet) + len(s.Suppressed.Reason)
	for _, topic := range s.Topics {
		n += 1 + len(topic)
	}
	return n
}

// shelf is the newest page, and the one writer's numbers of its values.
type shelf struct {
	page
	numbers map[string]uint32 // packed settings → index in values
}

// number is what settings are called in the page's slots. They are in normal form.
func (h *shelf) number(s Settings) uint32 {
	s.Suppressed.At = time.Time{}
	if IsDefault(s) {
		return 0
	}
	var room [128]byte
	packed := appendValue(room[:0], s)
	if n, known := h.numbers[string(packed)]; known {
		return n
	}
	if h.numbers == nil {
		h.numbers = map[string]uint32{}
	}
	if len(h.values) == 0 {
		h.values = []Settings{{}}
	}
	n := uint32(len(h.values))
	h.numbers[string(packed)] = n
	h.values = append(h.values, s) // readers of older pages know only of those before it
	return n
}

// put takes what a newer page has; users whose slots keep doesn't let through are left out.
func (h *shelf) put(newer *page, keep func(slot) bool) {
	numbers := make([]uint32, max(1, len(newer.values)))
	for i, v := range newer.values {
		numbers[i] = h.number(v)
	}
	h.page = page{
		lines:  merge(h.lines, newer.lines, mergeRules[line]{compareLines, numbers, keep}),
		texts:  merge(h.texts, newer.texts, mergeRules[string]{cmp.Compare[string], numbers, keep}),
		values: h.values,
	}
	if len(h.values) > 64+2*(len(h.lines.users)+len(h.texts.users)) {
		h.tidy()
	}
	h.page = h.counted()
}

// tidy forgets values that no slot has.
func (h *shelf) tidy() {
	old := h.page
	*h = shelf{}
	number := func(slots []slot) []slot {
		out := slices.Clone(slots)
		for i, s := range out {
			out[i].value = h.number(old.values[s.value])
		}
		return out
	}
	lines, texts := number(old.lines.slots), number(old.texts.slots)
	h.lines, h.texts = column[line]{old.lines.users, lines}, column[string]{old.texts.users, texts}
}

// mergeRules say how two columns become one.
type mergeRules[K any] struct {
	compare func(a, b K) int
	numbers []uint32        // of the newer column's values
	keep    func(slot) bool // what stays
}

func merge[K any](old, newer column[K], r mergeRules[K]) column[K] {
	if len(newer.users) == 0 {
		return filter(old, r.keep)
	}
	n := len(old.users) + len(newer.users)
	out := column[K]{make([]K, 0, n), make([]slot, 0, n)}
	add := func(user K, s slot) {
		if r.keep(s) {
			out.users, out.slots = append(out.users, user), append(out.slots, s)
		}
	}
	i := 0
	for j, user := range newer.users {
		for ; i < len(old.users) && r.compare(old.users[i], user) < 0; i++ {
			add(old.users[i], old.slots[i])
		}
		if i < len(old.users) && r.compare(old.users[i], user) == 0 {
			i++
		}
		s := newer.slots[j]
		s.value = r.numbers[s.value]
		add(user, s)
	}
	for ; i < len(old.users); i++ {
		add(old.users[i], old.slots[i])
	}
	if cap(out.users) > len(out.users)+len(out.users)/16 {
		out.users, out.slots = slices.Clone(out.users), slices.Clone(out.slots)
	}
	return out
}

func everybody(slot) bool      { return true }
func noTombstones(s slot) bool { return s.value != 0 }

// compose makes a page of some users' settings in normal form, as of one revision.
func compose(users map[string]Settings, revision uint64) page {
	var h shelf
	for _, user := range sortedUsers(users) {
		s := users[user]
		sl := slot{value: h.number(s), since: revision}
		if s.Suppressed.Reason != "" {
			sl.at = uint32(s.Suppressed.At.Unix())
		}
		if l, ok := lineOf(user); ok {
			h.lines.users, h.lines.slots = append(h.lines.users, l), append(h.lines.slots, sl)
			continue
		}
		h.texts.users, h.texts.slots = append(h.texts.users, user), append(h.texts.slots, sl)
	}
	return h.counted()
}

// sortedUsers are the users in the order of a page's columns: that of hex digits is that of the numbers.
func sortedUsers(users map[string]Settings) []string {
	names := make([]string, 0, len(users))
	for user := range users {
		names = append(names, user)
	}
	slices.Sort(names)
	return names
}
