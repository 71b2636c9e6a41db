package gate

import (
	"slices"
	"time"
)

// width is how many calls may be in flight: as many as the provider's latency asks for, and no more, because each costs a connection and
// three stacks, and what waits in a queue waits longer for more company. It is TCP Vegas' idea: latency is compared with that of a short
// queue, so a slow provider gets many calls, a fast one few, and one that has stopped answering the least.
//
//	it begins with widthLeast, and after widthSamples calls, with q the lower quartile of how long they took:
//	    after a growth: calls a second (limit/q) rose by less than a quarter as much  →  the limit before, and no growth for calmFor
//	                                   (the queue is on this side, where more calls at once only take more memory and time)
//	    q > 2·base + widthSlack     →  limit·7/8     (a queue has built up somewhere, or the provider has trouble)
//	    the limit was reached       →  limit·5/4 + 1
//	    … and q ≤ 5/4·base + slack  →  limit·2       (no queue at all)
//	the calls that were in flight then tell of the limit before, and are not counted: else one overshoot would shrink it to the least
//	every probeEvery: base is measured anew, as q of calls that had at most widthLeast-1 others beside them
type width struct {
	limit, least, most int
	base               time.Duration // 0: not known yet
	took               [widthSamples]time.Duration
	n                  int
	reached            bool // since the last adjustment

	small int           // the limit before a growth that is to show what it brings; 0: none is
	quick time.Duration // q at that limit
	calm  time.Time     // no growth before

	probe  time.Time // when base is measured next
	before int       // the limit before the probe under way; 0: none is
	skip   int       // calls that began in other company
}

const (
	widthSamples = 32
	widthLeast   = 32
	widthSlack   = time.Millisecond
	probeEvery   = 30 * time.Second
	calmFor      = 250 * time.Millisecond
)

func newWidth(most int) width {
	least := min(widthLeast, most)
	return width{limit: least, least: least, most: most}
}

// allows tells whether a call may start beside those in flight.
func (w *width) allows(inFlight int) bool {
	if inFlight >= w.limit {
		w.reached = true
		return false
	}
	return true
}

// ended takes how long a call took, from its token to its end, with how many are still in flight.
func (w *width) ended(took time.Duration, inFlight int, now time.Time) {
	if w.skip > 0 {
		w.skip--
		return
	}
	w.took[w.n] = took
	if w.n++; w.n == widthSamples {
		w.adjust(inFlight, now)
	}
}

func (w *width) adjust(inFlight int, now time.Time) {
	slices.Sort(w.took[:])
	q := w.took[widthSamples/4]
	limit := w.limit
	switch {
	case w.before > 0:
		w.base, w.limit, w.before = q, w.before, 0
		w.probe, limit = now.Add(probeEvery), w.limit
	case w.base == 0:
		w.base = q
		w.probe = now.Add(probeEvery)
	case !now.Before(w.probe):
		w.before, w.limit, w.skip = w.limit, w.least, inFlight
	case w.small > 0 && !w.paid(q):
		w.limit, w.skip, w.calm = w.small, inFlight, now.Add(calmFor)
	case q > 2*w.base+widthSlack:
		w.limit, w.skip = max(w.least, w.limit*7/8), inFlight
	case w.reached && !now.Before(w.calm):
		w.limit, w.skip = min(w.most, w.wider(q)), inFlight
	}
	if w.small = 0; w.limit > limit {
		w.small, w.quick = limit, q
	}
	w.base = min(w.base, q)
	w.n, w.reached = 0, false
}

// wider is the limit to try next.
func (w *width) wider(q time.Duration) int {
	if q <= w.base*5/4+widthSlack {
		return w.limit * 2
	}
	return w.limit*5/4 + 1
}

// paid reports whether the last growth brought enough calls a second.
func (w *width) paid(q time.Duration) bool {
	growth := float64(w.limit) / float64(w.small)
	gain := growth * float64(w.quick) / float64(max(q, 1))
	return gain-1 >= (growth-1)/4
}
