package checker

import (
	"cmp"
	"sync/atomic"

	"hayauma.example/actors"
	"hayauma.example/engine/meter"
)

// Judged counts what the checkers of a node have recorded. The zero value is empty; it is safe for concurrent use and must not be copied.
type Judged struct {
	Channels meter.By[Results]
	Repeated atomic.Uint64 // reports on what was recorded already
}

// Results are recipients by what was recorded of them.
type Results struct {
	Outcomes        [actors.Delivered + 1]atomic.Uint64
	Returned, Split atomic.Uint64
}

// count counts the rulings of a batch once they are recorded.
func (j *Judged) count(channel string, f rulings) {
	j.Repeated.Add(uint64(f.repeated))
	if len(f.settled)+len(f.returned)+len(f.split) == 0 {
		return
	}
	r := j.of(channel)
	for _, e := range f.settled {
		r.Outcomes[e.Outcome].Add(uint64(e.Path.Len()))
	}
	for _, x := range f.returned {
		r.Returned.Add(lengthOf(x.Paths))
	}
	for _, s := range f.split {
		r.Split.Add(uint64(s.Path.Len()))
	}
}

// direct counts what the campaign decided.
func (j *Judged) direct(channel string, d Directed) {
	j.of(channel).Outcomes[d.Outcome].Add(lengthOf(d.Paths))
}

// of are the results of a channel; a ledger from before there were figures knows none.
func (j *Judged) of(channel string) *Results { return j.Channels.Of(cmp.Or(channel, meter.Other)) }

func lengthOf(paths []actors.Span) (n uint64) {
	for _, p := range paths {
		n += uint64(p.Len())
	}
	return n
}
