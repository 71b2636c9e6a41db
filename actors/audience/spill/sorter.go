package spill

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// Item is a record of a Sorter. Payload is valid until the next step of the iteration.
type Item struct {
	Key     uint64
	Payload []byte
}

// Sorter sorts records by key in a bounded amount of memory. Keys should be unique: the order of equal keys is not promised.
type Sorter struct {
	dir    *Dir
	memory int
	arena  []byte
	items  []extent
	runs   []*File
}

// extent is a record in the arena.
type extent struct {
	key      uint64
	from, to uint32
}

const (
	extentSize = 16
	runBuffer  = 32 << 10
)

// NewSorter sorts in about memory bytes, at least 64 KiB, at most 1 GiB.
func NewSorter(dir *Dir, memory int) *Sorter {
	return &Sorter{dir: dir, memory: min(max(memory, 64<<10), 1<<30)}
}

// Add copies one record.
func (s *Sorter) Add(key uint64, payload []byte) error {
	if len(s.items) > 0 && len(s.arena)+len(payload)+extentSize*(len(s.items)+1) > s.memory {
		if err := s.flush(); err != nil {
			return err
		}
	}
	from := len(s.arena)
	s.arena = append(s.arena, payload...)
	s.items = append(s.items, extent{key, uint32(from), uint32(len(s.arena))})
	return nil
}

func (s *Sorter) sort() {
	slices.SortFunc(s.items, func(a, b extent) int { return cmp.Compare(a.key, b.key) })
}

// flush writes the records in memory as one sorted run.
func (s *Sorter) flush() error {
	s.sort()
	run := s.dir.File(runBuffer)
	s.runs = append(s.runs, run)
	var head [8 + binary.MaxVarintLen64]byte
	for _, e := range s.items {
		binary.BigEndian.PutUint64(head[:], e.key)
		n := binary.PutUvarint(head[8:], uint64(e.to-e.from))
		if _, err := run.Write(head[:8+n]); err != nil {
			return err
		}
		if _, err := run.Write(s.arena[e.from:e.to]); err != nil {
			return err
		}
	}
	s.arena, s.items = s.arena[:0], s.items[:0]
	return run.Settle()
}

// Sorted yields all records in the order of their keys, once; then the Sorter is empty.
func (s *Sorter) Sorted() iter.Seq2[*Item, error] {
	if len(s.runs) == 0 {
		return s.inMemory
	}
	return func(yield func(*Item, error) bool) {
		if err := s.flush(); err != nil {
			yield(nil, err)
			return
		}
		s.arena, s.items = nil, nil
		var sources []Source[Item]
		for _, run := range s.runs {
			sources = append(sources, runSource(run.Reader(runBuffer)))
		}
		for item, err := range Merge(sources, func(a, b *Item) bool { return a.Key < b.Key }) {
			if !yield(item, err) || err != nil {
				return
			}
		}
		for _, run := range s.runs {
			if err := run.Drop(); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

func (s *Sorter) inMemory(yield func(*Item, error) bool) {
	s.sort()
	var item Item
	for _, e := range s.items {
		item = Item{e.key, s.arena[e.from:e.to]}
		if !yield(&item, nil) {
			return
		}
	}
	s.arena, s.items = nil, nil
}

func runSource(r *bufio.Reader) Source[Item] {
	var head [8]byte
	return func(item *Item) (bool, error) {
		switch _, err := io.ReadFull(r, head[:]); {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, fmt.Errorf("spill: read a sorted run: %w", err)
		}
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return false, fmt.Errorf("spill: read a sorted run: %w", err)
		}
		item.Key = binary.BigEndian.Uint64(head[:])
		item.Payload = slices.Grow(item.Payload[:0], int(n))[:n]
		if _, err := io.ReadFull(r, item.Payload); err != nil {
			return false, fmt.Errorf("spill: read a sorted run: %w", err)
		}
		return true, nil
	}
}
