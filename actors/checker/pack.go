package checker

import (
	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// rulings are the facts that a batch of reports becomes.
type rulings struct {
	settled  []Entry
	returned []Returned
	split    []Split
}

// disjoint is the longest beginning of reports of which no two concern the same recipient.
func disjoint(reports []pendingReport) []pendingReport {
	var seen actors.Set
	for i, p := range reports {
		if seen.Touches(p.report.Path) {
			return reports[:i]
		}
		seen.Add(p.report.Path)
	}
	return reports
}

// expand turns a stretch of pushes into reports of its paths; the last one carries the answer.
func (l *Ledger) expand(p pendingReport) []pendingReport {
	_, entry, ok := plan.Find(l.Table, p.report.Path.Lo)
	if !ok || entry.Mode != plan.Push || p.report.Path.Len() < 2 || p.report.Path.Hi > entry.First+entry.Count {
		return []pendingReport{p}
	}
	var out []pendingReport
	for s := range p.report.Path.Each() {
		one := pendingReport{report: p.report}
		one.report.Path = s
		out = append(out, one)
	}
	out[len(out)-1].reply = p.reply
	return out
}

// rule judges a batch of disjoint reports.
func (l *Ledger) rule(batch []pendingReport) rulings {
	var f rulings
	for _, p := range batch {
		r := p.report
		switch v := l.judge(r); v.ruling {
		case settles:
			f.settled = append(f.settled, Entry{Path: r.Path, Window: r.Window, Outcome: v.outcome, Reason: v.reason, Request: r.Request, Tries: r.Tries})
		case returns:
			f.giveBack(r.Window, r.Path, r.What == actors.PathAltered)
		case splits:
			f.split = append(f.split, Split{Window: r.Window, Path: r.Path, Reason: v.reason})
		case ignored: // acknowledged, changes nothing
		}
	}
	return f
}

func (f *rulings) giveBack(window uint32, p actors.Span, anew bool) {
	for i := range f.returned {
		if f.returned[i].Window == window && f.returned[i].Anew == anew {
			f.returned[i].Paths = append(f.returned[i].Paths, p)
			return
		}
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
	if len(f.settled) > 0 {
		out = append(out, Settled{Entries: f.settled})
	}
	for _, r := range f.returned {
		out = append(out, r)
	}
	for _, s := range f.split {
		out = append(out, s)
	}
	return out
}

// pendingOf is what has no outcome of paths, but for what is in except.
func (l *Ledger) pendingOf(paths []actors.Span, except *actors.Set) []actors.Span {
	var out []actors.Span
	for _, p := range paths {
		p.Hi = min(p.Hi, l.Table.Recipients)
		out = l.stretches(p, except, out)
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
