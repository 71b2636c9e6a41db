package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
)

func TestMovedMessagesArriveOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B", "C")
		r.net.SetLatency(time.Millisecond, 0)
		r.owns("B")
		if _, err := r.ask("A", "x", Roam{}); err != nil {
			t.Fatal(err)
		}
		// B has handed over to C; A doesn't know yet
		r.believes("B", "C")
		r.believes("C", "C")
		go r.systems["B"].Vacate(context.Background(), everybody)
		for n := range 100 {
			r.ref("A", "x").Tell(Roam{What: "note", N: n})
		}
		answer := make(chan Whereabouts, 1)
		go func() {
			got, err := r.ask("A", "x", Roam{})
			if err != nil {
				t.Error(err)
			}
			answer <- got
		}()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(r.log.all()); n != 0 {
			t.Errorf("%d handled before A knows better", n)
		}
		r.believes("A", "C")
		if got := <-answer; got.Member != "C" || got.Seen != 101 {
			t.Errorf("answer %v", got)
		}
		for n, line := range r.log.all() {
			if line != fmt.Sprintf("C x %d", n) {
				t.Fatalf("line %d is %q", n, line)
			}
		}
	})
}

func TestMessagesWaitWhileAnOwnerIsSettled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("soon")
		for n := range 10 {
			r.ref("A", "x").Tell(Roam{What: "note", N: n})
		}
		time.Sleep(time.Minute)
		r.owns("B")
		for n := range 10 {
			r.ref("A", "x").Tell(Roam{What: "note", N: 10 + n})
		}
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		lines := r.log.all()
		if len(lines) != 20 || lines[0] != "B x 0" || lines[19] != "B x 19" || !slices.IsSortedFunc(lines, func(a, b string) int {
			var i, j int
			fmt.Sscanf(a, "B x %d", &i)
			fmt.Sscanf(b, "B x %d", &j)
			return i - j
		}) {
			t.Errorf("lines %v", lines)
		}
	})
}

// TestMessagesReachAnOwnerThatLearnsOfItLater: the sender knew first, and its own places don't change any more; an owner that never learns
// of it is reported.
func TestMessagesReachAnOwnerThatLearnsOfItLater(t *testing.T) {
	for name, learns := range map[string]bool{"learns": true, "never": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRoad(t, "A", "B", "C")
				r.net.SetLatency(time.Millisecond, 0)
				r.owns("B")
				r.believes("B", "C")
				begin := time.Now()
				if learns {
					time.AfterFunc(25*time.Millisecond, func() { r.believes("B", "B") }) // asked at 0 and 52 ms
				}
				got, err := engine.AskTimeout[Whereabouts](roamers.Ref(r.systems["A"], "x"), Roam{What: "where"}, time.Minute)
				var dead *engine.DeadLetterError
				switch after := time.Since(begin); {
				case learns && (err != nil || got.Member != "B" || after != 54*time.Millisecond):
					t.Errorf("%+v, %v after %v", got, err, after)
				case !learns && (!errors.As(err, &dead) || dead.Reason != engine.ReasonNoRoute || after > 10*time.Second):
					t.Errorf("%+v, %v after %v", got, err, after)
				}
			})
		})
	}
}

// TestQuestionsThatCameBackOutliveTheirMember: a question that a member gave back is not answered by that member's end.
func TestQuestionsThatCameBackOutliveTheirMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.net.SetLatency(time.Millisecond, 0)
		r.believes("A", "B")
		r.believes("B", "A")
		time.AfterFunc(time.Millisecond, func() { r.believes("A", "soon") }) // it comes back at 2 ms, and waits
		time.AfterFunc(5*time.Millisecond, func() { r.systems["A"].MemberLost("B") })
		time.AfterFunc(10*time.Millisecond, func() { r.believes("A", "A") })
		got, err := engine.AskTimeout[Whereabouts](roamers.Ref(r.systems["A"], "x"), Roam{What: "where"}, time.Minute)
		if err != nil || got.Member != "A" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestRelaysAreCounted: the questions of others whose answers go through a member.
func TestRelaysAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("B")
		go func() {
			_, _ = engine.AskTimeout[Whereabouts](roamers.Ref(r.systems["A"], "x"), Roam{What: "slow", N: 100}, time.Minute)
		}()
		time.Sleep(50 * time.Millisecond)
		if a, b := r.systems["A"].Relays(), r.systems["B"].Relays(); a != 0 || b != 1 {
			t.Errorf("%d and %d while it is answered", a, b)
		}
		time.Sleep(100 * time.Millisecond)
		if n := r.systems["B"].Relays(); n != 0 {
			t.Errorf("%d afterwards", n)
		}
	})
}

func TestVacateWaitsForWorkAndSendsTheRestOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("A")
		slow := make(chan Whereabouts, 1)
		go func() {
			got, err := r.ask("A", "x", Roam{What: "slow", N: 500})
			if err != nil {
				t.Error(err)
			}
			slow <- got
		}()
		synctest.Wait()
		r.owns("B")
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 800*time.Millisecond)
		defer cancel()
		vacated := make(chan time.Duration, 1)
		go func() {
			r.systems["A"].Vacate(ctx, everybody)
			vacated <- time.Since(began)
		}()
		synctest.Wait()
		if got, err := r.ask("A", "x", Roam{}); err != nil || got.Member != "B" || got.Seen != 1 {
			t.Errorf("meanwhile: %v, %v", got, err)
		}
		if got := <-slow; got.Member != "A" {
			t.Errorf("the one that was in flight: %v", got)
		}
		if took := <-vacated; took != 500*time.Millisecond {
			t.Errorf("vacated after %s", took)
		}
		for range r.systems["A"].Cells {
			t.Error("a cell is left")
		}
	})
}

func TestVacateEndsWhatTakesTooLong(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("A")
		end := make(chan error, 1)
		go func() {
			_, err := r.ask("A", "x", Roam{What: "slow", N: 60_000})
			end <- err
		}()
		synctest.Wait()
		r.owns("B")
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 800*time.Millisecond)
		defer cancel()
		r.systems["A"].Vacate(ctx, everybody)
		if err := <-end; !errors.Is(err, engine.ErrStopped) || time.Since(began) != 800*time.Millisecond {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}
