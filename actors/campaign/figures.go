package campaign

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine/meter"
)

// Figures are what the campaigns of a node have come to. The zero value is empty; it is safe for concurrent use and must not be copied.
type Figures struct {
	Lag      meter.Histogram // from a run's due time to its first window
	Duration meter.Histogram // from there to its end
	Begun    atomic.Uint64   // occurrences of series

	// What didn't begin at its due time: occurrences that were left out because an earlier one still sent, or because a later one was due
	// too, and what came later than expire_after.
	Busy, Missed, Late atomic.Uint64

	// Recipients that weren't sent to because of their settings, or are sent to later.
	Suppressed, Deferred atomic.Uint64

	mu      sync.Mutex
	running map[string]actors.Totals // campaigns that send; guarded by mu
}

// Running returns the totals of the campaigns here that have a plan and haven't ended.
func (f *Figures) Running() map[string]actors.Totals {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.running)
}

// Runs notes the totals of a campaign that sends.
func (f *Figures) Runs(id string, t actors.Totals) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running == nil {
		f.running = map[string]actors.Totals{}
	}
	f.running[id] = t
}

// rests forgets a campaign that has ended, or is here no more.
func (f *Figures) rests(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, id)
}

// opened counts a run's first window.
func (f *Figures) opened(due, at time.Time) { f.Lag.Took(at.Sub(due)) }

// ended counts a run that has begun.
func (f *Figures) ended(id string, began, at time.Time) {
	f.rests(id)
	if !began.IsZero() {
		f.Duration.Took(at.Sub(began))
	}
}

// withheld is how many recipients a window leaves out that no window before it has, and how many are put off; its events are not applied yet.
func (s *Intent) withheld(events []Event) (suppressed, deferred int) {
	for _, e := range events {
		switch e := e.(type) {
		case WindowOpened:
			for _, x := range e.Suppressed {
				for _, p := range x.Paths {
					suppressed += p.Len() - s.spared(p)
				}
			}
		case Deferred:
			for _, x := range e.Entries {
				for _, p := range x.Paths {
					deferred += p.Len()
				}
			}
		default: // nothing of a window
		}
	}
	return suppressed, deferred
}

// withheld counts them once that is recorded.
func (f *Figures) withheld(suppressed, deferred int) {
	f.Suppressed.Add(uint64(max(0, suppressed)))
	f.Deferred.Add(uint64(deferred))
}

// leftOut counts occurrences that were left out.
func (f *Figures) leftOut(events []Event) {
	for _, e := range events {
		switch s, _ := e.(Skipped); s.Reason {
		case skippedBusy:
			f.Busy.Add(1)
		case skippedMissed:
			f.Missed.Add(1)
		default:
			f.Late.Add(1)
		}
	}
}

// Stopped is the end of an activation: another node may have the next.
func (a *Campaign) Stopped() {
	if a.shown != "" {
		a.local.Figures.rests(a.shown)
	}
}
