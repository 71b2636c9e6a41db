package audience

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"

	"hayauma.example/actors/audience/spill"
)

const (
	partitions      = 64 // hash partitions of ids
	partitionBuffer = 8 << 10
)

// duplicates finds the rows whose id an earlier row has. Ids are spread over partitions by a hash with a random seed, so that no
// file can be made to overload one; within a partition they are compared whole.
type duplicates struct {
	dir   *spill.Dir
	seed  maphash.Seed
	files [partitions]*spill.File
	last  [partitions]uint32 // row number last written
	entry []byte
}

func newDuplicates(dir *spill.Dir) *duplicates {
	d := &duplicates{dir: dir, seed: maphash.MakeSeed()}
	for i := range d.files {
		d.files[i] = dir.File(partitionBuffer)
	}
	return d
}

// add notes the id of a row; rows come in order.
func (d *duplicates) add(user []byte, row uint32) error {
	i := maphash.Bytes(d.seed, user) % partitions
	d.entry = binary.AppendUvarint(AppendUser(d.entry[:0], user), uint64(row-d.last[i]))
	d.last[i] = row
	_, err := d.files[i].Write(d.entry)
	return err
}

// resolve writes the numbers of all later duplicates, in order.
func (d *duplicates) resolve(write func(row uint32) error) error {
	var sources []spill.Source[uint32]
	seen := &idSet{lines: map[[16]byte]struct{}{}, others: map[string]struct{}{}}
	for _, f := range d.files {
		later, err := d.resolvePartition(f, seen)
		if err != nil {
			return err
		}
		if later.Size() > 0 {
			sources = append(sources, rowSource(later.Reader(partitionBuffer)))
		}
	}
	for row, err := range spill.Merge(sources, func(a, b *uint32) bool { return *a < *b }) {
		if err != nil {
			return err
		}
		if err := write(*row); err != nil {
			return err
		}
	}
	return nil
}

// resolvePartition returns the row numbers of the later duplicates of one partition, as deltas.
func (d *duplicates) resolvePartition(f *spill.File, seen *idSet) (*spill.File, error) {
	later := d.dir.File(partitionBuffer)
	r := f.Reader(64 << 10)
	seen.reset()
	var row, last uint32
	for {
		again, err := seen.read(r)
		switch {
		case errors.Is(err, io.EOF):
			if err := later.Settle(); err != nil {
				return nil, err
			}
			return later, f.Drop()
		case err != nil:
			return nil, err
		}
		delta, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err
		}
		row += uint32(delta)
		if again {
			d.entry = binary.AppendUvarint(d.entry[:0], uint64(row-last))
			last = row
			if _, err := later.Write(d.entry); err != nil {
				return nil, err
			}
		}
	}
}

// rowSource reads deltas.
func rowSource(r *bufio.Reader) spill.Source[uint32] {
	return func(row *uint32) (bool, error) {
		delta, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		*row += uint32(delta)
		return err == nil, err
	}
}

// idSet is the ids of one partition.
type idSet struct {
	lines  map[[16]byte]struct{}
	others map[string]struct{}
	key    [16]byte
	buf    [maxID]byte
}

func (s *idSet) reset() {
	clear(s.lines)
	clear(s.others)
}

// read takes one stored id, and reports whether it was there before.
func (s *idSet) read(r *bufio.Reader) (again bool, err error) {
	n, err := binary.ReadUvarint(r)
	switch {
	case err != nil:
		return false, err
	case n > maxID:
		return false, ErrDamaged
	case n > 0:
		if _, err := io.ReadFull(r, s.buf[:n]); err != nil {
			return false, fmt.Errorf("audience: read spilled ids: %w", noEOF(err))
		}
		if _, again = s.others[string(s.buf[:n])]; !again {
			s.others[string(s.buf[:n])] = struct{}{}
		}
		return again, nil
	}
	if _, err := io.ReadFull(r, s.key[:]); err != nil {
		return false, fmt.Errorf("audience: read spilled ids: %w", noEOF(err))
	}
	before := len(s.lines)
	s.lines[s.key] = struct{}{}
	return len(s.lines) == before, nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// duplicateWriter packs row numbers into parts.
type duplicateWriter struct {
	deltas []byte
	count  uint64
	last   uint32 // of this part
	write  func(data []byte) error
}

func (w *duplicateWriter) add(row uint32) error {
	if len(w.deltas) > MaxPart-32 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.deltas = binary.AppendUvarint(w.deltas, uint64(row-w.last))
	w.last = row
	w.count++
	return nil
}

func (w *duplicateWriter) flush() error {
	if w.count == 0 {
		return nil
	}
	data := binary.AppendUvarint([]byte{kindDuplicates, version}, w.count)
	data = append(data, w.deltas...)
	w.deltas, w.count, w.last = w.deltas[:0], 0, 0
	return w.write(data)
}

// DecodeDuplicates reads the row numbers of a part of duplicates, in order. It fails with [ErrDamaged].
func DecodeDuplicates(data []byte) ([]uint32, error) {
	c := NewCursor(data)
	if len(data) > MaxPart || c.Byte() != kindDuplicates || c.Byte() != version {
		return nil, ErrDamaged
	}
	count := int(c.Number(uint64(c.Rest())))
	rows := make([]uint32, 0, count)
	var row uint64
	for i := range count {
		delta := c.Number(math.MaxUint32)
		if row += delta; row > math.MaxUint32 || i > 0 && delta == 0 {
			return nil, ErrDamaged
		}
		rows = append(rows, uint32(row))
	}
	return rows, c.Done()
}
