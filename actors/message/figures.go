package message

import (
	"maps"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// listeners are the kinds that are told: each by itself, so that neither waits for the other.
var listeners = [...]struct {
	kind  *engine.Kind[actors.TallyMsg]
	month func(time.Time) string
}{{actors.Usages, actors.BillingMonth}, {actors.Statistics, actors.StatisticsMonth}}

// keptMonths is how many months of each listener are kept once they are told.
const keptMonths = 2

// Figure is one month's numbers for one listener.
type Figure struct {
	Numbers actors.Figures
	Version uint64 // of Numbers
	Base    actors.Figures
	Told    uint64 // the version of Base, which the listener has on disk
}

// figures are the book's numbers by month. They are part of the fold.
type figures struct {
	months  [len(listeners)]map[string]*Figure
	version uint64
	owing   time.Time // when the reminder that they are to be told is due; zero: nothing is owed
}

func newFigures() (f figures) {
	for i := range f.months {
		f.months[i] = map[string]*Figure{}
	}
	return f
}

// count adds an outcome, times by, in the month of its time. What is of a month that isn't kept any more counts in the newest.
func (f *figures) count(at int64, o actors.Outcome, tries uint32, by int64) {
	for i, l := range listeners {
		month := l.month(moment(at))
		have := slices.Sorted(maps.Keys(f.months[i]))
		if len(have) >= keptMonths && month < have[0] {
			month = have[len(have)-1]
		}
		x := f.months[i][month]
		if x == nil {
			x = &Figure{Numbers: actors.Figures{Month: month}, Base: actors.Figures{Month: month}}
			f.months[i][month] = x
		}
		x.Version = f.version
		x.Numbers.Outcomes[o] += by
		x.Numbers.Requests += by * int64(tries)
	}
}

// settle notes that the listeners have everything, and drops what nothing will change.
func (f *figures) settle(version uint64) {
	f.owing = time.Time{}
	for i := range f.months {
		for _, x := range f.months[i] {
			if x.Version <= version {
				x.Base, x.Told = x.Numbers, x.Version
			}
		}
		have := slices.Sorted(maps.Keys(f.months[i]))
		for _, month := range have[:max(0, len(have)-keptMonths)] {
			delete(f.months[i], month)
		}
	}
}

// word is what is told to a listener of a month.
func (f *figures) word(book string, listener int, month string, now time.Time) actors.Count {
	x := f.months[listener][month]
	w := actors.Count{Run: actors.MessagesTally(book, month), Sent: now, Version: x.Version, Figures: []actors.Figures{x.Numbers}, Told: x.Told}
	if x.Told > 0 {
		w.Base = []actors.Figures{x.Base}
	}
	return w
}
