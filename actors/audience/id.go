package audience

import "encoding/binary"

// LineID reports whether id is a LINE user id: U and 32 lower-case hex digits.
func LineID(id []byte) bool { return isCompact(id) }

// isCompact reports whether an id takes 17 bytes when stored.
func isCompact[T ~string | ~[]byte](id T) bool {
	if len(id) != compactID || id[0] != 'U' {
		return false
	}
	for i := 1; i < len(id); i++ {
		if hexValue[id[i]] < 0 {
			return false
		}
	}
	return true
}

const (
	compactID = 33  // bytes of an id of the form U + 32 hex digits
	maxID     = 255 // bytes of any id
)

// hexValue is the value of a lower-case hex digit, -1 for other bytes.
var hexValue = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = int8(i)
	}
	return t
}()

// AppendUser appends an id: a zero byte and 16 bytes for the LINE form, else its length and its bytes. An id is never empty.
func AppendUser[T ~string | ~[]byte](dst []byte, id T) []byte {
	if !isCompact(id) {
		return append(binary.AppendUvarint(dst, uint64(len(id))), id...)
	}
	dst = append(dst, 0)
	for i := 1; i < compactID; i += 2 {
		dst = append(dst, byte(hexValue[id[i]]<<4|hexValue[id[i+1]]))
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendUserText appends the id as text.
func appendUserText(dst, stored []byte) []byte {
	if len(stored) == 0 || stored[0] != 0 {
		_, n := binary.Uvarint(stored)
		return append(dst, stored[n:]...)
	}
	dst = append(dst, 'U')
	for _, b := range stored[1:] {
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	return dst
}
