package poster

import (
	"hayauma.example/actors"
	"hayauma.example/engine"
)

// report tells the checker until it has recorded the word.
func (p *Poster) report(c *engine.Context[actors.PosterMsg], h *held, r actors.Report) {
	p.keep(c, h, r)
	p.tell(c, h)
}

// keep is what the checker is to be told.
func (p *Poster) keep(c *engine.Context[actors.PosterMsg], h *held, r actors.Report) {
	r.Run, r.Window, r.Path = h.post.Run, h.post.Window, h.post.Path
	r.Doubt, r.Poster, r.Tries, r.At = h.doubt, c.ID(), h.tries, c.Now()
	h.phase, h.report, h.repeat = reporting, r, firstRepeat
}

func (p *Poster) again(c *engine.Context[actors.PosterMsg], m again) {
	h := p.find(m.run, m.path)
	if h == nil || h.phase != reporting {
		return
	}
	tell(c, h, h.report)
	h.repeat = min(2*h.repeat, maxRepeat)
	h.again = c.After(h.repeat, m)
}

// recorded ends a command; of a split one the halves are sent, by posters of their own.
func (p *Poster) recorded(c *engine.Context[actors.PosterMsg], m actors.Recorded) {
	h := p.find(m.Run, m.Path)
	if h == nil || h.phase != reporting || h.report.Window != m.Window {
		return
	}
	p.deps.Crash("poster.recorded.before")
	switch {
	case m.Split:
		a, b := h.post.Path.Halves()
		p.half(c, h, a)
		p.half(c, h, b)
		p.deps.Crash("poster.split.after")
	case h.report.What == actors.PathSplit && h.next == nil: // it was recorded before: the word that asked for the halves was lost, if it was split
		p.dropped(c, h)
	}
	p.remove(c, h)
	p.succeed(c, h)
}

func (p *Poster) half(c *engine.Context[actors.PosterMsg], h *held, path actors.Span) {
	m := h.post
	m.Path, m.Number, m.Demand = path, 0, 0
	m.To = h.post.To[path.Lo-h.post.Path.Lo : path.Hi-h.post.Path.Lo]
	if len(called(m.To)) == 0 {
		return // all of it are left out
	}
	p.deps.Crash("poster.half.before")
	actors.Posters.Ref(c.System(), actors.MulticastPoster(m.Channel, m.Run, path)).Tell(m)
}
