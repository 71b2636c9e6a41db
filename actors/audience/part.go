package audience

import (
	"encoding/binary"
	"fmt"
	"math"
)

// MaxPart is the largest part in bytes.
const MaxPart = 256 << 10

const (
	kindRows       = 'R'
	kindDuplicates = 'D'
	version        = 1
)

// ListsDuplicates tells a part that lists the duplicates from one that holds rows.
func ListsDuplicates(part []byte) bool { return len(part) > 0 && part[0] == kindDuplicates }

// PartWriter packs rows into parts.
type PartWriter struct {
	header []byte // kind, version and columns
	fields int
	rows   []byte
	first  uint32 // number of the first row in rows
	count  uint32
	part   int
	buf    []byte
	write  func(part int, data []byte) error
}

// NewPartWriter writes rows of these columns. data given to write is valid until write returns.
func NewPartWriter(columns []string, write func(part int, data []byte) error) (*PartWriter, error) {
	header := binary.AppendUvarint([]byte{kindRows, version}, uint64(len(columns)))
	for _, name := range columns {
		header = AppendText(header, name)
	}
	if len(header) > MaxPart/4 {
		return nil, fmt.Errorf("audience: the names of %d columns take more than %d bytes", len(columns), MaxPart/4)
	}
	return &PartWriter{header: header, fields: len(columns), write: write}, nil
}

// Add appends one row; values are in the order of the columns, nil is the empty text.
func (w *PartWriter) Add(user []byte, values [][]byte) error {
	size := len(user) + binary.MaxVarintLen32
	for _, v := range values {
		size += len(v) + binary.MaxVarintLen32
	}
	room := MaxPart - len(w.header) - 2*binary.MaxVarintLen32
	if len(values) != w.fields || len(user) == 0 || len(user) > maxID || size > room {
		return fmt.Errorf("audience: a row of %d bytes and %d values cannot be stored", size, len(values))
	}
	if len(w.rows)+size > room {
		if err := w.Flush(); err != nil {
			return err
		}
	}
	w.rows = AppendUser(w.rows, user)
	for _, v := range values {
		w.rows = AppendText(w.rows, v)
	}
	w.count++
	return nil
}

// Flush writes the rows that are still in memory; call it after the last row.
func (w *PartWriter) Flush() error {
	if w.count == 0 {
		return nil
	}
	w.buf = append(w.buf[:0], w.header...)
	w.buf = binary.AppendUvarint(w.buf, uint64(w.first))
	w.buf = binary.AppendUvarint(w.buf, uint64(w.count))
	w.buf = append(w.buf, w.rows...)
	if err := w.write(w.part, w.buf); err != nil {
		return err
	}
	w.part++
	w.first += w.count
	w.rows, w.count = w.rows[:0], 0
	return nil
}

// Parts is how many parts were written.
func (w *PartWriter) Parts() int { return w.part }

// Row is one stored row.
type Row struct {
	User   string
	Values []string // in the order of Part.Columns
}

// Part is one decoded part of rows.
type Part struct {
	Columns []string
	First   uint32 // number of Rows[0] in the audience
	Rows    []Row

	values []string
	users  []byte
	ends   []int
}

// Decode reads a part; what p held before is reused, except its strings. It fails with [ErrDamaged].
func (p *Part) Decode(data []byte) error {
	text := string(data) // one copy, of which the values are slices
	c := NewCursor(data)
	if len(data) > MaxPart || c.Byte() != kindRows || c.Byte() != version {
		return ErrDamaged
	}
	columns := int(c.Number(uint64(c.Rest())))
	p.Columns = p.Columns[:0]
	for range columns {
		p.Columns = append(p.Columns, c.substring(text))
	}
	p.First = uint32(c.Number(math.MaxUint32))
	count := int(c.Number(uint64(c.Rest())))
	if count == 0 || count*(columns+2) > c.Rest() || uint64(p.First)+uint64(count) > math.MaxUint32 {
		return ErrDamaged
	}
	p.decodeRows(c, text, count)
	return c.Done()
}

func (p *Part) decodeRows(c *Cursor, text string, count int) {
	columns := len(p.Columns)
	p.users, p.ends, p.values = p.users[:0], p.ends[:0], p.values[:0]
	for range count {
		p.users = c.AppendUserText(p.users)
		p.ends = append(p.ends, len(p.users))
		for range columns {
			p.values = append(p.values, c.substring(text))
		}
	}
	users, from := string(p.users), 0
	p.Rows = p.Rows[:0]
	for i, end := range p.ends {
		row := Row{User: users[from:end], Values: p.values[i*columns : (i+1)*columns : (i+1)*columns]}
		p.Rows = append(p.Rows, row)
		from = end
	}
}

// substring reads a length and returns as many bytes of text, which equals the cursor's data.
func (c *Cursor) substring(text string) string {
	n := len(c.Text())
	return text[c.at-n : c.at]
}
