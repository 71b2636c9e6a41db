package recipient

import (
	"cmp"
	"encoding/binary"
	"fmt"

	"hayauma.example/actors/audience"
)

// A packed page is
//
//	'P' version revision  count{value}…  count{16 bytes, slot}…  count{length id, slot}…
//
// with all numbers as varints. A value is flags and what they name; a slot is the number of its value from 1 (0: a tombstone), how many
// revisions ago it changed, and when the user was suppressed, if he was.

const (
	packMark    = 'P'
	packVersion = 1
)

// What a value has.
const (
	hasOptOut = 1 << iota
	hasTopics
	hasZone
	hasQuiet
	hasReason
	hasAll = hasOptOut | hasTopics | hasZone | hasQuiet | hasReason
)

func appendValue(dst []byte, s Settings) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if s.OptOut {
		dst[at] |= hasOptOut
	}
	if len(s.Topics) > 0 {
		dst[at] |= hasTopics
		dst = binary.AppendUvarint(dst, uint64(len(s.Topics)))
		for _, topic := range s.Topics {
			dst = audience.AppendText(dst, topic)
		}
	}
	for _, f := range []struct {
		flag byte
		text string
	}{{hasZone, s.Zone}, {hasQuiet, s.Quiet}, {hasReason, s.Suppressed.Reason}} {
		if f.text != "" {
			dst[at] |= f.flag
			dst = audience.AppendText(dst, f.text)
		}
	}
	return dst
}

func readValue(c *audience.Cursor) (s Settings) {
	flags := c.Byte()
	if flags&^hasAll != 0 || flags == 0 {
		c.Fail() // of a later version, or the default, which is not written
		return s
	}
	s.OptOut = flags&hasOptOut != 0
	if flags&hasTopics != 0 {
		s.Topics = make([]string, c.Number(MaxTopics))
		for i := range s.Topics {
			s.Topics[i] = string(c.Text())
		}
	}
	for _, f := range []struct {
		flag byte
		text *string
	}{{hasZone, &s.Zone}, {hasQuiet, &s.Quiet}, {hasReason, &s.Suppressed.Reason}} {
		if flags&f.flag != 0 {
			*f.text = string(c.Text())
		}
	}
	return s
}

// packer writes a page with only the values that it uses.
type packer struct {
	page     *page
	revision uint64
	numbers  []uint32 // by value: its number in the pack, 0: none yet
	values   []byte
	used     uint64
	slots    []byte
}

// pack writes a page as of a revision, which none of its slots is beyond.
func pack(p *page, revision uint64) []byte {
	w := packer{page: p, revision: revision, numbers: make([]uint32, len(p.values))}
	w.slots = make([]byte, 0, len(p.lines.users)*(lineSize+5)+len(p.texts.users)*24+16)
	w.slots = binary.AppendUvarint(w.slots, uint64(len(p.lines.users)))
	for i, l := range p.lines.users {
		w.slots = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(w.slots, l.hi), l.lo)
		w.slot(p.lines.slots[i])
	}
	w.slots = binary.AppendUvarint(w.slots, uint64(len(p.texts.users)))
	for i, user := range p.texts.users {
		w.slots = audience.AppendText(w.slots, user)
		w.slot(p.texts.slots[i])
	}
	out := make([]byte, 0, 24+len(w.values)+len(w.slots))
	out = binary.AppendUvarint(append(out, packMark, packVersion), revision)
	out = append(binary.AppendUvarint(out, w.used), w.values...)
	return append(out, w.slots...)
}

func (w *packer) slot(s slot) {
	number := uint32(0)
	if s.value != 0 {
		if w.numbers[s.value] == 0 {
			w.used++
			w.numbers[s.value] = uint32(w.used)
			w.values = appendValue(w.values, w.page.values[s.value])
		}
		number = w.numbers[s.value]
	}
	w.slots = binary.AppendUvarint(w.slots, uint64(number))
	w.slots = binary.AppendUvarint(w.slots, w.revision-s.since)
	if s.value != 0 && w.page.values[s.value].Suppressed.Reason != "" {
		w.slots = binary.AppendUvarint(w.slots, uint64(s.at))
	}
}

// unpack reads what pack wrote. Nothing of data is kept.
func unpack(data []byte) (p page, revision uint64, err error) {
	c := audience.NewCursor(data)
	if c.Byte() != packMark || c.Byte() != packVersion {
		c.Fail()
	}
	revision = c.Number(1<<64 - 1)
	values := c.Number(uint64(c.Rest()))
	if values > 0 {
		p.values = make([]Settings, 1, 1+min(values, 1<<10))
	}
	for range values {
		if c.Rest() == 0 {
			break
		}
		p.values = append(p.values, readValue(c))
	}
	r := unpacker{c, p.values, revision}
	p.lines = column[line]{}
	p.lines.read(r, func() line { return readLine(c) }, compareLines)
	p.texts.read(r, func() string { return string(c.Text()) }, cmp.Compare[string])
	if err := c.Done(); err != nil {
		return page{}, 0, fmt.Errorf("recipient: packed settings: %w", err)
	}
	return p.counted(), revision, nil
}

type unpacker struct {
	c        *audience.Cursor
	values   []Settings
	revision uint64
}

func readLine(c *audience.Cursor) line {
	b := c.Bytes(lineSize)
	if b == nil {
		return line{}
	}
	return line{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// read reads a column, whose users rise.
func (k *column[K]) read(r unpacker, user func() K, compare func(a, b K) int) {
	n := int(r.c.Number(uint64(r.c.Rest())))
	if n == 0 {
		return
	}
	k.users, k.slots = make([]K, 0, min(n, 1<<16)), make([]slot, 0, min(n, 1<<16))
	for i := range n {
		u, s := user(), r.slot()
		if r.c.Rest() == 0 && r.c.Done() != nil {
			return
		}
		if i > 0 && compare(k.users[i-1], u) >= 0 {
			r.c.Fail()
			return
		}
		k.users, k.slots = append(k.users, u), append(k.slots, s)
	}
}

func (r unpacker) slot() (s slot) {
	s.value = uint32(r.c.Number(uint64(max(0, len(r.values)-1))))
	s.since = r.revision - r.c.Number(r.revision)
	if s.value != 0 && r.values[s.value].Suppressed.Reason != "" {
		s.at = uint32(r.c.Number(1<<32 - 1))
	}
	return s
}
