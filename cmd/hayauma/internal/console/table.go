package console

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// table is lines of cells below headings. Columns line up as a terminal shows them, also with characters that take two places, and
// a column in which nothing stands is left out.
type table struct {
	head []string
	rows [][]string
}

func newTable(head ...string) *table { return &table{head: head} }

// row adds a line, with a cell for each heading.
func (t *table) row(cells ...any) {
	line := make([]string, len(cells))
	for i, c := range cells {
		line[i] = printable(fmt.Sprint(c))
	}
	t.rows = append(t.rows, line)
}

func (t *table) print(w io.Writer) error {
	columns := make([]int, len(t.head)) // widths, 0: left out
	for i := range columns {
		for _, r := range t.rows {
			columns[i] = max(columns[i], width(r[i]))
		}
		if columns[i] > 0 || len(t.rows) == 0 {
			columns[i] = max(columns[i], width(t.head[i]))
		}
	}
	var b strings.Builder
	for _, cells := range append([][]string{t.head}, t.rows...) {
		gap := 0 // a line ends with its last cell, not with spaces
		for i, cell := range cells {
			if columns[i] == 0 {
				continue
			}
			if cell != "" {
				b.WriteString(strings.Repeat(" ", gap) + cell)
				gap = 0
			}
			gap += columns[i] - width(cell) + 2
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printable takes out what would move a terminal's cursor: names are anybody's text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, s)
}

// shorten cuts a text to at most places of a terminal.
func shorten(s string, places int) string {
	if width(s) <= places {
		return s
	}
	used := 1 // the ellipsis
	for i, r := range s {
		if used += runeWidth(r); used > places {
			return s[:i] + "…"
		}
	}
	return s
}

// width is how many places of a terminal a text takes.
func width(s string) (n int) {
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// wide are the blocks of characters that terminals show two places wide: Unicode's East Asian Width W and F, roughly.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115F, Stride: 1}, {Lo: 0x2E80, Hi: 0x303E, Stride: 1}, {Lo: 0x3041, Hi: 0xA4CF, Stride: 1},
		{Lo: 0xA960, Hi: 0xA97C, Stride: 1}, {Lo: 0xAC00, Hi: 0xD7A3, Stride: 1}, {Lo: 0xF900, Hi: 0xFAFF, Stride: 1},
		{Lo: 0xFE30, Hi: 0xFE6F, Stride: 1}, {Lo: 0xFF00, Hi: 0xFF60, Stride: 1}, {Lo: 0xFFE0, Hi: 0xFFE6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1F300, Hi: 0x1F64F, Stride: 1}, {Lo: 0x1F680, Hi: 0x1F6FF, Stride: 1}, {Lo: 0x1F900, Hi: 0x1FAFF, Stride: 1},
		{Lo: 0x20000, Hi: 0x3FFFD, Stride: 1},
	},
}
