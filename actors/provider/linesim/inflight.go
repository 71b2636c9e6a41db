package linesim

import "sync/atomic"

// inFlight counts the message requests that are open: from the end of their headers until their answer is written.
type inFlight struct{ now, peak atomic.Int64 }

func (f *inFlight) begin() {
	n := f.now.Add(1)
	for {
		peak := f.peak.Load()
		if n <= peak || f.peak.CompareAndSwap(peak, n) {
			return
		}
	}
}

func (f *inFlight) end() { f.now.Add(-1) }

// forget starts the peak again from what is open now.
func (f *inFlight) forget() { f.peak.Store(f.now.Load()) }
