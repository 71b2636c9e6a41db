package poster

import (
	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/engine"
)

// Stopping is the end of a poster that still holds something, mostly because its shard goes to another node. What is untried is returned
// in the turn that drops it; what else isn't settled the campaign sends again. A call that was cancelled is in doubt: nothing is said of it.
func (p *Poster) Stopping(c *engine.Context[actors.PosterMsg]) {
	for _, h := range p.held {
		h.quiet()
		if h.next != nil {
			p.leave(c, *h.next)
		}
		switch {
		case h.phase == waiting && h.untried():
			p.giveAway(c, h, h.post.Path)
		case h.phase == reporting && h.report.What == actors.PathSplit:
			a, b := h.post.Path.Halves() // nobody else would send them: if the split is recorded, they are untried
			p.dropped(c, h, h.report, h.returned(a), h.returned(b))
		case h.phase == reporting:
			p.dropped(c, h, h.report)
		default:
			p.dropped(c, h)
		}
		p.leaveGate(c, h)
		if h.post.Demand > 0 {
			p.gate().Tell(gate.Freed{Run: h.post.Run, Window: h.post.Window, Bytes: h.post.Demand})
		}
	}
	p.held = nil
}

// leaveGate gives up the place in the line, or the call.
func (p *Poster) leaveGate(c *engine.Context[actors.PosterMsg], h *held) {
	m := gate.Left{Run: h.post.Run, Path: h.post.Path, Poster: c.ID()}
	switch h.phase {
	case reporting: // the call is over
		return
	case calling:
		m.Calling = h.token
	case waiting:
	}
	p.gate().Tell(m)
}

// giveAway returns a path without waiting for the word that it is recorded: a return that is lost is found by the re-drive.
func (p *Poster) giveAway(c *engine.Context[actors.PosterMsg], h *held, path actors.Span) {
	tell(c, h, h.returned(path))
}

func (h *held) returned(path actors.Span) actors.Report {
	return actors.Report{Run: h.post.Run, Window: h.post.Window, Path: path, What: actors.PathReturned, Tries: h.tries}
}

// dropped tells the campaign that nobody here sends the path any more, and what it knows of it. The checker may be on its way to another
// node too: told from here, it could hear of a refusal only after it was asked, and the path would be sent again in doubt.
func (p *Poster) dropped(c *engine.Context[actors.PosterMsg], h *held, known ...actors.Report) {
	for i := range known {
		known[i].Poster = "" // nobody waits for the word that it is recorded
	}
	if h.post.Ledger != "" { // the book is of the same shard, and takes what it isn't told of to be in doubt
		for _, r := range known {
			tell(c, h, r)
		}
		return
	}
	m := actors.Dropped{Run: h.post.Run, Window: h.post.Window, Paths: []actors.Span{h.post.Path}, Reports: known}
	actors.Campaigns.Ref(c.System(), h.post.Campaign).Tell(m)
}
