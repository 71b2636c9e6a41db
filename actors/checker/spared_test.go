package checker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// sparingLedger is a run of a multicast of eight; window 1 leaves two of them out.
func sparingLedger() *Ledger {
	l := &Ledger{}
	l.Apply(Opened{Campaign: "c", Run: "r", Table: plan.Table{Recipients: 8, Chunks: []plan.Entry{{Mode: plan.Multicast, Count: 8}}}})
	l.Apply(Directed{Window: 1, Paths: []actors.Span{span(1, 2), span(6, 7)}, Outcome: actors.Suppressed, Reason: "opted_out"})
	return l
}

func (l *Ledger) hear(r actors.Report) {
	facts := l.rule([]actors.Report{r}, time.Time{})
	for _, e := range facts.events() {
		l.Apply(e)
	}
}

// TestWhoIsLeftOutStaysSo: whatever is reported of his path, and by which dispatch.
func TestWhoIsLeftOutStaysSo(t *testing.T) {
	whole := span(0, 8)
	for name, c := range map[string]struct {
		what    actors.What
		doubt   bool
		others  actors.Outcome
		entries int
	}{
		"accepted": {actors.PathAccepted, false, actors.Delivered, 1}, "refused": {actors.PathRefused, false, actors.Failed, 3},
		"in doubt": {actors.PathRefused, true, actors.Unknown, 3}, "other bytes": {actors.PathUnmatched, false, actors.Unknown, 3},
	} {
		l := sparingLedger()
		r := actors.Report{Run: "r", Window: 1, Path: whole, What: c.what, Doubt: c.doubt, Tries: 2, Reason: "x"}
		facts := l.rule([]actors.Report{r}, time.Time{})
		tries := uint32(0)
		for _, e := range facts.settled {
			tries += e.Tries
		}
		if len(facts.settled) != c.entries || tries != 2 {
			t.Errorf("%s: %+v", name, facts.settled)
		}
		for range 2 { // the second one comes again
			l.hear(r)
			want := actors.Totals{actors.Suppressed: 2}
			want[c.others] = 6
			if l.totals != want || l.windows[1] != 8 {
				t.Errorf("%s: %v, %d settled, want %v", name, l.totals, l.windows[1], want)
			}
		}
		if v := l.judge(r); v.ruling != ignored {
			t.Errorf("%s: a repeat is %+v", name, v)
		}
		if o, why := l.Outcome(6); o != actors.Suppressed || why != "opted_out" {
			t.Errorf("%s: %v, %s", name, o, why)
		}
	}
}

// A path of whom all are left out has nothing to send, split or return.
func TestPathsOfWhomAllAreLeftOutAreOver(t *testing.T) {
	l := sparingLedger()
	l.Apply(Split{Window: 1, Path: span(0, 8)})
	l.Apply(Split{Window: 1, Path: span(0, 4)})
	l.Apply(Directed{Window: 1, Paths: []actors.Span{span(0, 1)}, Outcome: actors.Suppressed, Reason: "opted_out"})
	if got := fmt.Sprint(l.unsettled(1, []actors.Span{span(0, 8)})); got != "[2-4 4-8]" {
		t.Errorf("unsettled %s", got)
	}
	for _, what := range []actors.What{actors.PathSplit, actors.PathReturned} {
		if v := l.judge(actors.Report{Run: "r", Window: 1, Path: span(0, 2), What: what}); v.ruling == splits || v.ruling == returns {
			t.Errorf("%d: %+v", what, v)
		}
	}
	if got := l.pendingOf([]actors.Span{span(0, 8)}, 1); actors.Total(got) != 5 {
		t.Errorf("given up: %v", got)
	}
}

// A report of a window that left nobody out, which came before, counts for all; one that leaves out says nothing of who was delivered to.
func TestReportsOfOtherWindowsCount(t *testing.T) {
	l := sparingLedger()
	l.Apply(Returned{Window: 1, Paths: []actors.Span{span(0, 8)}})
	l.Apply(Directed{Window: 2, Paths: l.stays(2, []actors.Span{span(1, 3), span(6, 7)}), Outcome: actors.Suppressed, Reason: "left out before"})
	l.hear(actors.Report{Run: "r", Window: 2, Path: span(0, 8), What: actors.PathAccepted})
	if want := (actors.Totals{actors.Suppressed: 3, actors.Delivered: 5}); l.totals != want || l.windows[1] != 2 || l.windows[2] != 6 {
		t.Errorf("%v, settled in windows %v, want %v", l.totals, l.windows, want)
	}
	if _, why := l.Outcome(1); why != "opted_out" {
		t.Errorf("the first reason became %q", why)
	}
}

// An operator's redrive takes whom the path left out along: the new generation decides anew, and what the older one says of the path is not his.
func TestRedriveDecidesAnewWhoIsLeftOut(t *testing.T) {
	l := sparingLedger()
	l.hear(actors.Report{Run: "r", Window: 1, Path: span(0, 8), What: actors.PathRefused, Doubt: true})
	paths, next := l.reopenable(actors.Unknown, 0)
	if fmt.Sprint(paths) != "[0-8]" || next != 8 {
		t.Fatalf("reopened %v", paths)
	}
	l.Apply(Reopened{Generation: 1, After: 1, State: actors.Unknown, Paths: paths, Next: next})
	l.Apply(Directed{Window: 2, Paths: []actors.Span{span(1, 2)}, Outcome: actors.Suppressed, Reason: "opted_out"})
	l.hear(actors.Report{Run: "r", Window: 1, Path: span(0, 8), What: actors.PathAccepted}) // late, of the older generation
	if o, _ := l.Outcome(6); o != actors.Pending {
		t.Errorf("who was left out of the older generation is %v by its report", o)
	}
	l.hear(actors.Report{Run: "r", Window: 2, Path: span(0, 8), What: actors.PathAccepted})
	if want := (actors.Totals{actors.Suppressed: 1, actors.Delivered: 7}); l.totals != want {
		t.Errorf("%v, want %v", l.totals, want)
	}
}

// What would be too much for one record stays whole.
func TestEntriesAreCutWithinBounds(t *testing.T) {
	l := &Ledger{}
	var chunks []plan.Entry
	var odd []actors.Span
	for n := range uint32(20) {
		chunks = append(chunks, plan.Entry{Mode: plan.Multicast, First: n * 500, Count: 500})
	}
	l.Apply(Opened{Campaign: "c", Run: "r", Table: plan.Table{Recipients: 10_000, Chunks: chunks}})
	for i := uint32(1); i < 10_000; i += 2 {
		odd = append(odd, span(i, i+1))
	}
	l.Apply(Directed{Window: 1, Paths: odd, Outcome: actors.Suppressed})
	var batch []actors.Report
	for _, c := range chunks {
		batch = append(batch, actors.Report{Run: "r", Window: 1, Path: chunkSpan(c), What: actors.PathRefused})
	}
	facts := l.rule(batch, time.Time{})
	if n := len(facts.settled); n > mostParts+len(chunks) || n < mostParts/2 {
		t.Errorf("%d entries", n)
	}
	for _, e := range facts.events() {
		l.Apply(e)
	}
	if want := (actors.Totals{actors.Suppressed: 5000, actors.Failed: 5000}); l.totals != want {
		t.Errorf("%v", l.totals)
	}
}

// TestStoryOfWhoIsLeftOut says nothing of what became of his path.
func TestStoryOfWhoIsLeftOut(t *testing.T) {
	events := []Event{
		Directed{Window: 1, Paths: []actors.Span{span(1, 2)}, Outcome: actors.Suppressed, Reason: "topic:news"},
		Redriven{Window: 1, Number: 1, Paths: []actors.Span{span(0, 8)}},
		Settled{Entries: []Entry{{Path: span(0, 8), Window: 1, Outcome: actors.Delivered}}},
	}
	for index, want := range map[uint32][]string{1: {"directed suppressed topic:news"}, 2: {"redriven  ", "settled delivered "}} {
		p := past{index: index, spared: map[uint32]bool{}}
		var got []string
		for _, e := range events {
			for _, x := range p.entries(Recorded{Event: e}) {
				got = append(got, fmt.Sprintf("%s %s %s", x.Event, x.Outcome, x.Reason))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: %q, want %q", index, got, want)
		}
	}
}
