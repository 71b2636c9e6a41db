package audience

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// objects reads one flat JSON object a line.
type objects struct {
	r       *Reader
	seen    map[string]int // number of each member name
	names   []string       // by number; 0 is user_id
	wanted  []int          // by number: index in values, -1 unwanted
	stamp   []int          // by number: the last line that had it
	want    map[string]int // index in values of each wanted name
	values  [][]byte       // user and wanted values of the current row
	copies  []int          // indexes in values that repeat the user
	line    []byte
	at      int
	scratch []byte // unescaped strings of the current row
}

func newObjects(r *Reader, wanted []string) *objects {
	o := &objects{r: r, seen: map[string]int{}, want: map[string]int{}, values: make([][]byte, len(wanted))}
	for i, name := range wanted {
		if i > 0 && name == UserColumn {
			o.copies = append(o.copies, i)
			continue
		}
		o.want[name] = i
	}
	o.number(UserColumn)
	return o
}

// number registers a name at its first appearance.
func (o *objects) number(name string) int {
	n := len(o.names)
	wanted, ok := o.want[name]
	if !ok {
		wanted = -1
	}
	o.seen[name] = n
	o.names = append(o.names, name)
	o.wanted = append(o.wanted, wanted)
	o.stamp = append(o.stamp, 0)
	return n
}

func (o *objects) columns() []string {
	names := []string{}
	for n, name := range o.names {
		if n > 0 && o.stamp[n] > 0 {
			names = append(names, name)
		}
	}
	return names
}

func (o *objects) next(rec *Record) error {
	for {
		line, err := o.r.readLine()
		if err != nil {
			return err
		}
		if o.line = bytes.TrimRight(trimEnd(line), " \t\r"); len(o.line) == 0 {
			continue
		}
		if len(o.line) > o.r.limits.RowBytes {
			return o.r.tooLong(o.r.line)
		}
		clear(o.values)
		if err := o.object(); err != nil {
			return err
		}
		for _, i := range o.copies {
			o.values[i] = o.values[0]
		}
		rec.Line, rec.User, rec.Values = o.r.line, o.values[0], o.values[1:]
		return nil
	}
}

func (o *objects) bad(column, problem string) error {
	return &Error{Line: o.r.line, Column: column, Problem: problem}
}

const maxName = 256 // bytes of a column's name

const notObject = "not a JSON object on one line"

// space skips white space and returns the next byte, 0 at the end.
func (o *objects) space() byte {
	for ; o.at < len(o.line); o.at++ {
		if c := o.line[o.at]; c != ' ' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

func (o *objects) object() error {
	o.at, o.scratch = 0, o.scratch[:0]
	if o.space() != '{' {
		return o.bad("", notObject)
	}
	o.at++
	if o.space() == '}' {
		o.at++
	} else if err := o.members(); err != nil {
		return err
	}
	if o.space(); o.at < len(o.line) {
		return o.bad("", "something follows the object: one object a line")
	}
	return nil
}

func (o *objects) members() error {
	for {
		if err := o.member(); err != nil {
			return err
		}
		switch o.space() {
		case ',':
			o.at++
		case '}':
			o.at++
			return nil
		default:
			return o.bad("", notObject)
		}
	}
}

func (o *objects) member() error {
	if o.space() != '"' {
		return o.bad("", notObject)
	}
	name, err := o.text()
	if err != nil {
		return err
	}
	n, known := o.seen[string(name)]
	if !known {
		if len(o.names) > o.r.limits.Columns {
			return o.bad("", fmt.Sprintf("the file has more than %d different members", o.r.limits.Columns))
		}
		if len(name) > maxName {
			return o.bad("", "the name of a member is too long")
		}
		n = o.number(string(name))
	}
	if o.stamp[n] == o.r.line {
		return o.bad(o.names[n], "is given twice")
	}
	o.stamp[n] = o.r.line
	if o.space() != ':' {
		return o.bad("", notObject)
	}
	o.at++
	if c := o.space(); o.wanted[n] < 0 && (c == '{' || c == '[') {
		return o.skip()
	}
	value, err := o.value(o.names[n])
	if err != nil {
		return err
	}
	if w := o.wanted[n]; w >= 0 {
		o.values[w] = value
	}
	return nil
}

// skip passes over an object or array that nobody wants.
func (o *objects) skip() error {
	from := o.at
	for depth := 0; o.at < len(o.line); {
		switch o.line[o.at] {
		case '"':
			if _, err := o.text(); err != nil {
				return err
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		o.at++
		if depth > 0 {
			continue
		}
		if !json.Valid(o.line[from:o.at]) {
			break
		}
		return nil
	}
	return o.bad("", notObject)
}

// value reads a scalar: nil for null, else text that is not nil.
func (o *objects) value(column string) ([]byte, error) {
	switch c := o.space(); {
	case c == '"':
		return o.text()
	case c == '{' || c == '[':
		return nil, o.bad(column, "is an object or array: write its values as members of their own")
	}
	from := o.at
	for o.at < len(o.line) && bytes.IndexByte([]byte(" \t\r,}"), o.line[o.at]) < 0 {
		o.at++
	}
	word := o.line[from:o.at]
	switch s := string(word); {
	case s == "null":
		return nil, nil
	case s == "true", s == "false", isNumber(word):
		return word, nil
	}
	return nil, o.bad(column, "is not a JSON value: put texts in double quotes")
}

// text reads a string, whose quote is next.
func (o *objects) text() ([]byte, error) {
	o.at++
	from := o.at
	for o.at < len(o.line) {
		switch c := o.line[o.at]; {
		case c == '"':
			o.at++
			return o.line[from : o.at-1 : o.at-1], nil
		case c == '\\':
			return o.escapedText(from)
		case c < 0x20:
			return nil, o.bad("", "a control character inside a string: write it with a backslash")
		}
		o.at++
	}
	return nil, o.bad("", "a string is not closed on its line")
}

// escapedText goes on where the first backslash stands.
func (o *objects) escapedText(from int) ([]byte, error) {
	start := len(o.scratch)
	o.scratch = append(o.scratch, o.line[from:o.at]...)
	for o.at < len(o.line) {
		switch c := o.line[o.at]; {
		case c == '"':
			o.at++
			return slices.Clip(o.scratch[start:]), nil
		case c < 0x20:
			return nil, o.bad("", "a control character inside a string: write it with a backslash")
		case c != '\\':
			o.scratch = append(o.scratch, c)
			o.at++
		case !o.escape():
			return nil, o.bad("", "a backslash is followed by something that JSON does not know")
		}
	}
	return nil, o.bad("", "a string is not closed on its line")
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (o *objects) escape() bool {
	if o.at+1 >= len(o.line) {
		return false
	}
	if c, ok := escapes[o.line[o.at+1]]; ok {
		o.scratch = append(o.scratch, c)
		o.at += 2
		return true
	}
	r := hexRune(o.line[o.at:])
	o.at += 6
	if utf16.IsSurrogate(r) {
		r = utf16.DecodeRune(r, hexRune(o.line[min(o.at, len(o.line)):]))
		o.at += 6
		if r == utf8.RuneError {
			return false
		}
	}
	if r < 0 {
		return false
	}
	o.scratch = utf8.AppendRune(o.scratch, r)
	return true
}

// hexRune reads a \u escape of four hex digits, -1 where there is none.
func hexRune(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range s[2:6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return -1
		}
	}
	return r
}

// isNumber checks the grammar of JSON numbers.
func isNumber(s []byte) bool {
	s = bytes.TrimPrefix(s, []byte{'-'})
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	if s = s[whole:]; len(s) > 0 && s[0] == '.' {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if len(s) > 0 && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s)
		return n > 0 && n == len(s)
	}
	return len(s) == 0
}

func digits(s []byte) int {
	for i, c := range s {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(s)
}
