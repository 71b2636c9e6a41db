package engine

import (
	"sync/atomic"
	"unsafe"
)

// recent has grains that got messages from other members last, as a Ref has the cell that it saw last.
type recent [64]atomic.Pointer[cell]

func (r *recent) slot(id string) *atomic.Pointer[cell] {
	n := len(id)
	if n < 2 {
		return &r[n]
	}
	return &r[(int(id[n-1])^int(id[n-2])<<3)%len(r)]
}

func (r *recent) find(h *header) *cell {
	id := unsafe.String(unsafe.SliceData(h.id), len(h.id))
	c := r.slot(id).Load()
	if c == nil || c.id != id || c.kind.name != string(h.kind) {
		return nil
	}
	return c
}

func (r *recent) keep(c *cell) { r.slot(c.id).Store(c) }

// forget lets go of a cell that has left memory.
func (r *recent) forget(c *cell) { r.slot(c.id).CompareAndSwap(c, nil) }
