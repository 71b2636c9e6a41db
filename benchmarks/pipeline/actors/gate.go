package actors

import "time"

// pulse is how often a gate with a limit looks at its clock.
const pulse = 2 * time.Millisecond

// purse holds the permits of a provider with a limit: they come evenly, and few lie in it, so that the rate holds over any stretch of
// time. The zero value has no limit.
type purse struct {
	rate float64 // permits per second
	have float64
	at   time.Time // when have was right
}

// newPurse has its first permit at now.
func newPurse(rate int, now time.Time) purse {
	return purse{rate: float64(rate), have: 1, at: now}
}

// most is what may lie in the purse: a twentieth of a second's permits, so that a late look at the clock loses none.
func (p *purse) most() float64 { return max(1, p.rate/20) }

// take takes a permit, if there is one.
func (p *purse) take(now time.Time) bool {
	if p.rate == 0 {
		return true
	}
	if passed := now.Sub(p.at); passed > 0 {
		p.have = min(p.have+p.rate*passed.Seconds(), p.most())
		p.at = now
	}
	if p.have < 1 {
		return false
	}
	p.have--
	return true
}

// gate says who may call: first come, first served, as many at once as there are places. It is the state of a gate actor; P names a
// poster.
type gate[P any] struct {
	places  int
	limit   purse
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
	g.opened, g.limit = true, newPurse(rate, now)
}

// free notes that a call is over.
func (g *gate[P]) free() { g.places++ }

// next returns who may call now, if anybody may.
func (g *gate[P]) next(now time.Time) (p P, ok bool) {
	if !g.opened || g.places == 0 || g.served == len(g.waiting) || !g.limit.take(now) {
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
