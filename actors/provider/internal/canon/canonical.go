package canon

import (
	"bytes"
	"math"
	"slices"
	"strconv"
)

// member is one member of an object being canonicalised.
type member struct {
	from, to           int // its bytes in the output, without commas
	nameFrom, nameUpto int // its decoded name in Reader.names
}

// Canonical appends the canonical form of a whole JSON text to dst.
func Canonical(dst, text []byte) ([]byte, error) {
	var r Reader
	r.Reset(text)
	dst, err := r.Canonical(dst)
	if err != nil {
		return dst, err
	}
	return dst, r.End()
}

// Canonical reads the next value and appends its canonical form to dst.
func (r *Reader) Canonical(dst []byte) ([]byte, error) {
	switch r.Peek() {
	case '{':
		return r.canonicalObject(dst)
	case '[':
		return r.canonicalArray(dst)
	case '"':
		s, plain, err := r.str(r.text[:0])
		if plain {
			return append(append(append(dst, '"'), s...), '"'), err
		}
		r.text = s
		return appendString(dst, s), err
	case 't', 'f', 'n':
		word, err := r.scalar()
		return append(dst, word...), err
	}
	return r.canonicalNumber(dst)
}

func (r *Reader) canonicalArray(dst []byte) ([]byte, error) {
	dst = append(dst, '[')
	err := r.Array(func(i int) (err error) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, err = r.Canonical(dst)
		return err
	})
	return append(dst, ']'), err
}

func (r *Reader) canonicalObject(dst []byte) ([]byte, error) {
	dst = append(dst, '{')
	start, firstMember, firstName := len(dst), len(r.members), len(r.names)
	sorted := true
	err := r.Object(func(name []byte) (err error) {
		m := member{nameFrom: len(r.names)}
		r.names = append(r.names, name...)
		m.nameUpto = len(r.names)
		if n := len(r.members); n > firstMember {
			dst = append(dst, ',')
			sorted = sorted && r.compare(r.members[n-1], m) < 0
		}
		m.from = len(dst)
		dst = append(appendString(dst, name), ':')
		dst, err = r.Canonical(dst)
		m.to = len(dst)
		r.members = append(r.members, m)
		return err
	})
	if err == nil && !sorted {
		err = r.reorder(dst[start:], start, r.members[firstMember:])
	}
	r.members, r.names = r.members[:firstMember], r.names[:firstName]
	return append(dst, '}'), err
}

// reorder writes the members of one object, which stand in out, in the order of their names.
func (r *Reader) reorder(out []byte, offset int, members []member) error {
	slices.SortFunc(members, r.compare)
	r.spare = append(r.spare[:0], out...)
	out = out[:0]
	for i, m := range members {
		if i > 0 {
			if r.compare(members[i-1], m) == 0 {
				return r.fail("the same name twice in the object that ends")
			}
			out = append(out, ',')
		}
		out = append(out, r.spare[m.from-offset:m.to-offset]...)
	}
	return nil
}

func (r *Reader) compare(a, b member) int {
	return compareUTF16(r.names[a.nameFrom:a.nameUpto], r.names[b.nameFrom:b.nameUpto])
}

// compareUTF16 orders UTF-8 by its UTF-16 code units. The two orders differ only where one side has a surrogate pair (lead byte
// from 0xF0) and the other a character from U+E000 to U+FFFF (lead byte 0xEE or 0xEF): there the pair comes first.
func compareUTF16(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if x, y := a[i], b[i]; x != y {
			if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
				x, y = y, x
			}
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func (r *Reader) canonicalNumber(dst []byte) ([]byte, error) {
	text, err := r.Number()
	if err != nil {
		return dst, err
	}
	if len(text) <= 15 && bytes.IndexByte(text, '.') < 0 && !bytes.ContainsAny(text, "eE-") {
		return append(dst, text...), nil // a small natural number is its own form
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return dst, r.fail("a number too large for a double ends")
	}
	return appendNumber(dst, f), nil
}

// appendNumber writes a finite double as ECMAScript's Number.toString does.
func appendNumber(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0')
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1] // e-07 becomes e-7
		dst = dst[:n-1]
	}
	return dst
}

// appendString writes decoded UTF-8 as a JSON string with the shortest escapes.
func appendString(dst, s []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= 0x20:
			dst = append(dst, c)
		case c == '\b':
			dst = append(dst, '\\', 'b')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\f':
			dst = append(dst, '\\', 'f')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(dst, '"')
}
