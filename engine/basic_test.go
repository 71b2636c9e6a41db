package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/engine"
)

// counterMsg is the closed set of messages of a counter.
type counterMsg interface{ counterMsg() }

type (
	add struct{ n int }
	get struct{}
)

func (add) counterMsg() {}
func (get) counterMsg() {}

type counter struct{ sum int }

func (a *counter) Handle(c *engine.Context[counterMsg], m counterMsg) {
	switch m := m.(type) {
	case add:
		a.sum += m.n
	case get:
		c.Respond(a.sum)
	}
}

var counters = engine.NewKind[counterMsg](engine.KindConfig{Name: "counter", Role: "test", Idle: 10 * time.Second})

func newSystem(t *testing.T, cfg engine.Config) *engine.System {
	t.Helper()
	s, err := engine.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

func serveCounters(s *engine.System) {
	engine.Serve(s, counters, func(string) engine.Actor[counterMsg] { return &counter{} })
}

func TestTellThenAskSeesEveryMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSystem(t, engine.Config{})
		serveCounters(s)
		r := counters.Ref(s, "a/b")
		for range 1000 {
			r.Tell(add{1})
		}
		sum, err := engine.Ask[int, counterMsg](t.Context(), r, get{})
		if err != nil || sum != 1000 {
			t.Fatalf("got %d, %v; want 1000", sum, err)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestIdleGrainLeavesWithinAQuarterOfItsIdleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSystem(t, engine.Config{})
		serveCounters(s)
		counters.Ref(s, "a").Tell(add{1})
		for at := time.Second; ; at += time.Second {
			time.Sleep(time.Second)
			synctest.Wait()
			n := 0
			for range s.Cells {
				n++
			}
			if (n == 0) != (at > 12500*time.Millisecond) {
				t.Logf("%v: %d cells", at, n)
			}
			if at < 10*time.Second && n == 0 {
				t.Fatalf("gone after %v", at)
			}
			if at > 12500*time.Millisecond {
				if n != 0 {
					t.Fatalf("still there after %v", at)
				}
				return
			}
		}
	})
}

func TestHollywoodActorAndGrainReachEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSystem(t, engine.Config{})
		serveCounters(s)
		e := s.Engine()
		grain := counters.Ref(s, "x").PID()
		e.Send(grain, add{2})
		v, err := e.Request(grain, get{}, time.Second).Result()
		if err != nil || v != 2 {
			t.Fatalf("got %v, %v", v, err)
		}
		echo := e.SpawnFunc(func(c *actor.Context) {
			if m, ok := c.Message().(string); ok {
				c.Respond(m + "!")
			}
		}, "echo")
		answer, err := engine.AskPID[string](context.Background(), s, echo, "hello")
		if err != nil || answer != "hello!" {
			t.Fatalf("got %q, %v", answer, err)
		}
	})
}
