package pipeline

import "time"

// PaceSlack is how far a [Pacer] that was held up catches up; LINE's own bucket holds a whole second.
const PaceSlack = 50 * time.Millisecond

// Pacer spaces calls evenly at a rate, from a first one on: the same for every system that has no pace of its own. Turns that nobody
// took are kept for [PaceSlack] and are lost then, so that the rate holds over any stretch of time. The zero value has no limit. One
// goroutine uses it at a time.
type Pacer struct {
	interval time.Duration // between turns; 0: no limit
	next     time.Time     // when the next one came or will come
}

// NewPacer has its first turn at first; 0 calls a second is no limit.
func NewPacer(perSecond int, first time.Time) Pacer {
	if perSecond <= 0 {
		return Pacer{next: first}
	}
	return Pacer{interval: time.Second / time.Duration(perSecond), next: first}
}

// Wait is how long the next turn is away; at most 0 when it has come.
func (p *Pacer) Wait(now time.Time) time.Duration { return p.next.Sub(now) }

// Take takes a turn, if one has come.
func (p *Pacer) Take(now time.Time) bool {
	if now.Before(p.next) {
		return false
	}
	p.Reserve(now)
	return true
}

// Reserve takes the next turn, whether or not it has come, and returns how long it is away.
func (p *Pacer) Reserve(now time.Time) time.Duration {
	if p.interval == 0 {
		return p.Wait(now)
	}
	if oldest := now.Add(-PaceSlack); p.next.Before(oldest) {
		p.next = oldest
	}
	wait := p.Wait(now)
	p.next = p.next.Add(p.interval)
	return wait
}
