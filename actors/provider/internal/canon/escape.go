package canon

import (
	"unicode/utf16"
	"unicode/utf8"
)

// escaped reads the rest of a string from its first escape on, appending to buf.
func (r *Reader) escaped(buf []byte) ([]byte, error) {
	for r.pos < len(r.data) {
		c := r.data[r.pos]
		switch {
		case c == '"':
			if !utf8.Valid(buf) {
				return buf, r.fail("not UTF-8 in the string that ends")
			}
			r.pos++
			return buf, nil
		case c < 0x20:
			return buf, r.fail("control character in a string")
		case c != '\\':
			buf = append(buf, c)
			r.pos++
			continue
		}
		var err error
		if buf, err = r.escape(buf); err != nil {
			return buf, err
		}
	}
	return buf, r.fail("the string doesn't end")
}

// escape reads one escape sequence at its backslash.
func (r *Reader) escape(buf []byte) ([]byte, error) {
	if r.pos+1 >= len(r.data) {
		return buf, r.fail("the escape doesn't end")
	}
	c := r.data[r.pos+1]
	if c == 'u' {
		return r.unicode(buf)
	}
	plain := unescape(c)
	if plain == 0 {
		return buf, r.fail("unknown escape")
	}
	r.pos += 2
	return append(buf, plain), nil
}

func unescape(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return 0
}

// unicode reads a \u escape, and its second half where the first is a high surrogate.
func (r *Reader) unicode(buf []byte) ([]byte, error) {
	u, ok := r.hex4(r.pos)
	if !ok {
		return buf, r.fail("bad \\u escape")
	}
	if utf16.IsSurrogate(u) {
		low, ok := r.hex4(r.pos + 6)
		if u = utf16.DecodeRune(u, low); !ok || u == utf8.RuneError {
			return buf, r.fail("half a surrogate pair")
		}
		r.pos += 6
	}
	r.pos += 6
	return utf8.AppendRune(buf, u), nil
}

// hex4 reads the four digits of a \u escape that starts at pos.
func (r *Reader) hex4(pos int) (rune, bool) {
	if pos+6 > len(r.data) || r.data[pos] != '\\' || r.data[pos+1] != 'u' {
		return 0, false
	}
	var u rune
	for _, c := range r.data[pos+2 : pos+6] {
		switch {
		case c-'0' <= 9:
			u = u<<4 | rune(c-'0')
		case (c|0x20)-'a' <= 5:
			u = u<<4 | rune((c|0x20)-'a'+10)
		default:
			return 0, false
		}
	}
	return u, true
}
