package audience

import (
	"encoding/binary"
	"errors"
)

// ErrDamaged says that stored bytes are not what was stored.
var ErrDamaged = errors.New("audience: stored data is damaged or of an unknown version")

// Cursor decodes what AppendUser, uvarints and length-prefixed texts encoded. After the first failure it stays failed, and all
// that it returns is zero; so it is checked once, at the end.
type Cursor struct {
	data   []byte
	at     int
	failed bool
}

// NewCursor starts at the beginning of data, which must not change while the Cursor's results are in use.
func NewCursor(data []byte) *Cursor { return &Cursor{data: data} }

// Fail marks the data as damaged.
func (c *Cursor) Fail() { c.failed = true }

// Rest is the number of bytes left, 0 after a failure.
func (c *Cursor) Rest() int {
	if c.failed {
		return 0
	}
	return len(c.data) - c.at
}

// Done is nil when everything was read without failure.
func (c *Cursor) Done() error {
	if c.failed || c.at != len(c.data) {
		return ErrDamaged
	}
	return nil
}

// Byte reads one byte.
func (c *Cursor) Byte() byte {
	b := c.Bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// Bytes reads n bytes.
func (c *Cursor) Bytes(n int) []byte {
	if n < 0 || n > c.Rest() {
		c.failed = true
		return nil
	}
	c.at += n
	return c.data[c.at-n : c.at]
}

// Number reads a varint of at most limit.
func (c *Cursor) Number(limit uint64) uint64 {
	if c.failed {
		return 0
	}
	v, n := binary.Uvarint(c.data[c.at:])
	if n <= 0 || v > limit {
		c.failed = true
		return 0
	}
	c.at += n
	return v
}

// Text reads a length and as many bytes.
func (c *Cursor) Text() []byte { return c.Bytes(int(c.Number(uint64(c.Rest())))) }

// user reads an id as it is stored.
func (c *Cursor) user() []byte {
	from := c.at
	switch n := c.Number(maxID); {
	case c.failed:
		return nil
	case n == 0:
		c.Bytes(16)
	default:
		c.Bytes(int(n))
	}
	if c.failed {
		return nil
	}
	return c.data[from:c.at]
}

// AppendUserText reads an id and appends it as text.
func (c *Cursor) AppendUserText(dst []byte) []byte {
	if stored := c.user(); stored != nil {
		return appendUserText(dst, stored)
	}
	return dst
}

// AppendText appends a length and the text.
func AppendText[T ~string | ~[]byte](dst []byte, text T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}
