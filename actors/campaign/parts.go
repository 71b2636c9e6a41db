package campaign

import (
	"hayauma.example/actors"
	"hayauma.example/actors/audience"
)

// Parts stores an audience's parts under its upload's names.
type Parts struct {
	Upload string
	Put    func(name string, data []byte) error

	rows int // parts with rows; those with duplicates follow, and are numbered anew
}

var _ audience.Sink = (*Parts)(nil)

// Part implements audience.Sink.
func (p *Parts) Part(n int, data []byte) error {
	if audience.ListsDuplicates(data) {
		return p.Put(DupName(p.Upload, n-p.rows), data)
	}
	p.rows++
	return p.Put(PartName(p.Upload, n), data)
}

// Stored describes an audience whose parts are stored, for Accept.
func Stored(s audience.Summary) actors.Audience {
	return actors.Audience{
		Rows: uint64(s.Rows), Duplicates: uint64(s.Duplicates), Parts: s.Parts, DupParts: s.DuplicateParts,
		PartsSHA256: s.PartsSHA256[:], ContentSHA256: s.ContentSHA256[:], Columns: s.Columns,
	}
}
