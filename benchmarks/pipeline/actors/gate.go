package actors

import (
	"time"

	"hayauma.example/benchmarks/pipeline"
)

// pulse is how often a gate with a limit looks at its clock.
const pulse = 2 * time.Millisecond

// gate says who may call: first come, first served, as many at once as there are places. It is the state of a gate actor; P names a
// poster.
type gate[P any] struct {
	places  int
	limit   pipeline.Pacer
	waiting []P
	served  int  // of waiting, gone
	opened  bool // the due time has come

	expected int
	ready    chan<- struct{} // closed when so many wait; nil after that
}

// expect has ready closed when that many wait.
func (g *gate[P]) expect(m expect) {
	g.expected, g.ready = m.posters, m.ready
	g.tell()
}

// want notes a poster that waits.
func (g *gate[P]) want(p P) {
	g.waiting = append(g.waiting, p)
	g.tell()
}

func (g *gate[P]) tell() {
	if g.ready != nil && len(g.waiting) >= g.expected {
		close(g.ready)
		g.ready = nil
	}
}

// open lets calls begin.
func (g *gate[P]) open(rate int, now time.Time) {
	g.opened, g.limit = true, pipeline.NewPacer(rate, now)
}

// free notes that a call is over.
func (g *gate[P]) free() { g.places++ }

// next returns who may call now, if anybody may.
func (g *gate[P]) next(now time.Time) (p P, ok bool) {
	if !g.opened || g.places == 0 || g.served == len(g.waiting) || !g.limit.Take(now) {
		return p, false
	}
	g.places--
	var none P
	p, g.waiting[g.served] = g.waiting[g.served], none
	g.served++
	if g.served == len(g.waiting) {
		g.waiting, g.served = g.waiting[:0], 0
	}
	return p, true
}
