package checker

import (
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// rulings are the facts that a batch of reports becomes.
type rulings struct {
	settled  []Entry
	at       []time.Time // parallel: when they were answered
	returned []Returned  // paths that follow each other joined; the ledger knows how they were cut
	split    []Split
	repeated int // reports on what was recorded already
}

// disjoint is the longest beginning of reports of which no two concern the same recipient.
func disjoint(reports []actors.Report) []actors.Report {
	var seen actors.Set
	for i, r := range reports {
		if seen.Touches(r.Path) {
			return reports[:i]
		}
		seen.Add(r.Path)
	}
	return reports
}

// splitsFirst puts returns of halves behind the report that asks for the split. They come before it where the checker moves together with the
// poster: what the old activation had buffered is told last. A return may be late by any time, so this changes nothing else.
func splitsFirst(reports []actors.Report) []actors.Report {
	waits := func(i int) bool {
		r := reports[i]
		return r.What == actors.PathReturned && slices.ContainsFunc(reports[i+1:], func(o actors.Report) bool {
			return o.What == actors.PathSplit && o.Path.Len() > r.Path.Len() && o.Path.Contains(r.Path)
		})
	}
	if !slices.ContainsFunc(reports, func(r actors.Report) bool { return r.What == actors.PathSplit }) {
		return reports
	}
	var now, later []actors.Report
	for i, r := range reports {
		if waits(i) {
			later = append(later, r)
		} else {
			now = append(now, r)
		}
	}
	return append(now, later...)
}

// expand adds reports of the paths of a stretch of pushes.
func (l *Ledger) expand(to []actors.Report, r actors.Report) []actors.Report {
	_, entry, ok := plan.Find(l.Table, r.Path.Lo)
	if !ok || entry.Mode != plan.Push || r.Path.Hi > entry.First+entry.Count {
		return append(to, r)
	}
	for s := range r.Path.Each() {
		r.Path = s
		to = append(to, r)
	}
	return to
}

// rule judges a batch of disjoint reports, now.
func (l *Ledger) rule(batch []actors.Report, now time.Time) rulings {
	var f rulings
	for _, r := range batch {
		switch v := l.judge(r); v.ruling {
		case settles:
			e := Entry{Path: r.Path, Window: r.Window, Outcome: v.outcome, Reason: v.reason, Request: r.Request, Tries: r.Tries}
			for _, part := range l.concerned(e, mostParts-len(f.settled)) {
				f.settle(answeredAt(r, now), part)
			}
		case returns:
			f.giveBack(r.Window, r.Path, r.What == actors.PathAltered)
		case splits:
			f.split = append(f.split, Split{Window: r.Window, Path: r.Path, Reason: v.reason})
		case ignored: // acknowledged, changes nothing
			if v.reason == alreadySettled || v.reason == alreadySplit || v.reason == wasReturned {
				f.repeated++
			}
		}
	}
	return f
}

// settle adds an entry; one without a call of its own is joined to an equal one before it.
func (f *rulings) settle(at time.Time, e Entry) {
	if n := len(f.settled); n > 0 && e.Tries == 0 {
		last := f.settled[n-1]
		joined := actors.Span{Lo: last.Path.Lo, Hi: e.Path.Hi}
		if last.Path.Hi == e.Path.Lo && sameMonths(f.at[n-1], at) {
			if last.Path = e.Path; last == e {
				f.settled[n-1].Path = joined
				return
			}
		}
	}
	f.settled, f.at = append(f.settled, e), append(f.at, at)
}

func (f *rulings) giveBack(window uint32, p actors.Span, anew bool) {
	for i := range f.returned {
		r := &f.returned[i]
		if r.Window != window || r.Anew != anew {
			continue
		}
		if last := &r.Paths[len(r.Paths)-1]; last.Hi == p.Lo {
			last.Hi = p.Hi
		} else {
			r.Paths = append(r.Paths, p)
		}
		return
	}
	f.returned = append(f.returned, Returned{Window: window, Paths: []actors.Span{p}, Anew: anew})
}

// splitNow tells whether this batch split the path: only then its poster sends the halves, so that a half is dispatched once.
func (f *rulings) splitNow(p actors.Span) bool {
	for _, s := range f.split {
		if s.Path == p {
			return true
		}
	}
	return false
}

func (f *rulings) events() []Event {
	var out []Event
	for from, i := 0, 1; i <= len(f.settled); i++ {
		if i == len(f.settled) || !sameMonths(f.at[from], f.at[i]) {
			out = append(out, Settled{Entries: f.settled[from:i], At: f.at[from]})
			from = i
		}
	}
	for _, r := range f.returned {
		out = append(out, r)
	}
	for _, s := range f.split {
		out = append(out, s)
	}
	return out
}

// pendingOf is what has no outcome of paths, but for what was returned from a window, or is of a later generation than that; 0: of all.
func (l *Ledger) pendingOf(paths []actors.Span, window uint32) []actors.Span {
	var out []actors.Span
	for _, p := range paths {
		p.Hi = min(p.Hi, l.Table.Recipients)
		out = l.stretches(p, window, out)
	}
	return out
}

// page is a stretch of outcomes.
func (l *Ledger) page(p actors.Span) actors.Outcomes {
	p.Hi = min(p.Hi, l.Table.Recipients)
	var out actors.Outcomes
	for i := p.Lo; i < p.Hi; i++ {
		o, reason := l.Outcome(i)
		out.Outcomes = append(out.Outcomes, o)
		out.Reasons = append(out.Reasons, reason)
	}
	return out
}
