package checker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// reopenedAs is a ledger in which a push and the multicast have an outcome of window 1 and were reopened after window 2.
func reopenedAs(o actors.Outcome, before ...Event) *Ledger {
	l := newLedger()
	for _, e := range before {
		l.Apply(e)
	}
	l.Apply(Settled{Entries: []Entry{{Path: root, Window: 1, Outcome: o, Reason: "first"}, {Path: single, Window: 1, Outcome: o, Reason: "first"}}})
	l.Apply(Reopened{Generation: 1, After: 2, State: o, Paths: []actors.Span{single, root}})
	return l
}

// TestJudgeByGeneration: what is said of a window is judged by its generation.
func TestJudgeByGeneration(t *testing.T) {
	redriven := Redriven{Window: 1, Number: 1, Paths: []actors.Span{root, span(0, 4)}}
	again := Redriven{Window: 3, Number: 1, Paths: []actors.Span{root, single}}
	for _, c := range []struct {
		name   string
		had    actors.Outcome
		past   []Event // before it was reopened
		since  []Event
		window uint32
		what   actors.What
		doubt  bool
		root   verdict
		push   verdict
	}{
		{name: "new, accepted", had: actors.Failed, window: 3, what: actors.PathAccepted, root: ends(actors.Delivered, ""), push: ends(actors.Delivered, "")},
		{name: "new, refused", had: actors.Failed, window: 3, what: actors.PathRefused, root: ends(actors.Failed, "bad"), push: ends(actors.Failed, "bad")},
		{name: "new, refused, was unknown", had: actors.Unknown, past: []Event{redriven}, window: 3, what: actors.PathRefused, root: ends(actors.Failed, "bad"),
			push: ends(actors.Failed, "bad")},
		{name: "new, split, was in doubt", had: actors.Unknown, past: []Event{redriven}, window: 3, what: actors.PathSplit,
			root: verdict{ruling: splits, reason: "bad"},
			push: ends(actors.Failed, "bad")},
		{name: "new, returned, was re-driven", had: actors.Unknown, past: []Event{redriven}, window: 3, what: actors.PathReturned, root: verdict{ruling: returns},
			push: verdict{ruling: returns}},
		{name: "new, in doubt by itself", had: actors.Failed, window: 3, what: actors.PathRefused, doubt: true, root: ends(actors.Unknown, "in_doubt: bad"),
			push: ends(actors.Unknown, "in_doubt: bad")},
		{name: "new, re-driven since", had: actors.Failed, since: []Event{again}, window: 3, what: actors.PathRefused, root: ends(actors.Unknown, "in_doubt: bad"),
			push: ends(actors.Unknown, "in_doubt: bad")},
		{name: "new, returned after its re-drive", had: actors.Failed, since: []Event{again}, window: 3, what: actors.PathReturned, root: skip(wasRedriven),
			push: skip(wasRedriven)},

		{name: "old, accepted", had: actors.Unknown, window: 1, what: actors.PathAccepted, root: ends(actors.Delivered, ""), push: ends(actors.Delivered, "")},
		{name: "old, refused again", had: actors.Failed, window: 1, what: actors.PathRefused, root: skip(alreadySettled), push: skip(alreadySettled)},
		{name: "old, refused in doubt", had: actors.Failed, window: 2, what: actors.PathRefused, doubt: true, root: ends(actors.Unknown, "in_doubt: bad"),
			push: ends(actors.Unknown, "in_doubt: bad")},
		{name: "old, re-driven in the new", had: actors.Failed, since: []Event{again}, window: 1, what: actors.PathRefused, root: skip(alreadySettled),
			push: skip(alreadySettled)},
		{name: "old, re-driven in the old", had: actors.Failed, past: []Event{redriven}, window: 1, what: actors.PathRefused,
			root: ends(actors.Unknown, "in_doubt: bad"),
			push: ends(actors.Unknown, "in_doubt: bad")},
		{name: "old, split", had: actors.Failed, window: 1, what: actors.PathSplit, root: skip(alreadySettled), push: skip(alreadySettled)},
		{name: "old, split, was unknown", had: actors.Unknown, window: 1, what: actors.PathSplit, root: skip(alreadySettled), push: skip(alreadySettled)},
		{name: "old, returned", had: actors.Failed, window: 2, what: actors.PathReturned, root: skip(anotherLife), push: skip(anotherLife)},
		{name: "old, altered", had: actors.Unknown, window: 1, what: actors.PathAltered, root: skip(anotherLife), push: skip(anotherLife)},
		{name: "old, unmatched", had: actors.Failed, window: 1, what: actors.PathUnmatched, root: ends(actors.Unknown, bytesChanged),
			push: ends(actors.Unknown, bytesChanged)},
		{name: "old, unmatched, was unknown", had: actors.Unknown, window: 1, what: actors.PathUnmatched, root: skip(alreadySettled), push: skip(alreadySettled)},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := reopenedAs(c.had, c.past...)
			for _, e := range c.since {
				l.Apply(e)
			}
			r := actors.Report{Run: "r", Window: c.window, What: c.what, Doubt: c.doubt, Reason: "bad", Path: root}
			if got := l.judge(r); got != c.root {
				t.Errorf("multicast: %+v, want %+v", got, c.root)
			}
			if r.Path = single; l.judge(r) != c.push {
				t.Errorf("push: %+v, want %+v", l.judge(r), c.push)
			}
		})
	}
}

// TestOneOrderOverGenerations: pending until the newest one has an outcome, but delivered at once; then the greatest rules.
func TestOneOrderOverGenerations(t *testing.T) {
	entry := func(window uint32, o actors.Outcome) Event {
		return Settled{Entries: []Entry{{Path: single, Window: window, Outcome: o, Reason: fmt.Sprint("window ", window)}}}
	}
	for _, c := range []struct {
		name   string
		had    actors.Outcome
		events []Event
		want   actors.Outcome
		reason string
		counts map[uint32]uint32 // settled by window
	}{
		{name: "reopened", had: actors.Failed, want: actors.Pending},
		{name: "failed again", had: actors.Failed, events: []Event{entry(3, actors.Failed)}, want: actors.Failed, reason: "window 3",
			counts: map[uint32]uint32{3: 1}},
		{name: "failed, was unknown", had: actors.Unknown, events: []Event{entry(3, actors.Failed)}, want: actors.Unknown, reason: "first",
			counts: map[uint32]uint32{3: 1}},
		{name: "unknown, was failed", had: actors.Failed, events: []Event{entry(3, actors.Unknown)}, want: actors.Unknown, reason: "window 3",
			counts: map[uint32]uint32{3: 1}},
		{name: "delivered", had: actors.Failed, events: []Event{entry(3, actors.Delivered)}, want: actors.Delivered, reason: "window 3",
			counts: map[uint32]uint32{3: 1}},
		{name: "the old one delivered after all", had: actors.Unknown, events: []Event{entry(1, actors.Delivered)}, want: actors.Delivered, reason: "window 1"},
		{name: "the old one in doubt after all", had: actors.Failed, events: []Event{entry(2, actors.Unknown)}, want: actors.Pending},
		{name: "the old one in doubt, the new one failed", had: actors.Failed, events: []Event{entry(2, actors.Unknown), entry(3, actors.Failed)},
			want: actors.Unknown, reason: "window 2", counts: map[uint32]uint32{3: 1}},
		{name: "the new one failed, the old one in doubt", had: actors.Failed, events: []Event{entry(3, actors.Failed), entry(2, actors.Unknown)},
			want: actors.Unknown, reason: "window 2", counts: map[uint32]uint32{3: 1}},
		{name: "cancelled", had: actors.Failed, events: []Event{Directed{Paths: []actors.Span{single}, Outcome: actors.Cancelled, Reason: "cancelled"}},
			want: actors.Failed, reason: "first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := reopenedAs(c.had)
			before := l.Progress().Windows
			for _, e := range c.events {
				l.Apply(e)
			}
			if o, why := l.Outcome(single.Lo); o != c.want || why != c.reason {
				t.Errorf("%v (%s), want %v (%s)", o, why, c.want, c.reason)
			}
			for w, n := range l.Progress().Windows {
				if n != before[w]+c.counts[w] {
					t.Errorf("window %d has settled %d, before %d, want %d more", w, n, before[w], c.counts[w])
				}
			}
			if l.totals.Sum() != l.Table.Recipients {
				t.Errorf("%v", l.totals)
			}
		})
	}
}

// TestOlderWindowsAskForNothingOfTheNewGeneration: a window that is still open must not send what a newer one sends, nor give it up.
func TestOlderWindowsAskForNothingOfTheNewGeneration(t *testing.T) {
	l := reopenedAs(actors.Failed)
	window := []actors.Span{span(0, 4), root}
	if got, want := l.unsettled(1, window), []actors.Span{span(0, 1), span(2, 4)}; !slices.Equal(got, want) {
		t.Errorf("window 1 asks for %v, want %v", got, want)
	}
	if got, want := l.unsettled(3, window), window; !slices.Equal(got, want) {
		t.Errorf("window 3 asks for %v, want %v", got, want)
	}
	if got, want := l.pendingOf(window, 2), []actors.Span{span(0, 1), span(2, 4)}; !slices.Equal(got, want) {
		t.Errorf("window 2 gives up %v, want %v", got, want)
	}
	if got := l.pendingOf(window, 0); !slices.Equal(got, window) {
		t.Errorf("the campaign decides about %v, want %v", got, window)
	}
}

// TestReopenableAreLeavesAndStretches: what can't be rendered is left out, and a multicast is reopened as what it has become.
func TestReopenableAreLeavesAndStretches(t *testing.T) {
	failed := func(paths ...actors.Span) Event {
		var s Settled
		for _, p := range paths {
			s.Entries = append(s.Entries, Entry{Path: p, Window: 1, Outcome: actors.Failed})
		}
		return s
	}
	for _, c := range []struct {
		name string
		past []Event
		want []actors.Span
	}{
		{"only who can't be rendered", nil, nil},
		{"pushes", []Event{failed(span(0, 1), span(1, 2), span(3, 4))}, []actors.Span{span(0, 2), span(3, 4)}},
		{"a multicast", []Event{failed(root)}, []actors.Span{root}},
		{"a half", []Event{Split{Path: root}, failed(half)}, []actors.Span{half}},
		{"both halves", []Event{Split{Path: root}, failed(half, span(8, 12))}, []actors.Span{half, span(8, 12)}},
		{"one alone", []Event{Split{Path: root}, Split{Path: half}, Split{Path: span(4, 6)}, failed(span(4, 5), span(3, 4))}, []actors.Span{span(3, 4), span(4, 5)}},
	} {
		l := newLedger()
		for _, e := range c.past {
			l.Apply(e)
		}
		if got, next := l.reopenable(actors.Failed, 0); !slices.Equal(got, c.want) || next != l.Table.Recipients {
			t.Errorf("%s: %v up to %d, want %v", c.name, got, next, c.want)
		}
	}
}

// TestReopenedByStretches: a record is bounded where recipients lie scattered.
func TestReopenedByStretches(t *testing.T) {
	const chunks = 12
	table := plan.Table{Recipients: 500 * chunks}
	for i := range uint32(chunks) {
		table.Chunks = append(table.Chunks, plan.Entry{First: 500 * i, Count: 500, Mode: plan.Push})
	}
	l := &Ledger{}
	l.Apply(Opened{Campaign: "c", Run: "r", Table: table})
	var s Settled
	for i := uint32(0); i < table.Recipients; i += 2 {
		s.Entries = append(s.Entries, Entry{Path: span(i, i+1), Window: 1, Outcome: actors.Failed})
	}
	l.Apply(s)
	for from, rounds := uint32(0), 0; from < table.Recipients; rounds++ {
		paths, next := l.reopenable(actors.Failed, from)
		if len(paths) != 1000 || next != from+2000 {
			t.Fatalf("from %d: %d stretches up to %d", from, len(paths), next)
		}
		from = next
	}
}

// TestStoryNamesGenerations: each line is of the generation of its window.
func TestStoryNamesGenerations(t *testing.T) {
	p := past{index: single.Lo}
	var got []string
	for _, e := range []Event{
		Settled{Entries: []Entry{{Path: single, Window: 1, Outcome: actors.Failed}, {Path: span(0, 1), Window: 1, Outcome: actors.Failed}}},
		Reopened{Generation: 1, After: 4, State: actors.Failed, Paths: []actors.Span{span(0, 1)}}, // not it
		Reopened{Generation: 2, After: 6, State: actors.Failed, Paths: []actors.Span{span(0, 3)}},
		Redriven{Window: 6, Number: 1, Paths: []actors.Span{single}}, Redriven{Window: 7, Number: 1, Paths: []actors.Span{single}},
		Reopened{Generation: 5, After: 9, State: actors.Unknown, Paths: []actors.Span{single}},
		Settled{Entries: []Entry{{Path: single, Window: 8, Outcome: actors.Delivered}}},
		Directed{Paths: []actors.Span{single}, Outcome: actors.Cancelled},
	} {
		for _, line := range p.entries(Recorded{At: time.Unix(0, 0), Event: e}) {
			got = append(got, fmt.Sprintf("%d %s", line.Generation, line.Event))
		}
	}
	if want := []string{"0 settled", "2 reopened", "0 redriven", "2 redriven", "5 reopened", "2 settled", "5 directed"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
