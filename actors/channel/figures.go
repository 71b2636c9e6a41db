package channel

import (
	"sync/atomic"
	"time"

	"hayauma.example/engine/meter"
)

// AllFigures are those of the channels of a node, by name. The zero value is empty.
type AllFigures = meter.By[Figures]

// Figures say how much of its limits a channel has left. They are written by its activation and read by anybody.
type Figures struct {
	free, limit atomic.Int64 // calls a second, of both endpoints
	at          atomic.Int64 // when that was so, by the wall's clock, in nanoseconds
}

// Free is how many calls the channel's limits allow at this moment, of both endpoints that have one; false: none has, or the channel isn't here.
func (f *Figures) Free(now time.Time) (calls int64, limited bool) {
	limit := f.limit.Load()
	if now.UnixNano()-f.at.Load() > int64(logSpan) { // nobody has asked since: what was granted counts no more
		return limit, limit > 0
	}
	return f.free.Load(), limit > 0
}

// logSpan is longer than a token holds its place.
const logSpan = 1200 * time.Millisecond

// leave forgets a channel that goes elsewhere.
func (f *Figures) leave() { f.limit.Store(0) }

// measure tells the figures how much is left.
func (ch *Channel) measure(c *call) {
	free, limit, now := 0, 0, ch.now(c)
	for _, e := range endpoints {
		if l := &ch.granter.limiters[e]; l.log != nil {
			free += l.log.room(now)
			limit += l.log.limit
		}
	}
	f := ch.deps.Figures.Of(ch.name)
	f.free.Store(int64(free))
	f.limit.Store(int64(limit))
	f.at.Store(c.Now().UnixNano())
}
