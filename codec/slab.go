package codec

import "unsafe"

// Slab is memory for messages that are read one after another, as those of a batch are: small ones that are [Cutter]s stand side by side, so
// that one allocation serves many. Whoever keeps such a message keeps what stands in one piece with it: at most 2 KiB of bodies, and
// 16 messages of at most 64 bytes each. The zero value is ready. It is not safe for concurrent use.
type Slab struct {
	bytes []byte         // what is left of a piece
	row   unsafe.Pointer // the next message of a row of one type
	left  int            // how many there are
	next  int            // how many the next row has: few while types change
	word  typeWord       // of the type
}

const (
	piece    = 2048 // bytes of bodies
	maxShare = 256  // bytes of a body that stands beside others
	maxRow   = 16   // messages
	maxBox   = 64   // bytes of a message that stands beside others
)

// room returns n bytes that nobody else has.
func (s *Slab) room(n int) []byte {
	if n > len(s.bytes) {
		s.bytes = make([]byte, piece)
	}
	own := s.bytes[:n:n]
	s.bytes = s.bytes[n:]
	return own
}

// boxIn returns a zero T of a slab.
func boxIn[T any](s *Slab, word typeWord) *T {
	if s.word != word {
		s.word, s.left, s.next = word, 0, 1
	}
	if s.left == 0 {
		row := make([]T, s.next)
		s.row, s.left, s.next = unsafe.Pointer(unsafe.SliceData(row)), s.next, min(2*s.next, maxRow)
	}
	v := (*T)(s.row)
	if s.left--; s.left > 0 { // a pointer behind the last would keep what comes after it
		s.row = unsafe.Add(s.row, unsafe.Sizeof(*v))
	}
	return v
}
