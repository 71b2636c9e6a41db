package campaign

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// tableOf puts chunks one after the other.
func tableOf(chunks ...plan.Entry) plan.Table {
	var t plan.Table
	for _, e := range chunks {
		e.First = t.Recipients
		t.Chunks = append(t.Chunks, e)
		t.Recipients += e.Count
	}
	return t
}

func pushes(n uint32) plan.Entry     { return plan.Entry{Count: n, Mode: plan.Push} }
func multicasts(n uint32) plan.Entry { return plan.Entry{Count: n, Mode: plan.Multicast} }
func failures(n uint32) plan.Entry   { return plan.Entry{Count: n, Mode: plan.Failed} }

func TestWindow(t *testing.T) {
	many := slices.Repeat([]plan.Entry{pushes(10)}, 60)
	for _, c := range []struct {
		name   string
		table  plan.Table
		cursor uint32
		back   []actors.Span
		share  share
		want   []actors.Span
		next   uint32
	}{
		{"a small run", tableOf(pushes(5), multicasts(7)), 0, nil, share{}, []actors.Span{span(0, 5), span(5, 12)}, 12},
		{"failed chunks have no window", tableOf(failures(3), pushes(5), failures(2)), 0, nil, share{}, []actors.Span{span(3, 8)}, 10},
		{"only failed ones", tableOf(failures(3)), 0, nil, share{}, nil, 3},
		{"a share cuts pushes", tableOf(pushes(5), pushes(5)), 0, nil, share{push: 7}, []actors.Span{span(0, 5), span(5, 7)}, 7},
		{"and goes on there", tableOf(pushes(5), pushes(5)), 7, nil, share{push: 7}, []actors.Span{span(7, 10)}, 10},
		{"a share never cuts multicasts", tableOf(multicasts(5), multicasts(5), pushes(3)), 0, nil, share{multicast: 1}, []actors.Span{span(0, 5)}, 5},
		{"shares are per endpoint", tableOf(multicasts(5), pushes(3)), 0, nil, share{multicast: 1, push: 3}, []actors.Span{span(0, 5), span(5, 8)}, 8},
		{"at least one path", tableOf(multicasts(500)), 0, nil, share{multicast: 1, push: 1}, []actors.Span{span(0, 500)}, 500},
		{"what came back is first", tableOf(pushes(5), pushes(5)), 5, []actors.Span{span(3, 4)}, share{}, []actors.Span{span(3, 4), span(5, 10)}, 10},
		{"scattered pushes are joined", tableOf(pushes(5), pushes(5)), 10, []actors.Span{span(4, 5), span(1, 2), span(0, 1), span(2, 3), span(5, 6)}, share{},
			[]actors.Span{span(0, 3), span(4, 5), span(5, 6)}, 10},
		{"halves are not joined", tableOf(multicasts(8)), 8, []actors.Span{span(0, 4), span(4, 8)}, share{}, []actors.Span{span(0, 4), span(4, 8)}, 8},
		{"what came back fills the share", tableOf(pushes(5), pushes(5)), 5, []actors.Span{span(0, 4)}, share{push: 2}, []actors.Span{span(0, 2)}, 5},
	} {
		s := &Intent{Table: c.table, Cursor: c.cursor, Back: c.back}
		paths, next := s.window(c.share, true)
		if !slices.Equal(paths, c.want) || next != c.next {
			t.Errorf("%s: %v and %d, want %v and %d", c.name, paths, next, c.want, c.next)
		}
	}
	s := &Intent{Table: tableOf(many...)}
	if paths, next := s.window(share{}, true); len(paths) != actors.ChunksInWindow || next != 500 {
		t.Errorf("%d chunks up to %d, want 50 up to 500", len(paths), next)
	}
}

// What came back is sent again at once, and takes nothing along that was in no window yet.
func TestWhatCameBackGoesAlone(t *testing.T) {
	s := &Intent{}
	s.Apply(Planned{Table: tableOf(pushes(100))})
	s.Apply(WindowOpened{Number: 1, Paths: []actors.Span{span(0, 60)}, Cursor: 60, At: due})
	s.Apply(WindowClosed{Number: 1, Paths: []actors.Span{span(40, 50)}})
	v := viewOf(settled(1, 10))
	if s.goesAhead(v) {
		t.Fatal("10 of 60 are settled, 10 came back: that is not half")
	}
	paths, cursor := s.nextPaths(v)
	if !slices.Equal(paths, []actors.Span{span(40, 50)}) || cursor != 60 {
		t.Fatalf("%v and %d, want 40-50 alone and 60", paths, cursor)
	}
	s.Apply(WindowOpened{Number: 2, Paths: paths, Cursor: cursor, At: due})
	v = viewOf(settled(1, 10), settled(2, 10))
	if s.goesAhead(v) {
		t.Fatal("the window that went ahead is not half settled, and the next one came before it")
	}
	if v = viewOf(settled(1, 20), settled(2, 10)); !s.goesAhead(v) {
		t.Fatal("20 of 60 are settled and 10 have left: that is half")
	}
	if paths, cursor = s.nextPaths(v); !slices.Equal(paths, []actors.Span{span(60, 100)}) || cursor != 100 {
		t.Fatalf("%v and %d, want the rest", paths, cursor)
	}
}

func TestShareIsAMinuteOfTheRunsPart(t *testing.T) {
	limits := actors.Limits{Push: 2, Multicast: 0}
	for runs, want := range map[int]int{0: 120, 1: 120, 3: 40, 1000: 1} {
		if got := shareOf(limits, runs); got != (share{push: want}) {
			t.Errorf("%d runs: %+v, want %d pushes", runs, got, want)
		}
	}
}

// TestWindowsCoverTheRun opens windows with random shares, gives random parts back, and finds every recipient exactly once in the end.
func TestWindowsCoverTheRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &Intent{}
		var chunks []plan.Entry
		for range rapid.IntRange(1, 12).Draw(t, "chunks") {
			chunks = append(chunks, plan.Entry{Count: rapid.Uint32Range(1, 9).Draw(t, "count"), Mode: plan.Mode(rapid.IntRange(1, 3).Draw(t, "mode"))})
		}
		s.Apply(Planned{Table: tableOf(chunks...)})
		returns := 20
		for number := uint32(1); s.Unopened(); number++ {
			if number > 1000 {
				t.Fatal("windows without end")
			}
			sh := share{push: rapid.IntRange(0, 6).Draw(t, "push"), multicast: rapid.IntRange(0, 2).Draw(t, "multicast")}
			paths, cursor := s.window(sh, true)
			s.Apply(WindowOpened{Number: number, Paths: paths, Cursor: cursor, At: due})
			if len(paths) == 0 && cursor < s.Table.Recipients {
				t.Fatal("an empty window in the middle")
			}
			for _, p := range s.toSend(paths) {
				if p.Multicast || returns == 0 || !rapid.Bool().Draw(t, "return") {
					continue
				}
				returns--
				back := []actors.Span{{Lo: p.Span.Lo, Hi: p.Span.Lo + 1}}
				for _, e := range s.closedBy([]actors.Returned{{Window: number, Paths: back}, {Window: number, Paths: back}})[:1] {
					s.Apply(e)
				}
			}
		}
		held := map[uint32]int{}
		for _, w := range s.Open {
			n := uint32(0)
			for _, p := range w.Paths {
				for one := range p.Each() {
					if !w.Closed.Has(one.Lo) {
						held[one.Lo]++
						n++
					}
				}
			}
			if n != w.Size {
				t.Fatalf("window %d holds %d, its size is %d", w.Number, n, w.Size)
			}
		}
		for i := range s.Table.Recipients {
			_, e, _ := plan.Find(s.Table, i)
			if want := 1; e.Mode == plan.Failed && held[i] != 0 || e.Mode != plan.Failed && held[i] != want {
				t.Fatalf("recipient %d is in %d windows", i, held[i])
			}
		}
	})
}

func TestToSendNamesChunks(t *testing.T) {
	s := &Intent{Table: tableOf(pushes(5), multicasts(4)), Anew: actors.SetOf(span(1, 2))}
	got := s.toSend([]actors.Span{span(0, 5), span(5, 9), span(3, 7)})
	want := []actors.Path{{Span: span(0, 5), Anew: true}, {Span: span(5, 9), Chunk: 1, Multicast: true}, {Span: span(3, 5)},
		{Span: span(5, 7), Chunk: 1, Multicast: true}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestClosedBy(t *testing.T) {
	s := &Intent{}
	s.Apply(Planned{Table: tableOf(pushes(10))})
	s.Apply(WindowOpened{Number: 1, Paths: []actors.Span{span(0, 10)}, Cursor: 10})
	s.Apply(WindowClosed{Number: 1, Paths: []actors.Span{span(2, 4)}})
	for _, c := range []struct {
		returned actors.Returned
		want     []Event
	}{
		{actors.Returned{Window: 1, Paths: []actors.Span{span(2, 4)}}, nil},
		{actors.Returned{Window: 1, Paths: []actors.Span{span(1, 5)}, Anew: true},
			[]Event{WindowClosed{Number: 1, Paths: []actors.Span{span(1, 2), span(4, 5)}, Anew: true}}},
		{actors.Returned{Window: 2, Paths: []actors.Span{span(1, 2)}}, nil},
	} {
		if got := s.closedBy([]actors.Returned{c.returned}); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %v, want %v", c.returned, got, c.want)
		}
	}
	if w := s.Window(1); w.Size != 8 || !slices.Equal(s.Back, []actors.Span{span(2, 4)}) || !slices.Equal(s.unopened(), []actors.Span{span(2, 4)}) {
		t.Errorf("size %d, back %v", w.Size, s.Back)
	}
}

// TestScatteredRecipientsTakeBoundedTime: each window takes its part of what a redrive has put back, and replaying them all is quick.
func TestScatteredRecipientsTakeBoundedTime(t *testing.T) {
	chunks := uint32(400)
	if testing.Short() { // the race detector makes it ten times as long
		chunks = 100
	}
	table := plan.Table{Recipients: 500 * chunks}
	for i := range chunks {
		table.Chunks = append(table.Chunks, plan.Entry{First: 500 * i, Count: 500, Mode: plan.Push})
	}
	s := &Intent{Accepted: &Accepted{}, Run: "r", Planned: true, Table: table, Cursor: table.Recipients}
	var scattered []actors.Span
	for i := uint32(0); i < table.Recipients; i += 2 {
		scattered = append(scattered, span(i, i+1))
	}
	s.Apply(RedriveAsked{Generation: 1, State: actors.Failed})
	s.Apply(Replanned{Generation: 1, Paths: scattered, Next: table.Recipients})
	began, sent := time.Now(), 0
	for number := uint32(1); len(s.Back) > 0; number++ {
		paths, cursor := s.window(share{}, true)
		if len(paths) == 0 || len(paths) > maxStretches {
			t.Fatalf("window %d has %d stretches, %d are left", number, len(paths), len(s.Back))
		}
		sent += actors.Total(paths)
		s.Apply(WindowOpened{Number: number, Paths: paths, Cursor: cursor, Settled: []uint32{number - 1}})
	}
	if sent != len(scattered) {
		t.Errorf("%d recipients in windows, want %d", sent, len(scattered))
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%d recipients took %v", sent, took)
	} else {
		t.Logf("%d recipients took %v", sent, took)
	}
}
