package checker

import (
	"maps"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// Ledger is the state of one run: an outcome per recipient index, and what is known of its paths. It changes only by Apply.
// It costs one byte a recipient, two when some recipients have reasons, and three more once the operator had any sent to again.
type Ledger struct {
	Campaign, Run string
	Table         plan.Table

	outcome  []actors.Outcome
	reason   []uint8 // index into reasons; nil until a reason came
	reasons  []string
	totals   actors.Totals
	windows  map[uint32]uint32      // recipients settled by reports of a window
	redriven actors.Set             // recipients of paths that were re-driven; such a path never leaves its window again
	returned map[uint32]*actors.Set // recipients of paths returned, by window
	altered  actors.Set             // recipients of paths whose bytes differed from the plan's
	split    map[actors.Span]bool   // retired multicast paths
	spared   map[uint32]*actors.Set // recipients whom a window leaves out: its reports are not about them. nil: none does
	lives    lives                  // generations
	figures  figures
	variants []actors.Totals // totals by variant; empty: the run has none

	forgotten time.Time // zero: it is kept
}

// Begun tells whether the run's ledger is open.
func (l *Ledger) Begun() bool { return l.Run != "" }

// Apply changes the state by one fact.
func (l *Ledger) Apply(e Event) {
	l.figures.begin(e, len(l.outcome))
	defer func() { l.figures.end(e, l.Begun() && l.totals[actors.Pending] == 0) }()
	switch e := e.(type) {
	case Opened:
		l.open(e)
	case Settled:
		l.countRequests(e)
		for _, x := range e.Entries {
			l.settle(x.Path, x.Window, x.Outcome, x.Reason)
		}
	case Redriven:
		for _, p := range e.Paths {
			l.redriven.Add(p)
		}
	case Returned:
		for _, p := range e.Paths {
			l.returnedFrom(e.Window).Add(p)
			if e.Anew {
				l.altered.Add(p)
			}
		}
	case Split:
		l.split[e.Path] = true
	case Directed:
		for _, p := range e.Paths {
			l.settle(p, e.Window, e.Outcome, e.Reason)
			if e.Outcome == actors.Suppressed && e.Window > 0 {
				l.spare(e.Window, p)
			}
		}
	case Reopened:
		l.reopen(e)
	case Forgotten:
		l.forget(e.At)
	case Told:
		l.figures.variants.base = l.byVariant()
	case Owing: // the figures' own
	}
}

// open fills the ledger: recipients that could not be rendered have failed from the beginning.
func (l *Ledger) open(e Opened) {
	*l = Ledger{
		Campaign: e.Campaign, Run: e.Run, Table: e.Table,
		outcome:  make([]actors.Outcome, e.Table.Recipients),
		windows:  map[uint32]uint32{},
		returned: map[uint32]*actors.Set{},
		split:    map[actors.Span]bool{},
		figures:  l.figures,
	}
	l.totals[actors.Pending] = e.Table.Recipients
	l.openVariants(e)
	for _, c := range e.Table.Chunks {
		if c.Mode == plan.Failed {
			l.settle(actors.Span{Lo: c.First, Hi: c.First + c.Count}, 0, actors.Failed, "render")
		}
	}
}

// settle gives recipients the outcome of a window's generation. A recipient is pending while its newest generation has none, but delivered
// at once; then the greatest outcome of all its generations rules.
func (l *Ledger) settle(p actors.Span, window uint32, o actors.Outcome, reason string) {
	for i := p.Lo; i < p.Hi; i++ {
		old, older := l.outcome[i], l.older(window, i)
		switch {
		case l.spares(window, i):
			continue
		case old == actors.Pending && older && o != actors.Delivered:
			l.lives.prior.keep(i, o, l.because(reason))
			continue
		case actors.Merge(old, o) == old:
			continue
		case old == actors.Pending && window > 0 && !older:
			l.windows[window]++
		}
		if before, why := l.lives.prior.of(i); old == actors.Pending && before > o {
			l.put(i, before, why)
		} else {
			l.put(i, o, l.because(reason))
		}
	}
}

// put replaces a recipient's outcome.
func (l *Ledger) put(i uint32, o actors.Outcome, why uint8) {
	old := l.outcome[i]
	l.totals[old]--
	l.totals[o]++
	l.outcome[i] = o
	if l.variants != nil {
		v := l.variant(i)
		l.variants[v][old]--
		l.variants[v][o]++
	}
	l.figures.move(i, old, o)
	if l.reason != nil {
		l.reason[i] = why
	}
}

// because is the number of a reason; a run has at most 255 different ones, the rest reads "other".
func (l *Ledger) because(reason string) uint8 {
	if l.reason == nil {
		if reason == "" {
			return 0
		}
		l.reason, l.reasons = make([]uint8, len(l.outcome)), []string{""}
	}
	for k, r := range l.reasons {
		if r == reason {
			return uint8(k)
		}
	}
	if len(l.reasons) < 255 {
		l.reasons = append(l.reasons, reason)
	} else if len(l.reasons) == 255 {
		l.reasons = append(l.reasons, "other")
	}
	return uint8(len(l.reasons) - 1)
}

// Outcome is a recipient's outcome and its reason.
func (l *Ledger) Outcome(i uint32) (actors.Outcome, string) {
	if l.reason == nil {
		return l.outcome[i], ""
	}
	return l.outcome[i], l.reasons[l.why(i)]
}

// why is the number of the reason of a recipient's outcome.
func (l *Ledger) why(i uint32) uint8 {
	if l.reason == nil {
		return 0
	}
	return l.reason[i]
}

// Totals counts the run's recipients by outcome.
func (l *Ledger) Totals() actors.Totals { return l.totals }

// gone is what was returned from a window; it is only read.
func (l *Ledger) gone(window uint32) *actors.Set {
	if s := l.returned[window]; s != nil {
		return s
	}
	return &actors.Set{}
}

func (l *Ledger) returnedFrom(window uint32) *actors.Set {
	s := l.returned[window]
	if s == nil {
		s = &actors.Set{}
		l.returned[window] = s
	}
	return s
}

func (l *Ledger) pending(p actors.Span) bool {
	for i := p.Lo; i < p.Hi; i++ {
		if l.outcome[i] == actors.Pending {
			return true
		}
	}
	return false
}

// Progress is the run's figures for its campaign, with everything that was returned from the windows named.
func (l *Ledger) Progress(windows ...uint32) actors.Progress {
	p := actors.Progress{Run: l.Run, Generation: l.lives.newest.Generation, Totals: l.totals, Windows: maps.Clone(l.windows),
		Variants: slices.Clone(l.variants)}
	for _, w := range windows {
		for _, q := range l.returnedPaths(l.gone(w)) {
			p.Returned = append(p.Returned, actors.Returned{Window: w, Paths: []actors.Span{q}, Anew: l.altered.Touches(q)})
		}
	}
	return p
}
