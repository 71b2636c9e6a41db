package codec

import "encoding/binary"

// MaxFrame bounds a frame's payload, in bytes: a name, a body and what a user of frames puts beside them.
const MaxFrame = MaxBody + 64<<10

// AppendFrame appends payload with its length before it.
func AppendFrame(dst, payload []byte) ([]byte, error) {
	if len(payload) > MaxFrame {
		return dst, ErrTooLarge
	}
	return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...), nil
}

// CutFrame returns the payload of the frame at the start of b, which it shares, and what follows it. ErrTruncated means that more
// bytes are needed.
func CutFrame(b []byte) (payload, rest []byte, err error) {
	n, width := binary.Uvarint(b)
	switch {
	case width == 0 && len(b) < binary.MaxVarintLen64:
		return nil, nil, ErrTruncated
	case width <= 0:
		return nil, nil, ErrMalformed
	case n > MaxFrame:
		return nil, nil, ErrTooLarge
	case n > uint64(len(b)-width):
		return nil, nil, ErrTruncated
	}
	return b[width : width+int(n)], b[width+int(n):], nil
}
