package plan

import "slices"

// Mode is how a chunk is sent.
type Mode uint8

// Modes.
const (
	Push      Mode = iota + 1 // one call a recipient
	Multicast                 // one call for the chunk: every body is the same
	Failed                    // not sent: its recipients could not be rendered
)

// Entry is one chunk's place in the plan: recipients First to First+Count-1.
type Entry struct {
	First, Count uint32
	Mode         Mode
}

// Table lists a run's chunks in order; recipient indices follow each other without a gap, from 0 to Recipients-1.
type Table struct {
	Chunks     []Entry
	Recipients uint32
}

// Locate returns the chunk that holds a recipient, and its number; false: there is no such recipient.
func (t Table) Locate(recipient uint32) (chunk uint32, e Entry, ok bool) {
	if recipient >= t.Recipients {
		return 0, Entry{}, false
	}
	i, found := slices.BinarySearchFunc(t.Chunks, recipient, func(e Entry, r uint32) int {
		switch {
		case e.First+e.Count <= r:
			return -1
		case e.First > r:
			return 1
		}
		return 0
	})
	if !found {
		return 0, Entry{}, false
	}
	return uint32(i), t.Chunks[i], true
}
