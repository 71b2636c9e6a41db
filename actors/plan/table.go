package plan

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"hayauma.example/actors/audience"
)

// Entry is one chunk in a table: recipients First to First+Count-1.
type Entry struct {
	First, Count uint32
	Mode         Mode
}

// Table is the frozen plan of a run: its chunks by number. They cover all recipients without gaps.
type Table struct {
	Chunks     []Entry
	Recipients uint32
	Lots       []LotEntry // in their order, by delay first; empty: the run has none. They cover all recipients, and no chunk is of two
}

// add appends a chunk after the last one.
func (t *Table) add(count uint32, mode Mode) Entry {
	e := Entry{First: t.Recipients, Count: count, Mode: mode}
	t.Chunks = append(t.Chunks, e)
	t.Recipients += count
	return e
}

// Sends is what a table asks of the provider.
type Sends struct {
	Pushes, Multicasts  uint32 // calls
	MulticastRecipients uint32
	Failed              uint32 // recipients without a message
}

// Sends adds up the chunks: a call for each push, and one for each multicast chunk.
func (t Table) Sends() (s Sends) {
	for _, e := range t.Chunks {
		switch e.Mode {
		case Push:
			s.Pushes += e.Count
		case Multicast:
			s.Multicasts++
			s.MulticastRecipients += e.Count
		case Failed:
			s.Failed += e.Count
		}
	}
	return s
}

// Billed is how many messages a provider counts that bills by recipient.
func (s Sends) Billed() uint32 { return s.Pushes + s.MulticastRecipients }

// Find returns the chunk that holds a recipient, and its number; false when the index is beyond the run.
func Find(t Table, index uint32) (n int, e Entry, ok bool) {
	if index >= t.Recipients {
		return 0, Entry{}, false
	}
	n, exact := slices.BinarySearchFunc(t.Chunks, index, func(e Entry, i uint32) int { return cmp.Compare(e.First, i) })
	if !exact {
		n--
	}
	return n, t.Chunks[n], true
}

const kindTable = 'T'

// maxChunks is the most chunks that DecodeTable accepts; a run of 10 million pushes has 20,000.
const maxChunks = 8 << 20

// AppendTable appends the table: runs of chunks of one mode and size take a few bytes.
func AppendTable(dst []byte, t Table) []byte {
	dst = append(dst, kindTable, versionOf(len(t.Lots) > 0))
	dst = binary.AppendUvarint(dst, uint64(len(t.Chunks)))
	for i := 0; i < len(t.Chunks); {
		e, repeat := t.Chunks[i], 1
		for i+repeat < len(t.Chunks) && t.Chunks[i+repeat].Mode == e.Mode && t.Chunks[i+repeat].Count == e.Count {
			repeat++
		}
		// two bits of mode, then whether a repetition follows
		head := uint64(e.Count)<<3 | uint64(e.Mode)<<1
		if repeat > 1 {
			head |= 1
		}
		dst = binary.AppendUvarint(dst, head)
		if repeat > 1 {
			dst = binary.AppendUvarint(dst, uint64(repeat))
		}
		i += repeat
	}
	return appendLots(dst, t.Lots)
}

func appendLots(dst []byte, lots []LotEntry) []byte {
	if len(lots) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(lots)))
	before := uint32(0)
	for _, l := range lots {
		dst = appendLot(binary.AppendUvarint(dst, uint64(l.First-before)), l.Lot)
		before = l.First
	}
	return dst
}

// DecodeTable reads a table. It fails with [ErrDamaged].
func DecodeTable(data []byte) (Table, error) {
	c := audience.NewCursor(data)
	var t Table
	kind, form := c.Byte(), c.Byte()
	if kind != kindTable || form != version && form != versionLots {
		return Table{}, ErrDamaged
	}
	chunks := int(c.Number(maxChunks))
	for len(t.Chunks) < chunks {
		head := c.Number(math.MaxUint32<<3 | 7)
		repeat := uint64(1)
		if head&1 == 1 {
			repeat = c.Number(uint64(chunks - len(t.Chunks)))
		}
		count, mode := head>>3, Mode(head>>1&3)
		if count == 0 || repeat == 0 || mode < Push || mode > Failed || uint64(t.Recipients)+count*repeat > math.MaxUint32 {
			return Table{}, ErrDamaged
		}
		for range repeat {
			t.add(uint32(count), mode)
		}
	}
	if form == versionLots && !t.readLots(c) || c.Done() != nil {
		return Table{}, ErrDamaged
	}
	return t, nil
}

// readLots tells whether there are lots as Freeze makes them.
func (t *Table) readLots(c *audience.Cursor) bool {
	n := int(c.Number(MaxLots))
	for i := range n {
		l := LotEntry{First: uint32(c.Number(uint64(t.Recipients)))}
		l.Lot = readLot(c)
		if i > 0 {
			before := t.Lots[i-1]
			if l.First == 0 || l.First > t.Recipients-before.First || before.compare(l.Lot) >= 0 {
				return false
			}
			l.First += before.First
		} else if l.First > 0 {
			return false
		}
		t.Lots = append(t.Lots, l)
	}
	return n > 0 && t.Lots[n-1].First < t.Recipients
}
