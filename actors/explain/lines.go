package explain

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"hayauma.example/actors/audience/spill"
)

// lines remembers on which line of the file each stored row began. What is written down are the rows that don't begin one line after the
// row before: how many rows after the last such row, and how many lines after the row before.
type lines struct {
	file  *spill.File
	row   int64 // newest row that is written down; -1: none
	line  int   // of the newest row
	entry []byte
}

func newLines(file *spill.File) *lines { return &lines{file: file, row: -1} }

// add notes the next row.
func (l *lines) add(row uint32, line int) error {
	step := line - l.line
	l.line = line
	if step == 1 {
		return nil
	}
	l.entry = binary.AppendUvarint(l.entry[:0], uint64(int64(row)-l.row))
	l.entry = binary.AppendUvarint(l.entry, uint64(step))
	l.row = int64(row)
	_, err := l.file.Write(l.entry)
	return err
}

// lineReader finds lines again, of rows in rising order.
type lineReader struct {
	from *bufio.Reader
	row  int64 // a row whose line is known
	line int
	next int64 // the next row that is written down, while open
	step int
	open bool
}

func (l *lines) reader() (*lineReader, error) {
	r := &lineReader{from: l.file.Reader(lineBuffer), row: -1, next: -1, open: true}
	return r, r.advance()
}

func (r *lineReader) advance() error {
	rows, err := binary.ReadUvarint(r.from)
	if errors.Is(err, io.EOF) {
		r.open = false
		return nil
	}
	if err != nil {
		return err
	}
	step, err := binary.ReadUvarint(r.from)
	r.next, r.step = r.next+int64(rows), int(step)
	return err
}

func (r *lineReader) of(row uint32) (line int, err error) {
	for r.open && r.next <= int64(row) && err == nil {
		r.row, r.line = r.next, r.line+int(r.next-r.row)-1+r.step
		err = r.advance()
	}
	return r.line + int(int64(row)-r.row), err
}
