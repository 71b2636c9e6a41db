package canon

import (
	"fmt"
	"unicode/utf8"
)

// MaxDepth is how deeply arrays and objects may be nested.
const MaxDepth = 128

// SyntaxError says where a text stops being JSON that can be read.
type SyntaxError struct {
	Offset  int // byte of the text
	Problem string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Problem, e.Offset) }

// Reader walks one JSON text. The zero value after Reset is ready; a Reader may be reused and isn't safe for concurrent use.
type Reader struct {
	data  []byte
	pos   int
	depth int

	text    []byte   // the last decoded string, where it had escapes
	names   []byte   // decoded names of the objects being canonicalised
	members []member // members of those objects
	spare   []byte   // room to reorder one object
}

// Reset starts a new text. The Reader keeps data until the next Reset and never writes to it.
func (r *Reader) Reset(data []byte) {
	r.data, r.pos, r.depth = data, 0, 0
	r.names, r.members = r.names[:0], r.members[:0]
}

// Pos is the offset of the next unread byte.
func (r *Reader) Pos() int { return r.pos }

// Seek goes back to an offset that Pos gave, at the same depth.
func (r *Reader) Seek(pos int) { r.pos = pos }

// Peek skips white space and tells the next byte without taking it; 0 at the end.
func (r *Reader) Peek() byte {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// End checks that nothing but white space is left.
func (r *Reader) End() error {
	if c := r.Peek(); c != 0 || r.pos < len(r.data) {
		return r.fail("more after the value")
	}
	return nil
}

// Object reads an object; member is called for every name and must read its value. The name is valid until the value is read.
func (r *Reader) Object(member func(name []byte) error) error {
	return r.nest('{', '}', func(int) error {
		name, err := r.name()
		if err != nil {
			return err
		}
		return member(name)
	})
}

// Array reads an array; element is called for every element and must read it.
func (r *Reader) Array(element func(i int) error) error { return r.nest('[', ']', element) }

// String reads a string. The result is valid until the next String or Reset.
func (r *Reader) String() ([]byte, error) {
	s, plain, err := r.str(r.text[:0])
	if !plain {
		r.text = s
	}
	return s, err
}

// Bool reads true or false.
func (r *Reader) Bool() (bool, error) {
	if r.Peek() == 't' {
		return true, r.word("true")
	}
	return false, r.word("false")
}

// Null takes null if it is next, and tells so.
func (r *Reader) Null() bool { return r.Peek() == 'n' && r.word("null") == nil }

// Number reads a number and returns its text.
func (r *Reader) Number() ([]byte, error) {
	r.Peek()
	start := r.pos
	if r.at('-') {
		r.pos++
	}
	switch {
	case r.at('0'):
		r.pos++
	case !r.digits():
		return nil, r.fail("not a number")
	}
	if r.at('.') {
		r.pos++
		if !r.digits() {
			return nil, r.fail("digits are missing after the point")
		}
	}
	if r.at('e') || r.at('E') {
		r.pos++
		if r.at('+') || r.at('-') {
			r.pos++
		}
		if !r.digits() {
			return nil, r.fail("digits are missing in the exponent")
		}
	}
	return r.data[start:r.pos], nil
}

// Skip reads one value of any kind.
func (r *Reader) Skip() error {
	switch c := r.Peek(); c {
	case '{':
		return r.Object(func([]byte) error { return r.Skip() })
	case '[':
		return r.Array(func(int) error { return r.Skip() })
	case '"':
		_, err := r.String()
		return err
	default:
		_, err := r.scalar()
		return err
	}
}

// scalar reads a number, true, false or null and returns its text.
func (r *Reader) scalar() ([]byte, error) {
	start := r.pos
	var err error
	switch c := r.Peek(); c {
	case 't':
		err = r.word("true")
	case 'f':
		err = r.word("false")
	case 'n':
		err = r.word("null")
	default:
		return r.Number()
	}
	return r.data[start:r.pos], err
}

// nest reads what stands between open and shut, item by item.
func (r *Reader) nest(open, shut byte, item func(i int) error) error {
	if err := r.take(open); err != nil {
		return err
	}
	if r.depth++; r.depth > MaxDepth {
		return r.fail("nested too deeply")
	}
	if r.Peek() == shut {
		r.pos++
		r.depth--
		return nil
	}
	for i := 0; ; i++ {
		if err := item(i); err != nil {
			return err
		}
		if r.Peek() == shut {
			r.pos++
			r.depth--
			return nil
		}
		if err := r.take(','); err != nil {
			return err
		}
	}
}

func (r *Reader) name() ([]byte, error) {
	name, err := r.String()
	if err != nil {
		return nil, err
	}
	return name, r.take(':')
}

// take reads one given byte after white space.
func (r *Reader) take(want byte) error {
	if c := r.Peek(); c != want || r.pos >= len(r.data) {
		return r.fail("expected '" + string(rune(want)) + "'")
	}
	r.pos++
	return nil
}

func (r *Reader) word(w string) error {
	if r.Peek(); len(r.data)-r.pos < len(w) || string(r.data[r.pos:r.pos+len(w)]) != w {
		return r.fail("expected " + w)
	}
	r.pos += len(w)
	return nil
}

func (r *Reader) at(c byte) bool { return r.pos < len(r.data) && r.data[r.pos] == c }

func (r *Reader) digits() bool {
	start := r.pos
	for r.pos < len(r.data) && r.data[r.pos]-'0' <= 9 {
		r.pos++
	}
	return r.pos > start
}

func (r *Reader) fail(problem string) error { return &SyntaxError{Offset: r.pos, Problem: problem} }

// str reads a string; plain means that the result is a piece of the text itself, else it was decoded into buf.
func (r *Reader) str(buf []byte) (s []byte, plain bool, err error) {
	if err := r.take('"'); err != nil {
		return buf, false, err
	}
	start := r.pos
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case c == '"':
			s = r.data[start:r.pos]
			if !utf8.Valid(s) {
				return buf, false, r.fail("not UTF-8 in the string that ends")
			}
			r.pos++
			return s, true, nil
		case c == '\\':
			s, err = r.escaped(append(buf, r.data[start:r.pos]...))
			return s, false, err
		case c < 0x20:
			return buf, false, r.fail("control character in a string")
		}
		r.pos++
	}
	return buf, false, r.fail("the string doesn't end")
}
