package plan

import "fmt"

// chunkWriter packs recipients into chunks and keeps the table.
type chunkWriter struct {
	opts    Options
	columns []string // of the templates' inputs
	lot     *Lot     // of what is written; nil: the run has none
	emit    Emit
	table   Table

	mode   Mode
	shared []byte // columns, and for a multicast the hash and values
	body   []byte
	count  uint32
	buf    []byte
}

// Bytes of a chunk before its columns, at most.
const (
	headRoom    = 16
	lotHeadRoom = 32
)

func newChunkWriter(opts Options, emit Emit) *chunkWriter {
	return &chunkWriter{opts: opts, emit: emit}
}

// next begins a lot, after a flush.
func (w *chunkWriter) next(lot Lot, columns []string) {
	w.lot, w.columns, w.mode = &lot, columns, 0
	w.table.Lots = append(w.table.Lots, LotEntry{First: w.table.Recipients, Lot: lot})
}

func (w *chunkWriter) headRoom() int {
	if w.lot != nil {
		return lotHeadRoom
	}
	return headRoom
}

// begin sets what the recipients that follow share. A multicast begins a new group, after a flush.
func (w *chunkWriter) begin(mode Mode, hash Hash, values []string) {
	if mode == w.mode && mode != Multicast {
		return
	}
	w.mode, w.shared = mode, w.shared[:0]
	if mode != Failed {
		w.shared = appendColumns(w.shared, w.columns)
	}
	if mode == Multicast {
		w.shared = appendTexts(append(w.shared, hash[:]...), values)
	}
}

// add appends one recipient as its mode stores it.
func (w *chunkWriter) add(recipient []byte) error {
	full := int(w.count) == w.opts.ChunkRecipients
	if full || w.count > 0 && w.headRoom()+len(w.shared)+len(w.body)+len(recipient) > w.opts.ChunkBytes {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.body = append(w.body, recipient...)
	w.count++
	return nil
}

// flush emits the chunk in memory.
func (w *chunkWriter) flush() error {
	if w.count == 0 {
		return nil
	}
	n := len(w.table.Chunks)
	e := w.table.add(w.count, w.mode)
	w.buf = append(append(appendHead(w.buf[:0], e, w.lot), w.shared...), w.body...)
	w.body, w.count = w.body[:0], 0
	if err := w.emit(n, e, w.buf); err != nil {
		return fmt.Errorf("plan: store chunk %d: %w", n, err)
	}
	return nil
}
