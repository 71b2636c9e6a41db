package poster

import (
	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/engine"
)

// supersede takes a command of a newer generation for a path that is held. The older generation has its outcome, so nothing more is tried for it, and
// none of its doubts is the newer one's. But what is known of it is told first: it may have been accepted. That it was given back is recorded, or the
// path would not be sent.
func (p *Poster) supersede(c *engine.Context[actors.PosterMsg], h *held, m actors.Post) {
	switch {
	case h.next == nil && (h.phase == waiting || h.phase == reporting && h.report.What == actors.PathReturned):
		p.gate().Tell(gate.Withdraw{Run: h.post.Run, Path: h.post.Path, Poster: c.ID()})
		p.remove(c, h)
		p.post(c, m)
	case h.next == nil:
		h.next = &m
	default:
		next := &held{post: *h.next}
		if m.Generation > next.post.Generation {
			m, next.post = next.post, m
		} else {
			next.takes(m)
		}
		h.next = &next.post
		p.free(m)
	}
}

// succeed begins what waited for the end of an older generation, unless that was accepted after all.
func (p *Poster) succeed(c *engine.Context[actors.PosterMsg], h *held) {
	switch {
	case h.next == nil:
	case h.phase == reporting && h.report.What == actors.PathAccepted:
		p.free(*h.next)
	default:
		p.post(c, *h.next)
	}
}

// free gives the demand of a command back.
func (p *Poster) free(m actors.Post) {
	if m.Demand > 0 {
		p.gate().Tell(gate.Freed{Run: m.Run, Window: m.Window, Bytes: m.Demand})
	}
}

// leave says of a command that never began that it is untried, or that nobody sends it any more.
func (p *Poster) leave(c *engine.Context[actors.PosterMsg], m actors.Post) {
	h := &held{post: m}
	if h.untried() {
		p.giveAway(c, h, m.Path)
	} else {
		p.dropped(c, h)
	}
	p.free(m)
}
