package checker

import (
	"fmt"
	"slices"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// newLedger has four pushes (0–4), a multicast of eight (4–12) and two that could not be rendered (12–14).
func newLedger() *Ledger {
	l := &Ledger{}
	l.Apply(Opened{Campaign: "c", Run: "r", Table: plan.Table{Recipients: 14, Chunks: []plan.Entry{
		{First: 0, Count: 4, Mode: plan.Push}, {First: 4, Count: 8, Mode: plan.Multicast}, {First: 12, Count: 2, Mode: plan.Failed}}}})
	return l
}

func span(lo, hi uint32) actors.Span { return actors.Span{Lo: lo, Hi: hi} }

var root, half, single = span(4, 12), span(4, 8), span(1, 2)

func TestJudge(t *testing.T) {
	redriven := Redriven{Window: 1, Number: 1, Paths: []actors.Span{root, span(0, 4)}}
	returned := Returned{Window: 1, Paths: []actors.Span{root, single}}
	settled := func(o actors.Outcome) Event {
		return Settled{Entries: []Entry{{Path: root, Window: 1, Outcome: o}, {Path: single, Window: 1, Outcome: o}}}
	}
	for _, c := range []struct {
		past  []Event
		what  actors.What
		doubt bool
		root  verdict // of the multicast
		push  verdict // of the push
	}{
		{what: actors.PathAccepted, root: ends(actors.Delivered, ""), push: ends(actors.Delivered, "")},
		{what: actors.PathAccepted, doubt: true, root: ends(actors.Delivered, ""), push: ends(actors.Delivered, "")},
		{what: actors.PathRefused, root: ends(actors.Failed, "bad"), push: ends(actors.Failed, "bad")},
		{what: actors.PathRefused, doubt: true, root: ends(actors.Unknown, "in_doubt: bad"), push: ends(actors.Unknown, "in_doubt: bad")},
		{what: actors.PathSplit, root: verdict{ruling: splits, reason: "bad"}, push: ends(actors.Failed, "bad")},
		{what: actors.PathSplit, doubt: true, root: ends(actors.Unknown, "in_doubt: bad"), push: ends(actors.Unknown, "in_doubt: bad")},
		{what: actors.PathReturned, root: verdict{ruling: returns}, push: verdict{ruling: returns}},
		{what: actors.PathAltered, root: verdict{ruling: returns}, push: verdict{ruling: returns}},
		{what: actors.PathUnmatched, root: ends(actors.Unknown, "bytes_changed"), push: ends(actors.Unknown, "bytes_changed")},
		{what: 0, root: skip(noSuchPath), push: skip(noSuchPath)},

		{past: []Event{redriven}, what: actors.PathAccepted, root: ends(actors.Delivered, ""), push: ends(actors.Delivered, "")},
		{past: []Event{redriven}, what: actors.PathRefused, root: ends(actors.Unknown, "in_doubt: bad"), push: ends(actors.Unknown, "in_doubt: bad")},
		{past: []Event{redriven}, what: actors.PathSplit, root: ends(actors.Unknown, "in_doubt: bad"), push: ends(actors.Unknown, "in_doubt: bad")},
		{past: []Event{redriven}, what: actors.PathReturned, root: skip(wasRedriven), push: skip(wasRedriven)},
		{past: []Event{redriven}, what: actors.PathAltered, root: skip(wasRedriven), push: skip(wasRedriven)},

		{past: []Event{returned}, what: actors.PathReturned, root: skip(wasReturned), push: skip(wasReturned)},
		{past: []Event{returned}, what: actors.PathAccepted, root: ends(actors.Delivered, ""), push: ends(actors.Delivered, "")},

		{past: []Event{settled(actors.Failed)}, what: actors.PathReturned, root: skip(alreadySettled), push: skip(alreadySettled)},
		{past: []Event{settled(actors.Failed)}, what: actors.PathSplit, root: skip(alreadySettled), push: skip(alreadySettled)},
		{past: []Event{settled(actors.Failed)}, what: actors.PathRefused, doubt: true, root: ends(actors.Unknown, "in_doubt: bad"),
			push: ends(actors.Unknown, "in_doubt: bad")},
		{past: []Event{settled(actors.Unknown)}, what: actors.PathRefused, root: skip(alreadySettled), push: skip(alreadySettled)},
		{past: []Event{settled(actors.Unknown)}, what: actors.PathAccepted, root: ends(actors.Delivered, ""), push: ends(actors.Delivered, "")},
		{past: []Event{settled(actors.Delivered)}, what: actors.PathUnmatched, root: skip(alreadySettled), push: skip(alreadySettled)},
		{past: []Event{settled(actors.Delivered)}, what: actors.PathAccepted, root: skip(alreadySettled), push: skip(alreadySettled)},

		{past: []Event{Split{Window: 1, Path: root}}, what: actors.PathSplit, root: skip(alreadySplit), push: ends(actors.Failed, "bad")},
		{past: []Event{Split{Window: 1, Path: root}}, what: actors.PathRefused, root: skip(alreadySplit), push: ends(actors.Failed, "bad")},
		{past: []Event{Split{Window: 1, Path: root}}, what: actors.PathReturned, root: skip(alreadySplit), push: verdict{ruling: returns}},
	} {
		t.Run(fmt.Sprintf("%d/doubt=%v/%T", c.what, c.doubt, first(c.past)), func(t *testing.T) {
			l := newLedger()
			for _, e := range c.past {
				l.Apply(e)
			}
			r := actors.Report{Run: "r", Window: 1, What: c.what, Doubt: c.doubt, Reason: "bad", Path: root}
			if got := l.judge(r); got != c.root {
				t.Errorf("multicast: %+v, want %+v", got, c.root)
			}
			if r.Path = single; l.judge(r) != c.push {
				t.Errorf("push: %+v, want %+v", l.judge(r), c.push)
			}
		})
	}
}

func ends(o actors.Outcome, reason string) verdict { return verdict{settles, o, reason} }
func skip(reason string) verdict                   { return verdict{ruling: ignored, reason: reason} }

func first(past []Event) Event {
	if len(past) == 0 {
		return nil
	}
	return past[0]
}

func TestReturnedCountsPerWindow(t *testing.T) {
	l := newLedger()
	l.Apply(Returned{Window: 1, Paths: []actors.Span{single}})
	if v := l.judge(actors.Report{What: actors.PathReturned, Window: 2, Path: single}); v.ruling != returns {
		t.Errorf("of its next window: %+v", v)
	}
	if v := l.judge(actors.Report{What: actors.PathReturned, Window: 1, Path: single}); v.reason != wasReturned {
		t.Errorf("of the same window: %+v", v)
	}
}

func TestOnlyPathsOfThePlanAreJudged(t *testing.T) {
	l := newLedger()
	for p, want := range map[actors.Span]bool{
		single: true, root: true, half: true, span(8, 12): true, span(4, 6): true, span(11, 12): true,
		span(0, 2): false, span(5, 9): false, span(6, 10): false, span(3, 5): false, span(12, 13): false, span(13, 15): false,
		span(2, 2): false, span(3, 2): false, span(100, 101): false,
	} {
		if l.isPath(p) != want {
			t.Errorf("%v: %v", p, !want)
		}
	}
}

func TestUnsettledNamesLeavesAndStretches(t *testing.T) {
	window := []actors.Span{span(0, 4), root, span(12, 14), span(20, 21)}
	for _, c := range []struct {
		name string
		past []Event
		want []actors.Span
	}{
		{"nothing happened", nil, []actors.Span{span(0, 4), root}},
		{"a push settled", []Event{Settled{Entries: []Entry{{Path: single, Window: 1, Outcome: actors.Failed}}}}, []actors.Span{span(0, 1), span(2, 4), root}},
		{"a push returned", []Event{Returned{Window: 1, Paths: []actors.Span{span(0, 1)}}}, []actors.Span{span(1, 4), root}},
		{"returned from another window", []Event{Returned{Window: 2, Paths: []actors.Span{span(0, 1), root}}}, []actors.Span{span(0, 4), root}},
		{"the root is retired", []Event{Split{Path: root}}, []actors.Span{span(0, 4), half, span(8, 12)}},
		{"a half is retired too", []Event{Split{Path: root}, Split{Path: half}}, []actors.Span{span(0, 4), span(4, 6), span(6, 8), span(8, 12)}},
		{"a half returned", []Event{Split{Path: root}, Returned{Window: 1, Paths: []actors.Span{half}}}, []actors.Span{span(0, 4), span(8, 12)}},
		{"a half settled", []Event{Split{Path: root}, Settled{Entries: []Entry{{Path: half, Outcome: actors.Delivered}}}}, []actors.Span{span(0, 4), span(8, 12)}},
	} {
		l := newLedger()
		for _, e := range c.past {
			l.Apply(e)
		}
		if got := l.unsettled(1, window); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if len(c.past) == 0 && len(l.returned) != 0 {
			t.Error("a question changed the ledger")
		}
	}
}

func TestReturnedIsNamedAsThePathsThatItWas(t *testing.T) {
	l := newLedger()
	for _, e := range []Event{Split{Path: root}, Returned{Window: 1, Paths: []actors.Span{half, span(8, 12), span(2, 4)}},
		Returned{Window: 1, Paths: []actors.Span{span(0, 1)}, Anew: true}} {
		l.Apply(e)
	}
	want := []actors.Returned{{Window: 1, Paths: []actors.Span{span(0, 1)}, Anew: true}, {Window: 1, Paths: []actors.Span{span(2, 4)}},
		{Window: 1, Paths: []actors.Span{half}}, {Window: 1, Paths: []actors.Span{span(8, 12)}}}
	if got := l.Progress(1, 2).Returned; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestPageIsCut(t *testing.T) {
	l := newLedger()
	l.Apply(Settled{Entries: []Entry{{Path: single, Outcome: actors.Failed, Reason: "bad"}}})
	if p := l.page(span(0, 3)); !slices.Equal(p.Outcomes, []actors.Outcome{actors.Pending, actors.Failed, actors.Pending}) || !slices.Equal(p.Reasons,
		[]string{"", "bad", ""}) {
		t.Errorf("%+v", p)
	}
	if p := l.page(span(13, 100)); len(p.Outcomes) != 1 || p.Reasons[0] != "render" {
		t.Errorf("behind the end: %+v", p)
	}
	if p := l.page(span(50, 60)); len(p.Outcomes) != 0 {
		t.Errorf("outside: %+v", p)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	const n = 400
	l := &Ledger{}
	l.Apply(Opened{Run: "r", Table: plan.Table{Recipients: n, Chunks: []plan.Entry{{Count: n, Mode: plan.Push}}}})
	for i := range uint32(n) {
		l.Apply(Settled{Entries: []Entry{{Path: span(i, i+1), Outcome: actors.Failed, Reason: fmt.Sprint("reason ", i)}}})
	}
	if _, r := l.Outcome(253); r != "reason 253" {
		t.Errorf("254th reason is %q", r)
	}
	for _, i := range []uint32{254, 300, n - 1} {
		if _, r := l.Outcome(i); r != "other" {
			t.Errorf("reason of %d is %q", i, r)
		}
	}
	l.Apply(Settled{Entries: []Entry{{Path: span(0, 1), Outcome: actors.Delivered}}})
	if o, r := l.Outcome(0); o != actors.Delivered || r != "" {
		t.Errorf("delivered keeps %q", r)
	}
}
