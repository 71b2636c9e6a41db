package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// table reads CSV as RFC 4180 has it: commas, double quotes, LF or CRLF, the same number of fields in every row.
type table struct {
	r      *Reader
	header []string
	index  []int // field of user_id and of each wanted column, -1 where there is none
	fields [][]byte
	record []byte // a record with quotes, which may span lines
	out    [][]byte
}

func openTable(r *Reader, wanted []string) (*table, error) {
	t := &table{r: r}
	line, err := t.read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &Error{Problem: "the audience is empty: the first line must name the columns"}
	case err != nil:
		return nil, err
	}
	for _, f := range t.fields {
		t.header = append(t.header, string(f))
	}
	if err := t.checkHeader(line); err != nil {
		return nil, err
	}
	for _, name := range wanted {
		t.index = append(t.index, slices.Index(t.header, name))
	}
	t.out = make([][]byte, len(wanted)-1)
	return t, nil
}

func (t *table) checkHeader(line int) error {
	if len(t.header) > t.r.limits.Columns {
		return &Error{Line: line, Problem: fmt.Sprintf("more than %d columns", t.r.limits.Columns)}
	}
	for i, name := range t.header {
		if name != "" && slices.Contains(t.header[:i], name) {
			return &Error{Line: line, Column: name, Problem: "is given twice: rename one"}
		}
	}
	if !slices.Contains(t.header, UserColumn) {
		return &Error{Line: line, Column: UserColumn, Problem: "is missing: the first line must name the columns, separated by commas"}
	}
	return nil
}

func (t *table) columns() []string {
	return slices.DeleteFunc(slices.Clone(t.header), func(s string) bool { return s == UserColumn || s == "" })
}

func (t *table) next(rec *Record) error {
	line, err := t.read()
	if err != nil {
		return err
	}
	if len(t.fields) != len(t.header) {
		return &Error{Line: line, Problem: fmt.Sprintf("has %d fields, the header has %d: quote values that hold commas",
			len(t.fields), len(t.header))}
	}
	rec.Line, rec.User, rec.Values = line, t.fields[t.index[0]], t.out
	for i, field := range t.index[1:] {
		t.out[i] = nil
		if field >= 0 {
			t.out[i] = t.fields[field]
		}
	}
	return nil
}

// read splits the next record into t.fields and returns the line where it began.
func (t *table) read() (int, error) {
	for {
		raw, err := t.r.readLine()
		if err != nil {
			return 0, err
		}
		first := t.r.line
		line := trimEnd(raw)
		if len(line) == 0 {
			continue
		}
		if bytes.IndexByte(line, '"') >= 0 {
			return first, t.quoted(raw)
		}
		if bytes.IndexByte(line, '\r') >= 0 {
			return first, strayReturn(first)
		}
		t.split(line)
		return first, nil
	}
}

func strayReturn(line int) error {
	return &Error{Line: line, Problem: "a carriage return inside the row: end lines with LF or CRLF, quote values that hold one"}
}

func (t *table) split(line []byte) {
	t.fields = t.fields[:0]
	for {
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			t.fields = append(t.fields, line)
			return
		}
		t.fields = append(t.fields, line[:i])
		line = line[i+1:]
	}
}

// quoted reads a record with quotes, joining lines until the last quote is closed. Fields are unquoted in place.
func (t *table) quoted(raw []byte) error {
	first := t.r.line
	t.record = append(t.record[:0], raw...)
	open := oddQuotes(raw)
	for open {
		next, err := t.r.readLine()
		switch {
		case errors.Is(err, io.EOF):
			return &Error{Line: first, Problem: "a quote that opens in this row is never closed"}
		case err != nil:
			return err
		}
		if t.record = append(t.record, next...); len(t.record) > t.r.limits.RowBytes {
			return t.r.tooLong(first)
		}
		open = !oddQuotes(next)
	}
	return t.splitQuoted(first)
}

// oddQuotes reports whether line opens or closes a quote that reaches beyond it.
func oddQuotes(line []byte) bool { return bytes.Count(line, []byte{'"'})%2 == 1 }

func (t *table) splitQuoted(first int) error {
	t.fields = t.fields[:0]
	rest := trimEnd(t.record)
	for {
		bare := len(rest) == 0 || rest[0] != '"'
		field, after, ok := unquote(rest)
		switch {
		case !ok:
			return &Error{Line: first, Problem: "a quote stands inside a field: put the whole field in quotes and double those inside"}
		case bare && bytes.IndexByte(field, '\r') >= 0:
			return strayReturn(first)
		}
		t.fields = append(t.fields, field)
		if after == nil {
			return nil
		}
		rest = after
	}
}

// unquote cuts one field off s, in place. after is what follows the comma, nil at the end.
func unquote(s []byte) (field, after []byte, ok bool) {
	if len(s) == 0 || s[0] != '"' {
		field, after, _ = bytes.Cut(s, []byte{','})
		return field, after, bytes.IndexByte(field, '"') < 0
	}
	n := 0 // unquoted bytes, written over the quoted ones behind the reading position
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			s[n] = s[i]
			n++
			continue
		}
		switch {
		case i+1 == len(s):
			return s[:n], nil, true
		case s[i+1] == ',':
			return s[:n], s[i+2:], true
		case s[i+1] != '"':
			return nil, nil, false
		}
		s[n] = '"'
		n++
		i++
	}
	return nil, nil, false
}
