package gate

import (
	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// expire gives up a waiter that comes too late: what to do with it is the poster's to decide.
func (g *gate) expire(c *call, w *waiter) {
	to, run := actors.Posters.Ref(c.System(), w.Poster), w.Run
	g.parked.remove(w)
	to.Tell(actors.GiveBack{Run: run})
}

// giveBack asks a waiter of a held run to give back, once per hold and only what can be given back.
func (g *gate) giveBack(c *call, w *waiter) {
	if w.Untried && !w.told {
		w.told = true
		w.run.untold--
		actors.Posters.Ref(c.System(), w.Poster).Tell(actors.GiveBack{Run: w.Run})
	}
}

// hold begins a run's hold, or tells those of it who came since.
func (g *gate) hold(c *call, r *run) {
	r.held = true
	if r.untold == 0 {
		return
	}
	for _, w := range g.parked.of(r) {
		g.giveBack(c, w)
	}
}

// release ends a hold.
func (g *gate) release(r *run) {
	if !r.held {
		return
	}
	r.held = false
	for _, w := range g.parked.of(r) {
		if w.told {
			w.told = false
			r.untold++
		}
	}
}

// drop ends what waits of a run that is over.
func (g *gate) drop(c *call, r *run) {
	for _, w := range g.parked.of(r) {
		to := actors.Posters.Ref(c.System(), w.Poster)
		g.parked.remove(w)
		to.Tell(actors.Drop{Run: r.id})
	}
	r.tokens[provider.Push].void()
	r.tokens[provider.Multicast].void()
	g.reports.beginNow()
}
