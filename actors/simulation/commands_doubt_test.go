package simulation

import (
	"slices"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// judgeDoubts: nobody is unknown without a doubt in the newest generation: a call without a certain answer, or paths that were sent again. What is in
// flight when a campaign is cancelled is unknown, too.
func (o *operator) judgeDoubts(whose map[string]keyed, s *stored, say func(string, ...any)) {
	doubts := map[*model][]keyed{}
	for key, n := range o.w.uncertain() {
		if k := whose[key]; n > 0 && k.of != nil {
			doubts[k.of] = append(doubts[k.of], k)
		}
	}
	for _, m := range o.senders(s) {
		r := s.runs[m.id]
		if r == nil || m.cancelled || m.parent != nil && m.parent.cancelled {
			continue
		}
		if own := s.runs[r.run]; own != nil {
			for _, e := range own.redriven {
				for _, p := range e.Paths {
					doubts[m] = append(doubts[m], keyed{m, e.Window, p})
				}
			}
		}
		covers := func(p actors.Span, i uint32) bool { return p.Lo <= i && i < p.Hi }
		for n, outcome := range m.outcomes {
			i, after, excused := uint32(n), uint32(0), outcome != actors.Unknown
			for _, e := range s.reopened[r.run] {
				if slices.ContainsFunc(e.Paths, func(p actors.Span) bool { return covers(p, i) }) {
					after = max(after, e.After)
					excused = excused || e.State == actors.Unknown
				}
			}
			if !excused && !slices.ContainsFunc(doubts[m], func(k keyed) bool { return k.window > after && covers(k.path, i) }) {
				say("%s recipient %d is unknown, and nothing of its newest generation was in doubt", m.name, i)
			}
		}
	}
}

// uncertain is how many calls under each key had no certain answer.
func (w *world) uncertain() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for _, l := range w.lines {
		switch {
		case l.what == "call":
			n[l.about]++
		case l.what == "answer" && provider.Verdict(l.verdict) != provider.Doubtful:
			n[l.about]--
		}
	}
	return n
}
