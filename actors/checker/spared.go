package checker

import "hayauma.example/actors"

// Who doesn't want a message is left out of its window, whatever becomes of the path that holds him: a multicast goes to the others. What a
// report says of the path is then not about him, whenever it comes, and of whichever generation it is: his outcome is the campaign's word.

// spare notes whom a window leaves out.
func (l *Ledger) spare(window uint32, p actors.Span) {
	if l.spared == nil {
		l.spared = map[uint32]*actors.Set{}
	}
	s := l.spared[window]
	if s == nil {
		s = &actors.Set{}
		l.spared[window] = s
	}
	s.Add(p)
}

// spares tells whether a window leaves a recipient out.
func (l *Ledger) spares(window, i uint32) bool {
	s := l.spared[window]
	return s != nil && s.Has(i)
}

// stays are the recipients that a window is not known to leave out yet.
func (l *Ledger) stays(window uint32, paths []actors.Span) []actors.Span {
	var out actors.Set
	for _, p := range paths {
		p.Hi = min(p.Hi, l.Table.Recipients)
		out.Add(p)
	}
	if s := l.spared[window]; s != nil {
		for _, p := range s.Spans() {
			out.Remove(p)
		}
	}
	return out.Spans()
}

// mostParts bounds the entries of one record where some are cut.
const mostParts = 2000

// concerned cuts the entry of a path that has failed, or is unknown, into those that it is about: others are told of them by recipient. What would
// be more than there is room for stays whole, as what is delivered does: who was left out keeps his outcome either way.
func (l *Ledger) concerned(e Entry, room int) []Entry {
	s := l.spared[e.Window]
	if s == nil || !s.Touches(e.Path) || e.Outcome != actors.Failed && e.Outcome != actors.Unknown {
		return []Entry{e}
	}
	rest := actors.SetOf(e.Path)
	for p := range s.Within(e.Path) {
		rest.Remove(p)
	}
	if len(rest.Spans()) > room {
		return []Entry{e}
	}
	var out []Entry
	for _, p := range rest.Spans() {
		e.Path = p
		out = append(out, e)
		e.Tries = 0 // the calls were the same
	}
	return out
}
