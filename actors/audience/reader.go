package audience

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"
)

// UserColumn is the column or member that holds the recipient's id.
const UserColumn = "user_id"

// Record is one row as read. Its bytes are valid until the next step.
type Record struct {
	Line   int
	User   []byte
	Values [][]byte // of the columns that were asked for; nil where the row has none
}

// Reader reads the records of an upload.
type Reader struct {
	limits  Limits
	content *content
	lines   *bufio.Reader
	line    int // number of the line last read
	format  interface {
		// next reads one record: io.EOF at the end, [*Error] for a bad row.
		next(r *Record) error
		columns() []string
	}
}

// Open reads the header, if there is one. Only the named columns are kept; user_id always is.
// It fails with [*Error] for a bad file.
func Open(src Source, limits Limits, columns []string) (*Reader, error) {
	limits = limits.withDefaults()
	c, err := openContent(src, limits)
	if err != nil {
		return nil, err
	}
	r := &Reader{limits: limits, content: c, lines: bufio.NewReaderSize(c, limits.RowBytes+2)}
	wanted := append([]string{UserColumn}, columns...)
	switch src.Format {
	case NDJSON:
		r.format = newObjects(r, wanted)
	default:
		if r.format, err = openTable(r, wanted); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Columns are the names seen so far besides user_id, in order of appearance.
func (r *Reader) Columns() []string { return r.format.columns() }

// Records yields every row. A bad row yields an [*Error] with its line, and reading goes on if it can; any error that ends the
// iteration is the last one.
func (r *Reader) Records() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		var rec Record
		for {
			err := r.format.next(&rec)
			var bad *Error
			switch {
			case err == nil:
				if !yield(&rec, nil) {
					return
				}
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &bad) && bad.Line > 0 && r.alive():
				if !yield(nil, bad) {
					return
				}
			case bad != nil:
				yield(nil, fatal{bad})
				return
			default:
				yield(nil, err)
				return
			}
		}
	}
}

// alive reports whether the content can still be read: its errors stay in the buffered reader.
func (r *Reader) alive() bool {
	_, err := r.lines.Peek(1)
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull)
}

// readLine returns the next line with its end. It is valid until the next call.
func (r *Reader) readLine() ([]byte, error) {
	line, err := r.lines.ReadSlice('\n')
	switch {
	case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
		r.line++
	case errors.Is(err, bufio.ErrBufferFull):
		r.line++
		return nil, r.skipLine()
	default:
		return nil, r.at(err)
	}
	if !utf8.Valid(line) {
		return nil, &Error{Line: r.line, Problem: "not valid UTF-8: save the file as UTF-8"}
	}
	return trimMark(line, r.line), nil
}

// skipLine reads on to the end of a line that is too long.
func (r *Reader) skipLine() error {
	for {
		_, err := r.lines.ReadSlice('\n')
		switch {
		case err == nil || errors.Is(err, io.EOF):
			return r.tooLong(r.line)
		case !errors.Is(err, bufio.ErrBufferFull):
			return r.at(err)
		}
	}
}

func (r *Reader) tooLong(line int) error {
	return &Error{Line: line, Problem: fmt.Sprintf("the row is longer than %d bytes", r.limits.RowBytes)}
}

// at adds the line to a problem of the content.
func (r *Reader) at(err error) error {
	if bad, ok := errors.AsType[*Error](err); ok {
		return &Error{Line: r.line + 1, Column: bad.Column, Problem: bad.Problem}
	}
	return err
}

// digest is the SHA-256 of the decompressed upload, once all is read.
func (r *Reader) digest() (sum [32]byte) {
	copy(sum[:], r.content.digest.Sum(nil))
	return sum
}

// trimEnd removes LF or CRLF.
func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
}
