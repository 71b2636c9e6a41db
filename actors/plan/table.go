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
}

// add appends a chunk after the last one.
func (t *Table) add(count uint32, mode Mode) Entry {
	e := Entry{First: t.Recipients, Count: count, Mode: mode}
	t.Chunks = append(t.Chunks, e)
	t.Recipients += count
	return e
}

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
	dst = append(dst, kindTable, version)
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
	return dst
}

// DecodeTable reads a table. It fails with [ErrDamaged].
func DecodeTable(data []byte) (Table, error) {
	c := audience.NewCursor(data)
	var t Table
	if c.Byte() != kindTable || c.Byte() != version {
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
	if c.Done() != nil {
		return Table{}, ErrDamaged
	}
	return t, nil
}
