package codec

import "encoding/binary"

// MaxDepth bounds how deep arrays and maps are nested in a body.
const MaxDepth = 64

// measure returns the length of the msgpack value at the start of b without decoding it. It refuses what a decoder would have to
// trust: lengths beyond the input, nesting beyond MaxDepth.
func measure(b []byte) (int, error) {
	w := walker{b: b}
	if err := w.value(0); err != nil {
		return 0, err
	}
	if w.at > MaxBody {
		return 0, ErrTooLarge
	}
	return w.at, nil
}

type walker struct {
	b  []byte
	at int
}

func (w *walker) value(depth int) error {
	if depth > MaxDepth {
		return ErrTooDeep
	}
	if w.at >= len(w.b) {
		return ErrTruncated
	}
	c := w.b[w.at]
	w.at++
	switch {
	case c <= 0x7f || c >= 0xe0: // fixint
		return nil
	case c <= 0x8f:
		return w.items(2*uint64(c&0x0f), depth)
	case c <= 0x9f:
		return w.items(uint64(c&0x0f), depth)
	case c <= 0xbf:
		return w.skip(uint64(c & 0x1f))
	}
	return w.tagged(c, depth)
}

// tagged walks what stands behind a tag byte 0xc0 to 0xdf.
func (w *walker) tagged(c byte, depth int) error {
	switch c {
	case 0xc0, 0xc2, 0xc3: // nil, false, true
		return nil
	case 0xc4, 0xc5, 0xc6: // bin
		return w.sized(1<<(c-0xc4), 0)
	case 0xc7, 0xc8, 0xc9: // ext: a type byte more
		return w.sized(1<<(c-0xc7), 1)
	case 0xca, 0xcb: // float
		return w.skip(4 << (c - 0xca))
	case 0xcc, 0xcd, 0xce, 0xcf: // uint
		return w.skip(1 << (c - 0xcc))
	case 0xd0, 0xd1, 0xd2, 0xd3: // int
		return w.skip(1 << (c - 0xd0))
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8: // fixext
		return w.skip(1 + 1<<(c-0xd4))
	case 0xd9, 0xda, 0xdb: // str
		return w.sized(1<<(c-0xd9), 0)
	case 0xdc, 0xdd: // array
		n, err := w.length(2 << (c - 0xdc))
		if err != nil {
			return err
		}
		return w.items(n, depth)
	case 0xde, 0xdf: // map
		n, err := w.length(2 << (c - 0xde))
		if err != nil {
			return err
		}
		return w.items(2*n, depth)
	}
	return ErrMalformed // 0xc1 is never used
}

// items walks n values; each takes at least one byte, so that a length the input can't hold is refused at once.
func (w *walker) items(n uint64, depth int) error {
	if n > uint64(len(w.b)-w.at) {
		return ErrTruncated
	}
	for range n {
		if err := w.value(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) sized(width int, extra uint64) error {
	n, err := w.length(width)
	if err != nil {
		return err
	}
	return w.skip(n + extra)
}

func (w *walker) length(width int) (uint64, error) {
	if len(w.b)-w.at < width {
		return 0, ErrTruncated
	}
	p := w.b[w.at:]
	w.at += width
	switch width {
	case 1:
		return uint64(p[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(p)), nil
	}
	return uint64(binary.BigEndian.Uint32(p)), nil
}

func (w *walker) skip(n uint64) error {
	if n > uint64(len(w.b)-w.at) {
		return ErrTruncated
	}
	w.at += int(n)
	return nil
}

// appendName appends a name of up to MaxName bytes as a msgpack string.
func appendName(dst []byte, name string) []byte {
	if len(name) < 32 {
		dst = append(dst, 0xa0|byte(len(name)))
	} else {
		dst = append(dst, 0xd9, byte(len(name)))
	}
	return append(dst, name...)
}

func cutName(b []byte) (name, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, ErrTruncated
	}
	var n int
	at := 1
	switch {
	case b[0]&0xe0 == 0xa0:
		n = int(b[0] & 0x1f)
	case b[0] == 0xd9 && len(b) > 1:
		n, at = int(b[1]), 2
	case b[0] == 0xd9:
		return nil, nil, ErrTruncated
	default:
		return nil, nil, ErrMalformed
	}
	if n == 0 || n > MaxName {
		return nil, nil, ErrMalformed
	}
	if len(b)-at < n {
		return nil, nil, ErrTruncated
	}
	return b[at : at+n], b[at+n:], nil
}
