package campaign

import (
	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// maxStretches bounds the record of one window where returned recipients lie scattered.
const maxStretches = 1000

// share is how many sends a window may hold; 0: no limit.
type share struct{ push, multicast int }

// windowSeconds is how long a window may take at the run's share of the channel's limit. The design allows ten minutes; one is enough to
// keep the next window ready, and what a kill puts in doubt is ten times less.
const windowSeconds = 60

// shareOf divides the channel's limits between the runs that may send.
func shareOf(l actors.Limits, runs int) share {
	of := func(limit int) int {
		if limit == 0 {
			return 0
		}
		return max(1, limit*windowSeconds/max(1, runs))
	}
	return share{push: of(l.Push), multicast: of(l.Multicast)}
}

// nextPaths are those of the next window, as far as the channel's limits and the windows before it allow.
func (s *Intent) nextPaths(v view) (paths []actors.Span, cursor uint32) {
	end := uint32(0)
	if s.goesAhead(v) {
		end = s.ready(v.now)
	}
	return s.fill(shareOf(v.limits, v.runs), end, s.dueAgain(v.now))
}

// window chooses the paths of the next window: returned ones first, then, where it goes ahead, chunks in order, of at most ChunksInWindow
// chunks, and no more sends than the share, but at least one path. A push chunk is cut to fit.
func (s *Intent) window(sh share, ahead bool) (paths []actors.Span, cursor uint32) {
	end := uint32(0)
	if ahead {
		end = s.Table.Recipients
	}
	return s.fill(sh, end, s.back())
}

// fill does so with what came back, or what else goes before the rest, and goes ahead no further than to a recipient with whom a lot begins. Of lots
// that came too late it opens nothing.
func (s *Intent) fill(sh share, end uint32, first []actors.Span) (paths []actors.Span, cursor uint32) {
	p := picker{table: s.Table, share: sh}
	for _, b := range s.joined(first) {
		if !p.take(b) {
			return p.paths, s.Cursor
		}
	}
	if cursor = s.Cursor; cursor < end {
		cursor = s.front()
	}
	for cursor < end {
		_, entry, ok := plan.Find(s.Table, cursor)
		if !ok {
			return p.paths, cursor
		}
		end := entry.First + entry.Count
		if entry.Mode == plan.Failed {
			cursor = end
			continue
		}
		full := !p.take(actors.Span{Lo: cursor, Hi: end})
		if n := len(p.paths); n > 0 && p.paths[n-1].Lo == cursor {
			cursor = p.paths[n-1].Hi
		}
		if full {
			break
		}
	}
	return p.paths, cursor
}

// joined is what was returned, reopened or deferred, pushes that follow each other in one chunk joined to stretches: as much as a window may take.
func (s *Intent) joined(paths []actors.Span) []actors.Span {
	var out []actors.Span
	var pushes actors.Set
	for _, b := range paths {
		if _, entry, ok := plan.Find(s.Table, b.Lo); ok && entry.Mode == plan.Multicast {
			out = append(out, b)
		} else {
			pushes.Add(b)
		}
	}
	for _, p := range pushes.Spans() {
		if len(out) > maxStretches {
			break
		}
		for _, q := range s.toSend([]actors.Span{p}) {
			out = append(out, q.Span)
		}
	}
	return out
}

// picker fills a window.
type picker struct {
	table  plan.Table
	share  share
	paths  []actors.Span
	chunks int
	chunk  int // the chunk of the newest path
	push   int
	multi  int
}

// take adds a stretch of one chunk, or what fits of it; false: the window is full.
func (p *picker) take(s actors.Span) bool {
	chunk, entry, ok := plan.Find(p.table, s.Lo)
	if !ok {
		return true
	}
	other := p.chunks == 0 || chunk != p.chunk
	if len(p.paths) == maxStretches || other && p.chunks == actors.ChunksInWindow {
		return false
	}
	fits := p.fits(s, entry.Mode)
	if fits == 0 {
		return false
	}
	if other {
		p.chunks, p.chunk = p.chunks+1, chunk
	}
	p.paths = append(p.paths, actors.Span{Lo: s.Lo, Hi: s.Lo + uint32(fits)})
	return fits == s.Len()
}

// fits is how many of the recipients may still be sent to, and counts them as sent.
func (p *picker) fits(s actors.Span, mode plan.Mode) int {
	if mode == plan.Multicast {
		if p.share.multicast > 0 && p.multi >= p.share.multicast {
			return 0
		}
		p.multi++
		return s.Len()
	}
	n := s.Len()
	if p.share.push > 0 {
		n = min(n, p.share.push-p.push)
	}
	p.push += n
	return n
}

// toSend says which chunk each path is of, for the composer.
func (s *Intent) toSend(paths []actors.Span) []actors.Path {
	out := byChunk(s.Table, paths)
	for i := range out {
		out[i].Anew = s.Anew.Touches(out[i].Span)
	}
	return out
}

// byChunk cuts paths where their chunks end.
func byChunk(table plan.Table, paths []actors.Span) (out []actors.Path) {
	for _, p := range paths {
		for lo := p.Lo; lo < p.Hi; {
			chunk, entry, ok := plan.Find(table, lo)
			if !ok {
				break
			}
			part := actors.Span{Lo: lo, Hi: min(p.Hi, entry.First+entry.Count)}
			out = append(out, actors.Path{Span: part, Chunk: uint32(chunk), Multicast: entry.Mode == plan.Multicast})
			lo = part.Hi
		}
	}
	return out
}

// unopened names every recipient that no window holds.
func (s *Intent) unopened() []actors.Span {
	out := append([]actors.Span(nil), s.Back...)
	for _, d := range s.Later {
		out = append(out, d.Paths...)
	}
	if s.Cursor < s.Table.Recipients {
		out = append(out, actors.Span{Lo: s.Cursor, Hi: s.Table.Recipients})
	}
	return out
}

// toBeSent are the open windows of which something is not settled.
func (s *Intent) toBeSent(v view) []uint32 {
	var out []uint32
	for _, w := range s.Open {
		if v.settledOf(w) < w.Size {
			out = append(out, w.Number)
		}
	}
	return out
}

// settledWindows are the open windows of which every recipient is settled.
func (s *Intent) settledWindows(v view) []uint32 {
	var out []uint32
	for _, w := range s.Open {
		if v.settledOf(w) >= w.Size {
			out = append(out, w.Number)
		}
	}
	return out
}
