package cluster

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// pending are the reminders of one shard that are near. No pointer is kept for each, so that a million of them are nothing to the collector:
// it would read them all again and again while those that are due wait for a processor.
//
//	heap  ─┐  (by the time of firing)
//	       ├─► slots ─► texts: kind, id, name and payload, or which record of the store holds that
//	index ─┘  (by hour, kind, id and name)
//
// What is removed leaves its slot to a later one and its text unused. When more than half of either is unused, all is packed anew.
type pending struct {
	heap  []firing
	slots []slot
	free  []uint32 // slots that hold nothing
	index []uint32 // open addressing by slot.hash: a slot's number + 1, or 0; its length is a power of two
	texts []byte
	waste int // bytes of texts that no slot has
	kinds []string
	seed  maphash.Seed
}

// firing is a slot and when it fires. The time stands in the heap itself, so that sifting through a million reads no slot.
type firing struct {
	next int64
	slot uint32
}

// slot is one reminder.
type slot struct {
	due   int64
	where uint64 // its text begins, in the upper 48 bits, and the number of its kind, with awayBit
	hash  uint32
	at    uint32 // its place in the heap
}

// The payload of a slot with the awayBit is the position of a record.
const (
	kindBits = 16
	awayBit  = 1 << (kindBits - 1)
)

func where(text int, low uint16) uint64 { return uint64(text)<<kindBits | uint64(low) }

func (s *slot) text() int    { return int(s.where >> kindBits) }
func (s *slot) low() uint16  { return uint16(s.where) }
func (s *slot) kind() uint16 { return s.low() &^ awayBit }
func (s *slot) away() bool   { return s.low()&awayBit != 0 }

const (
	leastIndex  = 16
	leastRepack = 64 // slots, below which packing anew isn't worth it
	leastWaste  = 16 << 10
)

func newPending() *pending { return &pending{seed: maphash.MakeSeed()} }

func (p *pending) len() int { return len(p.heap) }

// first is when the next one fires.
func (p *pending) first() (at int64, ok bool) {
	if len(p.heap) == 0 {
		return 0, false
	}
	return p.heap[0].next, true
}

// take returns the entry that fires first, and has it fire again at a later time.
func (p *pending) take(again int64) entry {
	e := p.entry(p.heap[0].slot)
	p.heap[0].next = again
	p.down(0)
	return e
}

// due is when the reminder of that key and hour is due.
func (p *pending) due(key reminderKey, hour int64) (due int64, ok bool) {
	i, ok := p.find(key, hour)
	if !ok {
		return 0, false
	}
	return p.slots[p.index[i]-1].due, true
}

// get returns the reminder of that key and hour.
func (p *pending) get(key reminderKey, hour int64) (entry, bool) {
	i, ok := p.find(key, hour)
	if !ok {
		return entry{}, false
	}
	return p.entry(p.index[i] - 1), true
}

// locate says which record holds the payload of one that is away.
func (p *pending) locate(key reminderKey, hour int64, record uint64) {
	i, ok := p.find(key, hour)
	if !ok {
		return
	}
	_, _, payload, _ := p.text(p.slots[p.index[i]-1].text())
	binary.LittleEndian.PutUint64(p.texts[payload.from:payload.to], record)
}

// put adds an entry. Its hour has none of that key.
func (p *pending) put(e entry) {
	if 4*(p.len()+1) > 3*len(p.index) {
		p.reindex(max(leastIndex, 2*len(p.index)))
	}
	low := p.kindOf(e.kind)
	if e.away {
		low |= awayBit
		e.payload = binary.LittleEndian.AppendUint64(nil, e.record)
	}
	s := slot{due: e.due, where: where(len(p.texts), low), hash: p.hash(e.reminderKey, hourOf(e.due)), at: uint32(p.len())}
	p.texts = appendText(appendText(p.texts, e.id), e.name)
	p.texts = append(binary.AppendUvarint(p.texts, uint64(len(e.payload))), e.payload...)
	number := uint32(len(p.slots))
	if n := len(p.free); n > 0 {
		number = p.free[n-1]
		p.free = p.free[:n-1]
		p.slots[number] = s
	} else {
		p.slots = append(p.slots, s)
	}
	p.enter(number)
	p.heap = append(p.heap, firing{e.due, number})
	p.up(p.len() - 1)
}

// remove takes out the reminder of that key and hour.
func (p *pending) remove(key reminderKey, hour int64) {
	i, ok := p.find(key, hour)
	if !ok {
		return
	}
	number := p.index[i] - 1
	s := p.slots[number]
	p.leave(i)
	p.free = append(p.free, number)
	_, _, _, size := p.text(s.text())
	p.waste += size
	last := p.len() - 1
	if at := int(s.at); at != last {
		p.set(at, p.heap[last])
		p.heap = p.heap[:last]
		p.down(at)
		p.up(at)
	} else {
		p.heap = p.heap[:last]
	}
	if len(p.slots) > leastRepack && 2*len(p.free) > len(p.slots) || p.waste > leastWaste && 2*p.waste > len(p.texts) {
		p.repack()
	}
}

// repack leaves out what is unused.
func (p *pending) repack() {
	slots, texts := make([]slot, p.len()), make([]byte, 0, len(p.texts)-p.waste)
	for i := range p.heap {
		f := &p.heap[i]
		s := p.slots[f.slot]
		begin := s.text()
		_, _, _, size := p.text(begin)
		s.where, s.at, f.slot = where(len(texts), s.low()), uint32(i), uint32(i)
		texts = append(texts, p.texts[begin:begin+size]...)
		slots[i] = s
	}
	p.heap, p.slots, p.texts, p.free, p.waste = slices.Clone(p.heap), slots, texts, nil, 0
	size := leastIndex
	for 4*p.len() > 2*size {
		size *= 2
	}
	p.reindex(size)
}

func (p *pending) entry(number uint32) entry {
	s := p.slots[number]
	id, name, payload, _ := p.text(s.text())
	both := string(p.texts[id.from:name.to]) // with the length of the name between them: one allocation for both
	e := entry{due: s.due, reminderKey: reminderKey{kind: p.kinds[s.kind()], id: both[:id.to-id.from], name: both[name.from-id.from:]}}
	switch {
	case s.away():
		e.away, e.record = true, binary.LittleEndian.Uint64(p.texts[payload.from:payload.to])
	case payload.to > payload.from:
		e.payload = slices.Clone(p.texts[payload.from:payload.to])
	}
	return e
}

// stretch is a part of the texts.
type stretch struct{ from, to int }

// text finds the parts of the text that begins at from, and how long it is.
func (p *pending) text(from int) (id, name, payload stretch, size int) {
	at := from
	for _, part := range []*stretch{&id, &name, &payload} {
		length, n := binary.Uvarint(p.texts[at:])
		*part = stretch{at + n, at + n + int(length)}
		at = part.to
	}
	return id, name, payload, at - from
}

func (p *pending) kindOf(kind string) uint16 {
	i := slices.Index(p.kinds, kind)
	if i < 0 {
		i = len(p.kinds)
		p.kinds = append(p.kinds, kind)
	}
	return uint16(i)
}

// hash is of everything by which a reminder is found but its kind: ids of different kinds are hardly ever equal.
func (p *pending) hash(key reminderKey, hour int64) uint32 {
	const odd = 0x9e3779b97f4a7c15
	h := maphash.String(p.seed, key.id)*odd ^ maphash.String(p.seed, key.name) + uint64(hour)*odd
	return uint32(h ^ h>>32)
}

// find returns the place in the index of the reminder with that key in that hour.
func (p *pending) find(key reminderKey, hour int64) (place int, ok bool) {
	if len(p.index) == 0 {
		return 0, false
	}
	hash := p.hash(key, hour)
	for i := int(hash) & (len(p.index) - 1); p.index[i] != 0; i = (i + 1) & (len(p.index) - 1) {
		if s := &p.slots[p.index[i]-1]; s.hash == hash && hourOf(s.due) == hour && p.is(s, key) {
			return i, true
		}
	}
	return 0, false
}

func (p *pending) is(s *slot, key reminderKey) bool {
	id, name, _, _ := p.text(s.text())
	return p.kinds[s.kind()] == key.kind && string(p.texts[id.from:id.to]) == key.id && string(p.texts[name.from:name.to]) == key.name
}

// enter writes a slot into the index, which has room.
func (p *pending) enter(number uint32) {
	i := int(p.slots[number].hash) & (len(p.index) - 1)
	for p.index[i] != 0 {
		i = (i + 1) & (len(p.index) - 1)
	}
	p.index[i] = number + 1
}

// leave empties a place of the index, and moves those up that stand behind it only because it was taken.
func (p *pending) leave(hole int) {
	mask := len(p.index) - 1
	for i := (hole + 1) & mask; p.index[i] != 0; i = (i + 1) & mask {
		home := int(p.slots[p.index[i]-1].hash) & mask
		if (i-home)&mask >= (i-hole)&mask {
			p.index[hole] = p.index[i]
			hole = i
		}
	}
	p.index[hole] = 0
}

func (p *pending) reindex(size int) {
	p.index = make([]uint32, size)
	for _, f := range p.heap {
		p.enter(f.slot)
	}
}

// set writes one place of the heap.
func (p *pending) set(at int, f firing) {
	p.heap[at] = f
	p.slots[f.slot].at = uint32(at)
}

func (p *pending) up(at int) {
	f := p.heap[at]
	for at > 0 {
		parent := (at - 1) / 2
		if p.heap[parent].next <= f.next {
			break
		}
		p.set(at, p.heap[parent])
		at = parent
	}
	p.set(at, f)
}

func (p *pending) down(at int) {
	f := p.heap[at]
	for {
		child := 2*at + 1
		if child >= p.len() {
			break
		}
		if right := child + 1; right < p.len() && p.heap[right].next < p.heap[child].next {
			child = right
		}
		if f.next <= p.heap[child].next {
			break
		}
		p.set(at, p.heap[child])
		at = child
	}
	p.set(at, f)
}
