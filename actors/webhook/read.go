package webhook

import (
	"context"

	"hayauma.example/actors"
)

// follow reads on from the cursors.
func (w *Webhook) follow(c *call) {
	t := w.term
	t.queue.at = [sources]Cursor{composer: w.state.Composer, checkers: w.state.Checker}
	wants := map[string]bool{}
	for _, e := range w.state.Settings.Events {
		wants[e] = true
	}
	if len(wants) == 0 {
		for _, e := range Types {
			wants[e] = true
		}
	}
	for i := range t.followers {
		from := followed[i]
		from.Store, from.Log = w.deps.Store, c.Log()
		r := &follower{
			Source: from, messages: w.deps.Messages, wants: wants,
			pieces: make(chan piece), at: t.queue.at[i], known: map[string]uint64{},
		}
		t.followers[i] = r
		c.Go(func(ctx context.Context) actors.WebhookMsg {
			r.Each(ctx, t.quit, func() uint64 { return r.at.Position }, r.take)
			return nil
		})
		w.pull(c, i)
	}
}

// pull takes the next piece of a source, as long as there is room for it.
func (w *Webhook) pull(c *call, source int) {
	t := w.term
	if t.pulling[source] || t.queue.bytes > readAhead-sources*2*pieceSize {
		return
	}
	t.pulling[source] = true
	pieces := t.followers[source].pieces
	c.Go(func(ctx context.Context) actors.WebhookMsg {
		select {
		case p := <-pieces:
			return arrived{term: t, source: source, piece: p}
		case <-t.quit:
		case <-ctx.Done():
		}
		return nil
	})
}

func (w *Webhook) arrived(c *call, m arrived) {
	t := w.term
	if m.term != t {
		return
	}
	t.pulling[m.source] = false
	for _, f := range m.piece.facts {
		if f.kind == CampaignProgress {
			w.changed(c, f.fact)
			continue
		}
		t.queue.add(&item{fact: f.fact, source: m.source, cursor: f.cursor})
	}
	if m.piece.through > 0 {
		t.queue.through(m.source, m.piece.through)
		t.dirty = true
	}
	w.pull(c, m.source)
	w.deliver(c)
	w.flushIn(c, flushIdly)
}

// changed takes the word that a run's figures are others now.
func (w *Webhook) changed(c *call, f fact) {
	p := w.term.paces[f.grain]
	if p == nil {
		p = &pace{after: w.term.began.Add(progressEvery)} // an earlier activation may have told them just before
		w.term.paces[f.grain] = p
	}
	p.newest = f
	w.pace(c, p)
}

// pace puts a run's figures into the queue, or looks again when they may be told.
func (w *Webhook) pace(c *call, p *pace) {
	ready, wait := p.ready(c.Now())
	switch {
	case ready:
		p.queued = true
		w.term.queue.add(&item{fact: p.newest, source: sources})
	case wait >= 0 && !p.timed:
		p.timed = true
		c.After(wait, paced{term: w.term, run: p.newest.grain})
	}
}

func (w *Webhook) paced(c *call, m paced) {
	if m.term != w.term {
		return
	}
	p := w.term.paces[m.run]
	p.timed = false
	if !p.queued && p.newest.number <= p.told && !c.Now().Before(p.after) {
		delete(w.term.paces, m.run) // nothing has changed for long
		return
	}
	w.pace(c, p)
	w.deliver(c)
}
