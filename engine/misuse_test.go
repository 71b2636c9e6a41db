package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

type (
	owned   struct{ N int }
	foreign struct{ N int }
)

func (owned) isOwned() {}

// reckless does what its message says, in ways that it should not.
type reckless struct{ sum int }

func (a *reckless) Apply(e interface{ isOwned() }) { a.sum += e.(owned).N }
func (a *reckless) Snapshot() any                  { return struct{ Sum int }{a.sum} } // which has no name
func (a *reckless) Restore(any)                    {}
func (a *reckless) Handle(c *engine.Context[string], m string) {
	switch m {
	case "foreign":
		engine.Persist(c, []foreign{{1}}, nil)
	case "remind":
		c.Remind("r", c.Now().Add(time.Hour), nil)
	default:
		engine.Persist(c, []owned{{1}}, func() { c.Respond(a.sum) })
	}
}

var recklessGrains = engine.NewKind[string](engine.KindConfig{Name: "reckless", Role: "test", SnapshotEvery: 2})

func TestWhatWouldBreakAGrainLaterIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := codec.NewRegistry()
		codec.Register[owned](r, "owned")
		codec.Register[foreign](r, "foreign")
		s := enginetest.NewSystem(t, enginetest.Options{Messages: r, Log: enginetest.Silence})
		engine.ServeDurable(s, recklessGrains, func(string) engine.Durable[string, interface{ isOwned() }] { return &reckless{} })
		ref := recklessGrains.Ref(s, "a")
		for m, want := range map[string]string{"foreign": "foreign is no event of kind", "remind": "call OnReminder"} {
			var p *engine.PanicError
			if _, err := engine.AskTimeout[int](ref, m, time.Minute); !errors.As(err, &p) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", m, err)
			}
		}
		for n := range 5 { // the snapshots fail, the events don't
			if sum, err := engine.AskTimeout[int](ref, "own", time.Minute); sum != n+1 || err != nil {
				t.Errorf("event %d: %d, %v", n, sum, err)
			}
		}
	})
}

func TestAStashedMessageOverWhichItsHandlerFailsIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		tries := 0
		ref, _ := engine.Spawn(s, "a", acting(&hooks{}))
		var p *engine.PanicError
		if _, err := engine.AskTimeout[int](ref, script(func(c *engine.Context[script]) {
			tries++
			_ = c.Stash(nil)
			panic("after all")
		}), time.Minute); !errors.As(err, &p) {
			t.Errorf("answer %v", err)
		}
		sleepWait(time.Minute)
		if n := statsOf(s, "cell").DeadLetters[engine.ReasonFailed]; tries != 1 || n != 1 {
			t.Errorf("tried %d times, %d dead letters", tries, n)
		}
	})
}

func TestAQuestionThatHasEndedIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		ref, _ := engine.Spawn(s, "a", acting(&hooks{}))
		handled := 0
		ask := script(func(c *engine.Context[script]) { handled++; c.Respond(1) })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := engine.Ask[int](ctx, ref, ask); !errors.Is(err, context.Canceled) {
			t.Errorf("Ask: %v", err)
		}
		if _, err := engine.AskTimeout[int](ref, ask, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("AskTimeout: %v", err)
		}
		sleepWait(time.Second)
		if handled != 0 {
			t.Errorf("handled %d times", handled)
		}
	})
}

func TestAwaitedSaysWhetherAnybodyStillWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		ref, _ := engine.Spawn(s, "a", acting(&hooks{}))
		var got []bool
		note := script(func(c *engine.Context[script]) {
			got = append(got, c.Awaited())
			c.Respond(1)
			got = append(got, c.Awaited())
		})
		_, _ = engine.AskTimeout[int](ref, note, time.Second)
		ref.Tell(note)
		ref.Tell(func(*engine.Context[script]) { time.Sleep(time.Second) })
		_, _ = engine.AskTimeout[int](ref, note, time.Millisecond)
		sleepWait(time.Minute)
		if want := []bool{true, false, false, false, false, false}; len(got) != len(want) || got[0] != want[0] || got[1] || got[2] || got[4] {
			t.Errorf("awaited %v, want %v", got, want)
		}
	})
}
