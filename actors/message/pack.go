package message

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
)

// Bounds of a book, so that it fits into one record of the store.
const (
	maxSize  = 720 << 10 // bytes of a snapshot
	maxOpen  = 6000      // messages without an outcome
	maxPast  = 12_000    // messages with one
	openCost = 64        // bytes of a message without an outcome at most, to a user with a LINE id
	pastCost = 72        // bytes of one with an outcome at most, but for its texts
)

func (s *state) openSize() int { return len(s.open) * openCost }

func (p *past) size() int {
	n := pastCost + len(p.reason)
	if !compact(p.request) {
		n += len(p.request)
	}
	return n
}

// compact tells whether a request id is stored as 16 bytes.
func compact(request string) bool {
	id, err := uuid.Parse(request)
	return err == nil && id.String() == request
}

// Ledger is the snapshot.
type Ledger struct {
	Next    uint32
	Awake   bool
	Open    []byte // packed, by number
	Past    []byte // packed, the oldest first
	Usage   []Figure
	Stats   []Figure
	Version uint64
	Owing   time.Time
	Keeping time.Time
}

func (s *state) snapshot() Ledger {
	l := Ledger{Next: s.next, Awake: s.awake, Version: s.figures.version, Owing: s.figures.owing, Keeping: s.keeping}
	for _, n := range slices.Sorted(maps.Keys(s.open)) {
		l.Open = s.open[n].append(l.Open)
	}
	for _, n := range s.order {
		l.Past = s.past[n].append(l.Past)
	}
	l.Usage, l.Stats = s.figures.list(0), s.figures.list(1)
	return l
}

func (f *figures) list(listener int) (out []Figure) {
	for _, month := range slices.Sorted(maps.Keys(f.months[listener])) {
		out = append(out, *f.months[listener][month])
	}
	return out
}

func (s *state) restore(l Ledger) error {
	*s = newState()
	s.next, s.awake, s.keeping = l.Next, l.Awake, l.Keeping
	s.figures.version, s.figures.owing = l.Version, l.Owing
	for i, list := range [][]Figure{l.Usage, l.Stats} {
		for _, x := range list {
			s.figures.months[i][x.Numbers.Month] = &x
		}
	}
	if err := unpack(l.Open, readMessage, s.begin); err != nil {
		return err
	}
	return unpack(l.Past, readPast, s.end)
}

func unpack[T any](data []byte, read func(*audience.Cursor) *T, keep func(*T)) error {
	for c := audience.NewCursor(data); c.Rest() > 0; {
		x := read(c)
		if c.Rest() == 0 && c.Done() != nil {
			return fmt.Errorf("message: a snapshot can't be read: %w", c.Done())
		}
		keep(x)
	}
	return nil
}

func (m *message) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(m.number))
	b = audience.AppendUser(b, m.user)
	b = binary.LittleEndian.AppendUint64(b, m.key)
	b = binary.LittleEndian.AppendUint64(b, m.content)
	for _, n := range []int64{m.due, m.at, m.from, int64(m.window)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

func (p *past) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(p.number))
	b = binary.LittleEndian.AppendUint64(b, p.key)
	b = binary.LittleEndian.AppendUint64(b, p.content)
	for _, n := range []int64{p.due, p.at, int64(p.outcome), int64(p.tries)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	if compact(p.request) {
		id := uuid.MustParse(p.request)
		b = append(append(b, 1), id[:]...)
	} else {
		b = audience.AppendText(append(b, 0), p.request)
	}
	return audience.AppendText(b, p.reason)
}

func readMessage(c *audience.Cursor) *message {
	m := &message{number: uint32(c.Number(math.MaxUint32)), user: string(c.AppendUserText(nil)), key: readWord(c), content: readWord(c)}
	for _, to := range []*int64{&m.due, &m.at, &m.from} {
		*to = int64(c.Number(math.MaxInt64))
	}
	m.window = uint32(c.Number(math.MaxUint32))
	return m
}

func readPast(c *audience.Cursor) *past {
	p := &past{number: uint32(c.Number(math.MaxUint32)), key: readWord(c), content: readWord(c)}
	p.due, p.at = int64(c.Number(math.MaxInt64)), int64(c.Number(math.MaxInt64))
	p.outcome, p.tries = actors.Outcome(c.Number(uint64(actors.Delivered))), uint32(c.Number(math.MaxUint32))
	if c.Byte() == 1 {
		if id, err := uuid.FromBytes(c.Bytes(len(uuid.UUID{}))); err == nil {
			p.request = id.String()
		}
	} else {
		p.request = string(c.Text())
	}
	p.reason = string(c.Text())
	return p
}

func readWord(c *audience.Cursor) uint64 {
	if b := c.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
