package gate

import (
	"sync/atomic"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/engine/meter"
)

// Figures are what the calls of one channel on this node have come to. Gates and posters count; anybody reads.
type Figures struct {
	Calls    [provider.Doubtful + 1]Calls // that have ended, by verdict
	Batch    meter.Histogram              // recipients of a call
	Waits    meter.Histogram              // of a call that was ready, until its token
	InFlight atomic.Int64                 // tokens handed out whose call hasn't ended
	Held     atomic.Int64                 // recipients that posters hold: waiting, being called, or not recorded yet
	Repeated atomic.Uint64                // commands for a path that its poster held already
	Known    atomic.Uint64                // calls whose retry key the provider had accepted before
}

// Calls are those that ended with one verdict.
type Calls struct {
	Recipients atomic.Uint64
	Again      atomic.Uint64 // paths that are to be called again
	Took       meter.Histogram
}

// statusConflict is how a provider says that it has accepted a request with this retry key before.
const statusConflict = 409

// Ended counts a call to so many recipients.
func (f *Figures) Ended(a provider.Answer, recipients int, took time.Duration) {
	c := &f.Calls[min(a.Verdict, provider.Doubtful)]
	c.Recipients.Add(uint64(recipients))
	c.Took.Took(took)
	f.Batch.Observe(float64(recipients))
	if a.Verdict == provider.Accepted && a.Status == statusConflict {
		f.Known.Add(1)
	}
}

// Again counts a path that is to be called again after a verdict.
func (f *Figures) Again(v provider.Verdict) { f.Calls[min(v, provider.Doubtful)].Again.Add(1) }

// Figures returns those of a channel. Beyond [meter.MostNames] channels all others have theirs together.
func (gs *Gates) Figures(channel string) *Figures { return gs.figures.Of(channel) }

// AllFigures returns the figures by channel.
func (gs *Gates) AllFigures() map[string]*Figures { return gs.figures.All() }
