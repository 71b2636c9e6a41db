package checker

import (
	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// variants are the run's numbers by variant, for its experiment. They are part of the fold. The zero value keeps nothing.
type variants struct {
	experiment string // of the channel; empty: nobody is told
	names      []string
	requests   []int64          // provider calls, by variant
	base       []actors.Figures // as of told
}

// openVariants begins to count by variant.
func (l *Ledger) openVariants(e Opened) {
	if len(e.Variants) == 0 {
		return
	}
	l.variants = make([]actors.Totals, len(e.Variants))
	l.figures.variants = variants{experiment: e.Experiment, names: e.Variants, requests: make([]int64, len(e.Variants))}
	for i, lot := range e.Table.Lots {
		end := e.Table.Recipients
		if i+1 < len(e.Table.Lots) {
			end = e.Table.Lots[i+1].First
		}
		l.variants[l.variant(lot.First)][actors.Pending] += end - lot.First
	}
}

// variant is the number of a recipient's.
func (l *Ledger) variant(i uint32) uint8 {
	lot, _ := plan.LotOf(l.Table, i)
	return min(lot.Variant, uint8(len(l.variants)-1))
}

// countRequests notes the calls of reported outcomes.
func (l *Ledger) countRequests(e Settled) {
	if l.variants == nil {
		return
	}
	for _, x := range e.Entries {
		l.figures.variants.requests[l.variant(x.Path.Lo)] += int64(x.Tries)
	}
}

// byVariant is what is told to the experiment: in the place of a month stands a variant's name, and pending recipients are counted, too.
func (l *Ledger) byVariant() []actors.Figures {
	f := &l.figures
	if f.variants.experiment == "" || f.variants.names == nil {
		return nil
	}
	out := make([]actors.Figures, len(l.variants))
	for i, totals := range l.variants {
		out[i] = actors.Figures{Month: f.variants.names[i], Started: 1, Requests: f.variants.requests[i]}
		if f.counted {
			out[i].Finished = 1
		}
		for o, n := range totals {
			out[i].Outcomes[o] = int64(n)
		}
	}
	return out
}
