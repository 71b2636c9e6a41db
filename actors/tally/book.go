package tally

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hayauma.example/actors"
)

// forgetAfter is how long a run is kept after its checker said that it never repeats what it told.
const forgetAfter = 24 * time.Hour

// forgetAtOnce bounds one event.
const forgetAtOnce = 500

// Book is a channel's figures: months, and the runs that may still be told of. It changes only by Apply. The zero value is empty.
type Book struct {
	Months map[string]actors.Figures
	Runs   map[string]Run
}

// Run is what is known of one run.
type Run struct {
	Version  uint64
	Figures  []actors.Figures
	At       time.Time // of the newest word
	Released time.Time // zero: its checker may repeat it
}

// Apply changes the book by one fact.
func (b *Book) Apply(e Event) {
	switch e := e.(type) {
	case Counted:
		b.counted(e)
	case Released:
		if r, ok := b.Runs[e.Run]; ok {
			r.Released = e.At
			b.Runs[e.Run] = r
		}
	case Forgotten:
		for _, run := range e.Runs {
			delete(b.Runs, run)
		}
	}
}

func (b *Book) counted(e Counted) {
	if b.Runs == nil {
		b.Runs, b.Months = map[string]Run{}, map[string]actors.Figures{}
	}
	before := e.Base
	if r, ok := b.Runs[e.Run]; ok {
		before = r.Figures
	}
	b.add(before, -1)
	b.add(e.Figures, 1)
	b.Runs[e.Run] = Run{Version: e.Version, Figures: e.Figures, At: e.At}
}

func (b *Book) add(figures []actors.Figures, by int64) {
	for _, f := range figures {
		sum := b.Months[f.Month].Plus(f, by)
		sum.Month = f.Month
		b.Months[f.Month] = sum
	}
}

// Month is what is counted of one month.
func (b *Book) Month(month string) actors.Figures {
	f := b.Months[month]
	f.Month = month
	return f
}

// All is everything that is counted.
func (b *Book) All() actors.AllOfThem {
	var out actors.AllOfThem
	for _, month := range slices.Sorted(maps.Keys(b.Months)) {
		out.Figures = append(out.Figures, b.Month(month))
	}
	return out
}

// take decides what a word changes; nothing, where it is a repeat. The error is for the checker, which tells again.
func (b *Book) take(m actors.Count, now time.Time) ([]Event, error) {
	if age := now.Sub(m.Sent); age > actors.WordsGoStale || age < -actors.WordsGoStale {
		return nil, actors.Problem{Status: 409, Title: "stale word",
			Detail: fmt.Sprintf("run %s: it was sent at %s, and it is %s here: tell it again, or set the clocks",
				m.Run, m.Sent.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))}
	}
	var events []Event
	switch run, known := b.Runs[m.Run]; {
	case !known && m.Version > m.Told:
		events = append(events, Counted{Run: m.Run, Version: m.Version, Figures: m.Figures, Base: m.Base, At: now})
	case known && m.Version > run.Version:
		events = append(events, Counted{Run: m.Run, Version: m.Version, Figures: m.Figures, At: now})
	case known && m.Told >= run.Version && run.Released.IsZero():
		events = append(events, Released{Run: m.Run, At: now})
	}
	if old := b.forgettable(m.Run, now); len(old) > 0 {
		events = append(events, Forgotten{Runs: old})
	}
	return events, nil
}

// forgettable are the runs that no word can concern any more, but for the one in hand.
func (b *Book) forgettable(but string, now time.Time) []string {
	var old []string
	for run, r := range b.Runs {
		if run != but && !r.Released.IsZero() && now.Sub(r.Released) >= forgetAfter && len(old) < forgetAtOnce {
			old = append(old, run)
		}
	}
	slices.Sort(old)
	return old
}

// silent are runs whose checkers have said nothing for a day, not even that they never repeat what they told.
func (b *Book) silent(now time.Time) []string {
	var runs []string
	for run, r := range b.Runs {
		if r.Released.IsZero() && now.Sub(r.At) >= forgetAfter && len(runs) < forgetAtOnce {
			runs = append(runs, run)
		}
	}
	return runs
}
