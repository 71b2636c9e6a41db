package checker

import (
	"math"
	"slices"
	"time"

	"hayauma.example/actors"
)

// figures are the run's numbers by month, for its channel's statistics and usage ledger. They are part of the fold. The zero value keeps
// nothing: a ledger that was opened before there were figures.
type figures struct {
	channel string
	slots   []slot  // in the order in which they came to be
	now     uint8   // slot of the event in hand
	in      []uint8 // slot of each recipient's outcome; nil: all are in the first, as it is in a run within one month
	over    bool    // nothing is pending
	counted bool    // … for the first time: the run counts as finished once, whatever is sent again

	version uint64 // rises with each event that changes numbers
	told    uint64 // the version that both tallies are known to have
	base    []slot // as of told
	owing   Owing  // Due is zero where nothing is owed

	variants variants
}

// slot is a time that lies in one month of each zone.
type slot struct {
	statistics, billing string
	numbers             actors.Figures // without a month
}

func sameMonths(a, b time.Time) bool {
	return actors.StatisticsMonth(a) == actors.StatisticsMonth(b) && actors.BillingMonth(a) == actors.BillingMonth(b)
}

// answeredAt is when a report's answer came. A composer's words have none, and a clock may be ahead.
func answeredAt(r actors.Report, now time.Time) time.Time {
	if r.At.IsZero() || r.At.After(now) {
		return now
	}
	return r.At
}

// begin finds the slot of an event before its outcomes are moved there.
func (f *figures) begin(e Event, recipients int) {
	switch e := e.(type) {
	case Opened:
		if e.Channel == "" {
			return
		}
		f.channel = e.Channel
		f.enter(e.At, int(e.Table.Recipients))
		f.slots[f.now].numbers.Started++
	case Settled:
		if f.enter(e.At, recipients) {
			for _, x := range e.Entries {
				f.slots[f.now].numbers.Requests += int64(x.Tries)
			}
		}
	case Directed:
		f.enter(e.At, recipients)
	case Reopened:
		f.enter(e.At, recipients)
	case Owing:
		f.owing = e
	case Told:
		f.told, f.base, f.owing = e.Version, slices.Clone(f.slots), Owing{}
	case Redriven, Returned, Split, Forgotten: // no numbers
	}
}

// enter makes the slot of a time the one in hand; false where no figures are kept.
func (f *figures) enter(at time.Time, recipients int) bool {
	if f.channel == "" {
		return false
	}
	f.version++
	s := slot{statistics: actors.StatisticsMonth(at), billing: actors.BillingMonth(at)}
	for i, have := range f.slots {
		if have.statistics == s.statistics && have.billing == s.billing {
			f.now = uint8(i)
			return true
		}
	}
	if len(f.slots) > math.MaxUint8 {
		f.now = math.MaxUint8 // ten years
		return true
	}
	if len(f.slots) == 1 {
		f.in = make([]uint8, recipients)
	}
	f.slots = append(f.slots, s)
	f.now = uint8(len(f.slots) - 1)
	return true
}

// move counts a recipient's new outcome, and no longer the one that it replaces.
func (f *figures) move(i uint32, from, to actors.Outcome) {
	if f.channel == "" {
		return
	}
	if from != actors.Pending {
		was := uint8(0)
		if f.in != nil {
			was = f.in[i]
		}
		f.slots[was].numbers.Outcomes[from]--
	}
	if to == actors.Pending {
		return // of no month
	}
	if f.in != nil {
		f.in[i] = f.now
	}
	f.slots[f.now].numbers.Outcomes[to]++
}

// end counts the run as finished once nothing is pending.
func (f *figures) end(e Event, settled bool) {
	if !changes(e) || f.channel == "" {
		return
	}
	if f.over = settled; f.over && !f.counted {
		f.counted = true
		f.slots[f.now].numbers.Finished++
	}
}

// changes tells whether an event may change the figures.
func changes(e Event) bool {
	switch e.(type) {
	case Opened, Settled, Directed, Reopened:
		return true
	case Redriven, Returned, Split, Owing, Told, Forgotten:
	}
	return false
}

// month names a slot's month for one of the tallies.
type month func(slot) string

func ofStatistics(s slot) string { return s.statistics }
func ofUsage(s slot) string      { return s.billing }

// by sums slots up by month.
func by(slots []slot, name month) []actors.Figures {
	var out []actors.Figures
	for _, s := range slots {
		i := slices.IndexFunc(out, func(f actors.Figures) bool { return f.Month == name(s) })
		if i < 0 {
			i, out = len(out), append(out, actors.Figures{Month: name(s)})
		}
		out[i] = out[i].Plus(s.numbers, 1)
	}
	return out
}

// word is what is told to a tally.
func (l *Ledger) word(to listener, now time.Time) actors.Count {
	f := &l.figures
	m := actors.Count{Run: l.Run, Sent: now, Version: f.version, Told: f.told}
	if to.month == nil {
		m.Figures, m.Base = l.byVariant(), f.variants.base
	} else {
		m.Figures, m.Base = by(f.slots, to.month), by(f.base, to.month)
	}
	return m
}
