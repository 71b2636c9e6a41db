package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// chore holds its worker until it is let go on; ping is handled at once.
type (
	chore struct{ goOn chan struct{} }
	ping  struct{}
)

type chores struct{}

func (chores) Handle(_ *engine.Context[any], m any) {
	if w, ok := m.(*chore); ok {
		<-w.goOn
	}
}

var choreKind = engine.NewKind[any](engine.KindConfig{Name: "chores", Mailbox: engine.Unbounded, Idle: 20 * time.Second})

func choreSystem(t *testing.T) *engine.System {
	s := enginetest.NewSystem(t, enginetest.Options{})
	engine.Serve(s, choreKind, func(string) engine.Actor[any] { return chores{} })
	return s
}

func busyOf(s *engine.System) map[string]engine.CellInfo {
	out := map[string]engine.CellInfo{}
	for c := range s.Busy {
		out[c.ID] = c
	}
	return out
}

func kindStatsOf(s *engine.System, kind string) engine.KindStats {
	for _, k := range s.Counts() {
		if k.Kind == kind {
			return k
		}
	}
	return engine.KindStats{}
}

func TestDeepMailboxesAreBusyUntilTheyAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := choreSystem(t)
		deep, shallow := choreKind.Ref(s, "deep"), choreKind.Ref(s, "shallow")
		goOn := make(chan struct{})
		for _, c := range []struct {
			to engine.Ref[any]
			n  int
		}{{deep, 33}, {shallow, 32}} {
			for range c.n {
				c.to.Tell(&chore{goOn})
			}
		}
		synctest.Wait()
		if got := busyOf(s); len(got) != 1 || got["deep"].Depth != 33 {
			t.Errorf("busy: %v, want the one with 33 messages", got)
		}
		step := func(n int) {
			for range n {
				goOn <- struct{}{}
			}
			synctest.Wait()
		}
		step(32 + 17) // both go on at once, in any order, until 16 are left to one of them at least
		for deepNow := busyOf(s)["deep"].Depth; deepNow > 15; deepNow = busyOf(s)["deep"].Depth {
			step(1)
		}
		if got := busyOf(s); len(got) != 0 {
			t.Errorf("busy: %v, though no mailbox is deep", got)
		}
		close(goOn)
		synctest.Wait()
		for range 40 {
			deep.Tell(ping{})
		}
		time.Sleep(time.Minute) // it leaves memory
		if got := busyOf(s); len(got) != 0 || s.Live() != 0 {
			t.Errorf("busy: %v, %d cells in memory", got, s.Live())
		}
	})
}

// TestAStuckMessageIsFoundByALook has one message that nothing follows.
func TestAStuckMessageIsFoundByALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := choreSystem(t)
		r := choreKind.Ref(s, "stuck")
		goOn := make(chan struct{})
		r.Tell(&chore{goOn})
		look := func() {
			synctest.Wait()
			s.Cells(func(engine.CellInfo) bool { return true })
		}
		time.Sleep(4800 * time.Millisecond)
		look()
		if got := busyOf(s); len(got) != 0 {
			t.Errorf("busy after 4.8 s: %v", got)
		}
		time.Sleep(400 * time.Millisecond)
		if got := busyOf(s); len(got) != 0 {
			t.Errorf("busy, though nobody has looked: %v", got)
		}
		look()
		time.Sleep(10 * time.Second)
		if got := busyOf(s)["stuck"]; got.Depth != 1 || got.Oldest < 15*time.Second || got.Oldest > 15300*time.Millisecond {
			t.Errorf("found %+v, want one message of 15.2 s", got)
		}
		close(goOn)
		synctest.Wait()
		if got := busyOf(s); len(got) != 0 {
			t.Errorf("busy: %v", got)
		}
	})
}

func TestOneMessageInSixtyFourIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := choreSystem(t)
		const cells, each = 64, 64
		goOn := make(chan struct{})
		for i := range cells {
			r := choreKind.Ref(s, fmt.Sprint(i))
			for range each {
				r.Tell(&chore{goOn})
			}
		}
		time.Sleep(30 * time.Millisecond)
		close(goOn)
		synctest.Wait()
		k := kindStatsOf(s, "chores")
		took := k.Took["chore"]
		if n := took.Count(); n != cells || n != k.Wait.Count() || n != k.Found.Count() {
			t.Errorf("measured %d handlers, %d waits, %d depths of %d messages, want %d of each", n, k.Wait.Count(), k.Found.Count(), cells*each, cells)
		}
		if k.Wait.Sum < 0.9*0.03*cells || k.Wait.Sum > 1.1*0.03*cells {
			t.Errorf("%d waits of 30 ms are %v s", cells, k.Wait.Sum)
		}
		if k.Activation.Count() == 0 || k.Activations != cells {
			t.Errorf("%d of %d activations are measured", k.Activation.Count(), k.Activations)
		}
		if mean := k.Found.Sum / cells; mean < 24 || mean > 41 {
			t.Errorf("messages found %v on average, want about 32", mean)
		}
	})
}

func TestWatermarkIsOfTheLastMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := choreSystem(t)
		r := choreKind.Ref(s, "a")
		goOn := make(chan struct{})
		r.Tell(&chore{goOn})
		synctest.Wait()
		for range 50 {
			r.Tell(ping{})
		}
		close(goOn)
		synctest.Wait()
		for at := 10; at <= 90; at += 10 {
			time.Sleep(10 * time.Second)
			got := kindStatsOf(s, "chores")
			switch {
			case at <= 60 && got.Peak < 50:
				t.Errorf("after %d s the watermark is %d, want 50 at least", at, got.Peak)
			case at > 70 && got.Peak != 0:
				t.Errorf("after %d s the watermark is %d, want 0", at, got.Peak)
			case got.MaxDepth < 50:
				t.Errorf("the greatest depth of all is %d", got.MaxDepth)
			}
		}
	})
}

func TestEndsAreCountedByReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := choreSystem(t)
		choreKind.Ref(s, "a").Tell(ping{})
		time.Sleep(time.Minute)
		r, err := engine.Spawn(s, "b", func() engine.Actor[any] { return chores{} })
		if err != nil {
			t.Fatal(err)
		}
		r.Stop()
		synctest.Wait()
		if k := kindStatsOf(s, "chores"); k.Passivations != 1 || k.Ended[engine.ReasonStopped] != 0 {
			t.Errorf("of the grain: %d passivations, ends %v", k.Passivations, k.Ended)
		}
		if k := kindStatsOf(s, "cell"); k.Ended[engine.ReasonStopped] != 1 {
			t.Errorf("of the cell: ends %v", k.Ended)
		}
		if _, ok := s.Cell("chores", "a"); ok {
			t.Error("a grain that has left is there")
		}
	})
}
