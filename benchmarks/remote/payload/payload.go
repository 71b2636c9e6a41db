package payload

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// Bytes is the length of a body.
const Bytes = 100

// Kind says what a body is for.
type Kind byte

// The kinds. Bodies of the kinds Hello and Mark want an answer of the same kind and number.
const (
	Hello    Kind = iota + 1 // begins the measurement; not counted
	Count                    // one-way; counted by its number
	Mark                     // all that was sent before it has arrived when its answer is back; not counted
	Question                 // counted by its number; wants an Answer of the same number
	Answer
	Probe // one-way; not counted: whether anything arrives at all
)

const header = 9

// filler are the last bytes of every body.
var filler = func() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, Bytes-header)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}()

// New returns a body.
func New(kind Kind, seq uint64) []byte {
	return Append(make([]byte, 0, Bytes), kind, seq)
}

// Append appends a body to b.
func Append(b []byte, kind Kind, seq uint64) []byte {
	b = binary.LittleEndian.AppendUint64(b, seq)
	b = append(b, byte(kind))
	return append(b, filler...)
}

// Parse reads a body, and reports whether it is one.
func Parse(b []byte) (kind Kind, seq uint64, ok bool) {
	if len(b) != Bytes || !bytes.Equal(b[header:], filler) {
		return 0, 0, false
	}
	kind = Kind(b[8])
	return kind, binary.LittleEndian.Uint64(b), kind >= Hello && kind <= Probe
}
