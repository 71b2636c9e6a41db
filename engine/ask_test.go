package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// script is a message that is its own handler.
type script func(c *engine.Context[script])

var scripts = engine.NewKind[script](engine.KindConfig{Name: "script", Mailbox: 4, Idle: time.Minute})

func scriptSystem(t testing.TB) *engine.System {
	s := enginetest.NewSystem(t, enginetest.Options{Log: slog.New(slog.DiscardHandler)})
	engine.Serve(s, scripts, func(string) engine.Actor[script] { return &hooks{} })
	return s
}

func TestAnAskEnds(t *testing.T) {
	failure := errors.New("no such thing")
	for _, c := range []struct {
		name string
		f    script
		want func(int, error) bool
	}{
		{"with an answer", func(c *engine.Context[script]) { c.Respond(7) }, func(n int, err error) bool { return n == 7 && err == nil }},
		{"with the first of two answers", func(c *engine.Context[script]) { c.Respond(1); c.Respond(2) },
			func(n int, err error) bool { return n == 1 && err == nil }},
		{"with an error as the answer", func(c *engine.Context[script]) { c.Respond(failure) },
			func(_ int, err error) bool { return errors.Is(err, failure) }},
		{"without an answer", func(*engine.Context[script]) {}, func(_ int, err error) bool { return errors.Is(err, engine.ErrNoAnswer) }},
		{"with an answer of another type", func(c *engine.Context[script]) { c.Respond("7") },
			func(_ int, err error) bool { var e *engine.AnswerTypeError; return errors.As(err, &e) }},
		{"with a panic", func(*engine.Context[script]) { panic("oh") },
			func(_ int, err error) bool { var e *engine.PanicError; return errors.As(err, &e) && e.Value == "oh" }},
		{"with the end of the handler's goroutine", func(*engine.Context[script]) { runtime.Goexit() },
			func(_ int, err error) bool { var e *engine.PanicError; return errors.As(err, &e) }},
		{"with a panic in Go", func(c *engine.Context[script]) {
			c.Reply()
			c.Go(func(context.Context) script { panic("oh") })
		}, func(_ int, err error) bool { var e *engine.PanicError; return errors.As(err, &e) }},
		{"with a later answer", func(c *engine.Context[script]) {
			r := c.Reply()
			c.Go(func(context.Context) script {
				time.Sleep(time.Second)
				return func(*engine.Context[script]) { r.Send(3); r.Send(4) }
			})
		}, func(n int, err error) bool { return n == 3 && err == nil }},
		{"with its context", func(c *engine.Context[script]) { c.Reply() },
			func(_ int, err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := scriptSystem(t)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if n, err := engine.Ask[int](ctx, scripts.Ref(s, "a"), c.f); !c.want(n, err) {
					t.Fatalf("got %d, %v", n, err)
				}
				again := func(c *engine.Context[script]) { c.Respond(8) }
				if n, err := engine.Ask[int, script](ctx, scripts.Ref(s, "a"), again); err != nil && ctx.Err() == nil || err == nil && n != 8 {
					t.Fatalf("afterwards got %d, %v", n, err)
				}
			})
		})
	}
}

func TestAskOfNobodyFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		nobody := engine.NewKind[script](engine.KindConfig{Name: "nobody"})
		_, err := engine.Ask[int, script](t.Context(), nobody.Ref(s, "a"), nil)
		var dead *engine.DeadLetterError
		if !errors.As(err, &dead) || dead.Reason != "no_producer" {
			t.Fatalf("got %v", err)
		}
		if n := statsOf(s, "nobody").DeadLetters["no_producer"]; n != 1 {
			t.Fatalf("%d dead letters", n)
		}
	})
}

func TestLateAnswerReachesNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		r := scripts.Ref(s, "a")
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := engine.Ask[int, script](ctx, r, func(c *engine.Context[script]) {
				reply := c.Reply()
				time.AfterFunc(1500*time.Millisecond, func() { reply.Send(-1) })
			})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v", err)
			}
			if n, err := engine.Ask[int, script](t.Context(), r, func(c *engine.Context[script]) {
				reply := c.Reply()
				c.Go(func(context.Context) script { time.Sleep(time.Second); reply.Send(i); return nil })
			}); n != i || err != nil {
				t.Fatalf("ask %d: got %d, %v", i, n, err)
			}
		}
	})
}

func TestFullMailboxRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		r := scripts.Ref(s, "a")
		release := make(chan struct{})
		r.Tell(func(*engine.Context[script]) { <-release })
		synctest.Wait()
		var handled int
		for range 9 {
			r.Tell(func(*engine.Context[script]) { handled++ })
		}
		for info := range s.Cells {
			if info.ID == "a" && info.Depth != 4 {
				t.Errorf("depth %d, want 4", info.Depth)
			}
		}
		time.Sleep(10 * time.Second)
		for info := range s.Cells {
			if off := info.Oldest - 10*time.Second; info.ID == "a" && (off < -100*time.Millisecond || off > 100*time.Millisecond) {
				t.Errorf("oldest message waits %v, want 10s", info.Oldest)
			}
		}
		close(release)
		synctest.Wait()
		stats := statsOf(s, "script")
		if handled != 3 || stats.DeadLetters["full"] != 6 || stats.Depth != 0 || stats.Received != 4 || stats.Handled != 4 {
			t.Fatalf("handled %d, %+v", handled, stats)
		}
	})
}

func TestBlockedHandlersDoNotStopTheSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		release := make(chan struct{})
		for i := range 3 * runtime.GOMAXPROCS(0) {
			scripts.Ref(s, string(rune('a'+i))).Tell(func(*engine.Context[script]) { <-release })
		}
		n, err := engine.Ask[int, script](t.Context(), scripts.Ref(s, "free"), func(c *engine.Context[script]) { c.Respond(1) })
		if n != 1 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		if n := statsOf(s, "script").Blocked; n < uint64(runtime.GOMAXPROCS(0)) {
			t.Errorf("%d handlers were found to block", n)
		}
		close(release)
	})
}

// One handler that blocks is found though others go on, once; quick ones are not.
func TestABlockingHandlerIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		scripts.Ref(s, "slow").Tell(func(*engine.Context[script]) { time.Sleep(950 * time.Millisecond) })
		for range 100 {
			scripts.Ref(s, "quick").Tell(func(*engine.Context[script]) { time.Sleep(9 * time.Millisecond) })
			time.Sleep(10 * time.Millisecond)
		}
		if n := statsOf(s, "script").Blocked; n != 1 {
			t.Errorf("%d handlers were found to block", n)
		}
	})
}

func TestNilFromGoIsNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		scripts.Ref(s, "a").Tell(func(c *engine.Context[script]) {
			c.Go(func(context.Context) script { return nil })
		})
		synctest.Wait()
		if k := statsOf(s, "script"); k.Failed != 0 || k.Depth != 0 {
			t.Fatalf("%+v", k)
		}
	})
}

func TestManyAskers(t *testing.T) {
	s := benchSystem(t)
	r := active(t, s, "a")
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 200 {
				if ok, err := engine.Ask[bool, counterMsg](context.Background(), r, get{}); !ok || err != nil {
					t.Errorf("got %v, %v", ok, err)
				}
			}
		})
	}
	wg.Wait()
}
