package explain

import (
	"slices"

	"hayauma.example/actors/audience"
)

// maxLines is how many lines are named for each missing variable, and how many bad lines are told.
const maxLines = 20

// Missing is a variable that the template needs and some rows lack.
type Missing struct {
	Name  string
	Rows  int
	Lines []int // the first 20
}

// badRows counts what a submission would be refused for.
type badRows struct {
	header  []string // columns that a CSV header lacks: every row does
	told    []*audience.Error
	more    bool
	missing []Missing
	index   map[string]int // in missing, by name
}

// newBadRows lists variables in the order of the templates.
func newBadRows(in Input) *badRows {
	b := &badRows{index: map[string]int{}}
	for _, name := range in.needs() {
		b.index[name] = len(b.missing)
		b.missing = append(b.missing, Missing{Name: name})
	}
	return b
}

// add is audience.Options.Bad.
func (b *badRows) add(rows int, problems []*audience.Error) {
	if rows == 0 {
		for _, p := range problems {
			b.header = append(b.header, p.Column)
		}
	}
	if first := b.news(rows, problems); first != nil {
		if len(b.told) < maxLines {
			b.told = append(b.told, first)
		} else {
			b.more = true
		}
	}
	for _, p := range problems {
		i, ok := b.index[p.Column]
		if !ok || !p.Missing || rows == 0 {
			continue
		}
		m := &b.missing[i]
		if m.Rows++; len(m.Lines) < maxLines {
			m.Lines = append(m.Lines, p.Line)
		}
	}
}

// news is what a submission would tell of a row: the first problem that the header doesn't have already.
func (b *badRows) news(rows int, problems []*audience.Error) *audience.Error {
	for _, p := range problems {
		if rows == 0 || !p.Missing || !slices.Contains(b.header, p.Column) {
			return p
		}
	}
	return nil
}

func (b *badRows) lacking() []Missing {
	return slices.DeleteFunc(slices.Clone(b.missing), func(m Missing) bool { return m.Rows == 0 })
}
