package checker

import (
	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// isPath tells whether p is a path of the run: one recipient of a push chunk, or a multicast chunk or a part of it by halving.
func (l *Ledger) isPath(p actors.Span) bool {
	_, ok := l.parent(p)
	return ok
}

// isLeaf tells whether a path is nobody's half, or that of a path that was split.
func (l *Ledger) isLeaf(p actors.Span) bool {
	parent, ok := l.parent(p)
	return ok && (parent == p || l.split[parent])
}

// parent is the path whose half p is, or p itself where it is nobody's; false: it is no path.
func (l *Ledger) parent(p actors.Span) (parent actors.Span, ok bool) {
	if p.Hi <= p.Lo || p.Hi > l.Table.Recipients {
		return p, false
	}
	_, entry, ok := plan.Find(l.Table, p.Lo)
	if !ok {
		return p, false
	}
	if entry.Mode != plan.Multicast {
		return p, entry.Mode == plan.Push && p.Len() == 1
	}
	q := chunkSpan(entry)
	for parent = q; q.Contains(p); {
		if q == p {
			return parent, true
		}
		parent = q
		a, b := q.Halves()
		if q = a; !a.Contains(p) {
			q = b
		}
	}
	return p, false
}

func chunkSpan(e plan.Entry) actors.Span { return actors.Span{Lo: e.First, Hi: e.First + e.Count} }

// unsettled names what is still to be sent of a window's paths: pushes as stretches, multicasts as their leaves, without what was
// returned from that window, and without what a later generation sends. Paths that follow each other may be asked about as one: what is named is always a path.
func (l *Ledger) unsettled(window uint32, paths []actors.Span) []actors.Span {
	var out []actors.Span
	for _, p := range paths {
		if p.Hi > l.Table.Recipients {
			continue
		}
		for p.Lo < p.Hi {
			_, entry, ok := plan.Find(l.Table, p.Lo)
			if !ok {
				break
			}
			chunk := chunkSpan(entry)
			part := actors.Span{Lo: p.Lo, Hi: min(p.Hi, chunk.Hi)}
			if entry.Mode == plan.Multicast {
				out = l.leaves(chunk, part, window, out)
			} else {
				out = l.stretches(part, window, out)
			}
			p.Lo = part.Hi
		}
	}
	return out
}

// leaves are the unsettled paths that p has become, as far as they lie within a stretch.
func (l *Ledger) leaves(p, within actors.Span, window uint32, out []actors.Span) []actors.Span {
	switch {
	case l.split[p]:
		a, b := p.Halves()
		return l.leaves(b, within, window, l.leaves(a, within, window, out))
	case within.Contains(p) && l.pending(p) && !l.gone(window).Covers(p) && !l.olderPath(window, p):
		out = append(out, p)
	}
	return out
}

// stretches are what has no outcome of p, by the window that asks; 0: whoever asks.
func (l *Ledger) stretches(p actors.Span, window uint32, out []actors.Span) []actors.Span {
	from, gone := p.Lo, l.gone(window)
	flush := func(to uint32) {
		if from < to {
			out = append(out, actors.Span{Lo: from, Hi: to})
		}
	}
	for i := p.Lo; i < p.Hi; i++ {
		if l.outcome[i] != actors.Pending || gone.Has(i) || l.older(window, i) {
			flush(i)
			from = i + 1
		}
	}
	flush(p.Hi)
	return out
}

// returnedPaths names what was returned as the paths that they were: stretches of pushes, leaves of multicasts.
func (l *Ledger) returnedPaths(s *actors.Set) []actors.Span {
	var out []actors.Span
	for _, p := range s.Spans() {
		for lo := p.Lo; lo < p.Hi; {
			_, entry, ok := plan.Find(l.Table, lo)
			if !ok {
				break
			}
			chunk := chunkSpan(entry)
			part := actors.Span{Lo: lo, Hi: min(p.Hi, chunk.Hi)}
			if entry.Mode == plan.Multicast {
				out = l.returnedLeaves(chunk, part, out)
			} else {
				out = append(out, part)
			}
			lo = part.Hi
		}
	}
	return out
}

func (l *Ledger) returnedLeaves(p, within actors.Span, out []actors.Span) []actors.Span {
	switch {
	case l.split[p]:
		a, b := p.Halves()
		return l.returnedLeaves(b, within, l.returnedLeaves(a, within, out))
	case within.Contains(p):
		return append(out, p)
	}
	return out
}
