package checker

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/codec"
)

// machine drives a ledger at random, as the actor does: judged, applied, never otherwise.
type machine struct {
	l      *Ledger
	events []Event
	before []actors.Outcome
	top    uint32                     // the newest window
	lives  []life                     // by recipient
	spared map[uint32]map[uint32]bool // recipients by the window that leaves them out
}

// life is what a recipient's generations have come to, told by hand.
type life struct {
	after []uint32         // by generation
	out   []actors.Outcome // by generation
}

func (x *life) note(window uint32, o actors.Outcome) {
	g := len(x.after) - 1
	for window > 0 && window <= x.after[g] {
		g--
	}
	x.out[g] = max(x.out[g], o)
}

// outcome is pending while the newest generation is, but delivered at once.
func (x *life) outcome() actors.Outcome {
	best := slices.Max(x.out)
	if x.out[len(x.out)-1] == actors.Pending && best != actors.Delivered {
		return actors.Pending
	}
	return best
}

// follow keeps the lives.
func (m *machine) follow(e Event) {
	each := func(p actors.Span, f func(*life)) {
		for i := p.Lo; i < p.Hi; i++ {
			f(&m.lives[i])
		}
	}
	switch e := e.(type) {
	case Opened:
		m.lives = make([]life, e.Table.Recipients)
		each(span(0, e.Table.Recipients), func(x *life) { *x = life{[]uint32{0}, []actors.Outcome{actors.Pending}} })
		for _, c := range e.Table.Chunks {
			if c.Mode == plan.Failed {
				each(chunkSpan(c), func(x *life) { x.note(0, actors.Failed) })
			}
		}
	case Settled:
		for _, s := range e.Entries {
			for i := s.Path.Lo; i < s.Path.Hi; i++ {
				if !m.spared[s.Window][i] {
					m.lives[i].note(s.Window, s.Outcome)
				}
			}
		}
	case Directed:
		for _, p := range e.Paths {
			each(p, func(x *life) { x.note(e.Window, e.Outcome) })
		}
	case Reopened:
		for _, p := range e.Paths {
			each(p, func(x *life) { x.after, x.out = append(x.after, e.After), append(x.out, actors.Pending) })
		}
	case Redriven, Returned, Split, Owing, Told:
	}
}

func (m *machine) apply(t *rapid.T, events ...Event) {
	for _, e := range events {
		m.before = slices.Clone(m.l.outcome)
		m.l.Apply(e)
		m.events = append(m.events, e)
		m.follow(e)
		m.check(t, e)
	}
}

func (m *machine) check(t *rapid.T, e Event) {
	_, reopens := e.(Reopened)
	l := m.l
	if l.totals.Sum() != l.Table.Recipients {
		t.Fatalf("totals %v add up to %d, want %d", l.totals, l.totals.Sum(), l.Table.Recipients)
	}
	var count actors.Totals
	for i, o := range l.outcome {
		count[o]++
		if want := m.lives[i].outcome(); o != want {
			t.Fatalf("recipient %d is %v, its generations came to %v: want %v", i, o, m.lives[i].out, want)
		}
		if m.before != nil && o < m.before[i] && !reopens {
			t.Fatalf("recipient %d fell from %v to %v", i, m.before[i], o)
		}
	}
	if count != l.totals {
		t.Fatalf("totals %v, counted %v", l.totals, count)
	}
}

func path(t *rapid.T, l *Ledger) actors.Span {
	e := rapid.SampledFrom(l.Table.Chunks).Draw(t, "chunk")
	p := chunkSpan(e)
	if e.Mode != plan.Multicast {
		i := rapid.Uint32Range(p.Lo, p.Hi-1).Draw(t, "recipient")
		return actors.Span{Lo: i, Hi: i + 1}
	}
	for p.Len() > 1 && l.split[p] {
		a, b := p.Halves()
		if p = a; rapid.Bool().Draw(t, "second half") {
			p = b
		}
	}
	return p
}

func (m *machine) report(t *rapid.T) {
	var batch []actors.Report
	for range rapid.IntRange(1, 4).Draw(t, "reports") {
		what := actors.What(rapid.IntRange(int(actors.PathAccepted), int(actors.PathUnmatched)).Draw(t, "what"))
		batch = append(batch, actors.Report{Run: "r", What: what, Path: path(t, m.l), Reason: "bad",
			Window: rapid.Uint32Range(1, m.top).Draw(t, "window"), Doubt: rapid.Bool().Draw(t, "doubt")})
	}
	for len(batch) > 0 {
		now := disjoint(batch)
		facts := m.l.rule(now, time.Time{})
		for _, r := range facts.returned {
			for _, p := range r.Paths {
				if m.l.redriven.Touches(p) {
					t.Fatalf("%v is returned from window %d after its re-drive", p, r.Window)
				}
			}
		}
		m.apply(t, facts.events()...)
		batch = batch[len(now):]
	}
}

func (m *machine) unsettled(t *rapid.T) {
	l, window := m.l, rapid.Uint32Range(1, m.top).Draw(t, "window")
	var paths []actors.Span
	for _, e := range l.Table.Chunks {
		paths = append(paths, chunkSpan(e))
	}
	answer := l.unsettled(window, paths)
	var named actors.Set
	for _, p := range answer {
		switch {
		case named.Touches(p):
			t.Fatalf("%v is named twice in %v", p, answer)
		case l.split[p]:
			t.Fatalf("the split path %v is named", p)
		case l.gone(window).Touches(p):
			t.Fatalf("%v was returned from window %d and is named", p, window)
		}
		named.Add(p)
	}
	for i, o := range l.outcome {
		want := o == actors.Pending && !l.gone(window).Has(uint32(i)) && window > m.lives[i].after[len(m.lives[i].after)-1]
		_, e, _ := plan.Find(l.Table, uint32(i))
		if got := named.Has(uint32(i)); got != want && (e.Mode == plan.Push || !got) { // a leaf is named whole
			t.Fatalf("recipient %d (%v): named %v", i, o, got)
		}
	}
	if len(answer) > 0 && rapid.Bool().Draw(t, "re-drive") {
		m.apply(t, Redriven{Window: window, Number: 1, Paths: answer})
	}
}

func (m *machine) direct(t *rapid.T) {
	p := []actors.Span{path(t, m.l)}
	o := rapid.SampledFrom([]actors.Outcome{actors.Expired, actors.Suppressed, actors.Cancelled}).Draw(t, "outcome")
	m.apply(t, Directed{Paths: m.l.pendingOf(p, 0), Outcome: o, Reason: "decided"})
}

// leaveOut says of a window whom it leaves out, as the campaign does before anything of it is sent, and again.
func (m *machine) leaveOut(t *rapid.T) {
	w, p := rapid.Uint32Range(1, m.top).Draw(t, "window"), path(t, m.l)
	p.Lo = rapid.Uint32Range(p.Lo, p.Hi-1).Draw(t, "from")
	paths := m.l.stays(w, []actors.Span{p})
	if m.spared[w] == nil {
		m.spared[w] = map[uint32]bool{}
	}
	if len(paths) > 0 {
		m.apply(t, Directed{Window: w, Paths: paths, Outcome: actors.Suppressed, Reason: "opted_out"})
	}
	for i := p.Lo; i < p.Hi; i++ {
		m.spared[w][i] = true
		if !m.l.spares(w, i) || m.l.outcome[i] == actors.Pending && !m.l.older(w, i) {
			t.Fatalf("recipient %d is %v after window %d has left him out", i, m.l.outcome[i], w)
		}
	}
	if more := m.l.stays(w, []actors.Span{p}); len(more) > 0 {
		t.Fatalf("%v is to be told again", more)
	}
}

func (m *machine) giveUp(t *rapid.T) {
	w, p := rapid.Uint32Range(1, m.top).Draw(t, "window"), path(t, m.l)
	paths := m.l.pendingOf([]actors.Span{p}, w)
	m.apply(t, Directed{Window: w, Paths: paths, Outcome: actors.Unknown, Reason: "too late"})
	for i := p.Lo; i < p.Hi; i++ {
		if m.l.outcome[i] == actors.Pending && !m.l.gone(w).Has(i) && !m.l.older(w, i) {
			t.Fatalf("recipient %d is pending after window %d was given up", i, w)
		}
	}
}

// reopen is an operator's redrive: every window after it has a greater number.
func (m *machine) reopen(t *rapid.T) {
	g := m.l.lives.newest.Generation
	if g == 4 {
		return
	}
	o := rapid.SampledFrom([]actors.Outcome{actors.Failed, actors.Unknown}).Draw(t, "state")
	paths, next := m.l.reopenable(o, 0)
	for _, p := range paths {
		for i := p.Lo; i < p.Hi; i++ {
			_, e, _ := plan.Find(m.l.Table, i)
			if m.l.outcome[i] != o && (e.Mode != plan.Multicast || m.l.outcome[i] != actors.Suppressed) || e.Mode == plan.Failed {
				t.Fatalf("recipient %d is %v and is reopened as %v", i, m.l.outcome[i], o)
			}
		}
	}
	m.apply(t, Reopened{Generation: g + 1, After: m.top, State: o, Paths: paths, Next: next})
	m.top += 2
}

func TestLedgerUnderRandomReports(t *testing.T) {
	reg := codec.NewRegistry()
	Register(reg)
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{l: &Ledger{}, top: 3, spared: map[uint32]map[uint32]bool{}}
		m.apply(t, Opened{Campaign: "c", Run: "r", Table: plan.Table{Recipients: 27, Chunks: []plan.Entry{
			{First: 0, Count: 5, Mode: plan.Push}, {First: 5, Count: 8, Mode: plan.Multicast}, {First: 13, Count: 2, Mode: plan.Failed},
			{First: 15, Count: 5, Mode: plan.Multicast}, {First: 20, Count: 7, Mode: plan.Push}}}})
		t.Repeat(map[string]func(*rapid.T){"report": m.report, "unsettled": m.unsettled, "direct": m.direct, "give up": m.giveUp, "reopen": m.reopen,
			"leave out": m.leaveOut})
		m.replay(t, reg)
	})
}

// replay folds the events again, from their bytes.
func (m *machine) replay(t *rapid.T, reg *codec.Registry) {
	again := &Ledger{}
	for _, e := range m.events {
		data, err := reg.Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		back, rest, err := reg.Decode(data)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%T: %v, %d bytes left", e, err, len(rest))
		}
		again.Apply(back.(Event))
	}
	if !reflect.DeepEqual(again, m.l) {
		t.Fatalf("replayed:\n%+v\nlive:\n%+v", again, m.l)
	}
}

func TestStretchesOfPushesAreExpanded(t *testing.T) {
	l := newLedger()
	for p, want := range map[actors.Span]int{span(0, 4): 4, single: 1, root: 1, span(3, 5): 1, span(2, 4): 2, span(40, 42): 1} {
		if got := l.expand(nil, actors.Report{Path: p}); len(got) != want {
			t.Errorf("%v becomes %d reports, want %d", p, len(got), want)
		}
	}
}

func TestEventNamesNeverChange(t *testing.T) {
	reg := codec.NewRegistry()
	Register(reg)
	want := []string{"checker.directed", "checker.forgotten", "checker.opened", "checker.owing", "checker.redriven", "checker.remains", "checker.reopened",
		"checker.returned", "checker.settled", "checker.split", "checker.told"}
	if !slices.Equal(reg.Names(), want) {
		t.Errorf("%v, want %v", reg.Names(), want)
	}
}

// TestOnlyPathsAreUnsettled: paths that follow each other are asked about as one, and a stretch that is no path never becomes one.
func TestOnlyPathsAreUnsettled(t *testing.T) {
	l := &Ledger{}
	l.Apply(Opened{Campaign: "c", Run: "r", Table: plan.Table{Recipients: 30, Chunks: []plan.Entry{
		{Mode: plan.Multicast, First: 0, Count: 10}, {Mode: plan.Multicast, First: 10, Count: 10}, {Mode: plan.Push, First: 20, Count: 10},
	}}})
	l.Apply(Split{Window: 1, Path: actors.Span{Lo: 0, Hi: 10}})
	l.Apply(Split{Window: 1, Path: actors.Span{Lo: 0, Hi: 5}})
	for _, c := range []struct{ ask, want []actors.Span }{
		{[]actors.Span{{Lo: 0, Hi: 10}}, []actors.Span{{Lo: 0, Hi: 3}, {Lo: 3, Hi: 5}, {Lo: 5, Hi: 10}}},
		{[]actors.Span{{Lo: 3, Hi: 20}}, []actors.Span{{Lo: 3, Hi: 5}, {Lo: 5, Hi: 10}, {Lo: 10, Hi: 20}}},
		{[]actors.Span{{Lo: 3, Hi: 9}}, []actors.Span{{Lo: 3, Hi: 5}}},
		{[]actors.Span{{Lo: 15, Hi: 22}}, []actors.Span{{Lo: 20, Hi: 22}}},
		{[]actors.Span{{Lo: 25, Hi: 31}}, nil},
	} {
		if got := l.unsettled(1, c.ask); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.ask, got, c.want)
		}
	}
}

// TestHalvesAreReturnedAfterTheSplit: a poster that leaves returns halves that nobody sent, which counts if the split is recorded.
func TestHalvesAreReturnedAfterTheSplit(t *testing.T) {
	l := &Ledger{}
	l.Apply(Opened{Campaign: "c", Run: "r", Table: plan.Table{Recipients: 10, Chunks: []plan.Entry{{Mode: plan.Multicast, Count: 10}}}})
	half := actors.Report{Run: "r", Window: 1, Path: actors.Span{Lo: 5, Hi: 10}, What: actors.PathReturned}
	if v := l.judge(half); v.ruling != ignored || v.reason != notSplit {
		t.Errorf("before the split: %+v", v)
	}
	l.Apply(Split{Window: 1, Path: actors.Span{Hi: 10}})
	if v := l.judge(half); v.ruling != returns {
		t.Errorf("after it: %+v", v)
	}
}
