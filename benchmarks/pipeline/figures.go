package pipeline

import (
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// measurement is what one cell has seen.
type measurement struct {
	due        time.Time
	latency    time.Duration // of the provider's answers
	finished   time.Time     // when the system said so
	accept     time.Duration // how long Accept took
	ready      time.Duration // from the beginning of Accept until everything could be sent
	cpu        float64       // seconds of the system, from before Accept until finished
	sendCPU    float64       // of it from the due time; 0: not known
	peak       uint64        // bytes
	busy       float64       // seconds of the simulator's processor, from Accept until finished
	goroutines int
	ledger     ledger
	arrivals   *arrivals
}

// EarlyError is a call before the due time: then what was measured is not what the table says.
type EarlyError struct{ By time.Duration }

func (e *EarlyError) Error() string {
	return fmt.Sprintf("the first recipient was reached %v before the due time", e.By)
}

// StrangerError are deliveries to nobody of the audience.
type StrangerError struct{ Deliveries int }

func (e *StrangerError) Error() string {
	return fmt.Sprintf("%d deliveries to ids that are not in the audience", e.Deliveries)
}

// check tells whether the measurement can be used.
func (m *measurement) check() error {
	early := m.due.Sub(time.Unix(0, m.arrivals.earliest))
	switch {
	case m.arrivals.strangers > 0:
		return &StrangerError{m.arrivals.strangers}
	case m.arrivals.reached > 0 && early > 0:
		return &EarlyError{early}
	}
	return nil
}

// The figures' names.
const (
	rate       = "rate"
	cpu        = "cpu"
	sendCPU    = "send_cpu"
	peakRSS    = "peak_rss_mb"
	goroutines = "goroutines"
	calls      = "in_flight"
	lateP50    = "late_p50_ms"
	lateP99    = "late_p99_ms"
	accept     = "accept_s"
	readyAfter = "ready_s"
	refused    = "refused"
	twice      = "twice"
	busy       = "provider_busy"
)

// What is too little to tell a figure of it.
const (
	countable    = 200 * time.Millisecond // of sending, for the share that the provider's processor was busy
	countableCPU = 0.2                    // seconds of processor time
)

func (m *measurement) result() experiment.Result {
	a := m.arrivals
	r := experiment.Result{Sent: uint64(len(a.first)), Lost: a.lost(), Figures: map[string]float64{
		peakRSS:    float64(m.peak) / 1e6,
		accept:     m.accept.Seconds(),
		readyAfter: m.ready.Seconds(),
		refused:    float64(m.ledger.Throttled),
		twice:      float64(a.twice),
	}}
	for name, spent := range map[string]float64{cpu: m.cpu, sendCPU: m.sendCPU} {
		if spent >= countableCPU {
			r.Figures[name] = spent * 100_000 / float64(len(a.first))
		}
	}
	if m.latency > 0 {
		r.Figures[calls] = float64(m.ledger.Peak)
	}
	if m.goroutines > 0 {
		r.Figures[goroutines] = float64(m.goroutines)
	}
	if a.reached == 0 {
		return r
	}
	span := a.span(m.due).Seconds()
	late := a.lateness(m.due, 50, 99)
	r.Seconds = span
	r.Figures[rate] = float64(a.reached) / span
	r.Figures[lateP50], r.Figures[lateP99] = late[0], late[1]
	if sending := m.finished.Sub(m.due); sending >= countable {
		r.Figures[busy] = 100 * m.busy / sending.Seconds()
	}
	return r
}

// figures are the columns, the first of which decides.
func figures(first string) []experiment.Figure {
	all := []experiment.Figure{
		{Name: rate, Title: "recipients/s", Better: experiment.More},
		{Name: cpu, Title: "CPU s per 100k", Better: experiment.Less},
		{Name: sendCPU, Title: "of it from the due time", Better: experiment.Less},
		{Name: peakRSS, Title: "peak memory (PSS), MB", Better: experiment.Less},
		{Name: goroutines, Title: "goroutines", Better: experiment.Less},
		{Name: calls, Title: "calls in flight"},
		{Name: lateP50, Title: "p50 late, ms", Better: experiment.Less},
		{Name: lateP99, Title: "p99 late, ms", Better: experiment.Less},
		{Name: accept, Title: "accept, s", Better: experiment.Less},
		{Name: readyAfter, Title: "ready, s", Better: experiment.Less},
		{Name: refused, Title: "429s", Better: experiment.Less},
		{Name: twice, Title: "delivered twice", Better: experiment.Less},
		{Name: busy, Title: "simulator's core busy, %"},
	}
	for i, f := range all {
		if f.Name == first {
			all[0], all[i] = all[i], all[0]
		}
	}
	return all
}
