package engine_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

func TestStopComesThroughBehindAPanicInStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		gate := make(chan struct{})
		blocker, _ := engine.Spawn(s, "blocker", acting(&hooks{}))
		blocker.Tell(func(*engine.Context[script]) { <-gate })
		synctest.Wait()
		n := 0
		a, _ := engine.Spawn(s, "a", acting(&hooks{started: func(*engine.Context[script]) {
			if n++; n == 1 {
				panic("first start")
			}
		}}))
		ended := a.Stop()
		close(gate)
		sleepWait(time.Minute)
		if !isClosed(ended) {
			t.Errorf("Stop's channel is still open after a minute; starts: %d", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("System.Stop: %v", err)
		}
	})
}

func TestSystemStopComesThroughBehindAPanicInStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		gate := make(chan struct{})
		blocker, _ := engine.Spawn(s, "blocker", acting(&hooks{}))
		blocker.Tell(func(*engine.Context[script]) { <-gate })
		synctest.Wait()
		n := 0
		_, _ = engine.Spawn(s, "a", acting(&hooks{started: func(*engine.Context[script]) {
			if n++; n == 1 {
				panic("first start")
			}
		}}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() { time.Sleep(time.Millisecond); close(gate) }()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("System.Stop: %v (nothing runs but an actor whose first Started panicked)", err)
		}
	})
}

func TestWatchComesThroughBehindAPanicInStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		told := 0
		w, _ := engine.Spawn(s, "w", acting(&hooks{}))
		w.Tell(func(c *engine.Context[script]) {
			a, _ := engine.Spawn(s, "a", acting(&hooks{started: func(*engine.Context[script]) { panic("no") }}),
				engine.WithSupervision(engine.Supervision{Limit: 1, Decide: func(engine.Failure) engine.Directive { return engine.Restart }}))
			engine.Watch(c, a, func(engine.Terminated) script { return func(*engine.Context[script]) { told++ } })
		})
		sleepWait(time.Minute)
		if told != 1 {
			t.Errorf("told %d times, expected once", told)
		}
	})
}

func TestASubscriberThatPanicsFailsAlone(t *testing.T) {
	survives(t, "subscriber", func(s *engine.System) {
		engine.DeadLetters.Subscribe(s, func(engine.DeadLetter) { panic("subscriber") })
		a, _ := engine.Spawn(s, "a", acting(&hooks{}))
		a.Tell(func(*engine.Context[script]) { panic("handler") })
		time.Sleep(200 * time.Millisecond)
	})
}

func TestASubscriberOfFailuresThatPanicsFailsAlone(t *testing.T) {
	survives(t, "lives", func(s *engine.System) {
		engine.Lives.Subscribe(s, func(l engine.Life) {
			if l.Phase == engine.PhaseFailed {
				panic("subscriber")
			}
		})
		a, _ := engine.Spawn(s, "a", acting(&hooks{}))
		a.Tell(func(*engine.Context[script]) { panic("handler") })
		time.Sleep(200 * time.Millisecond)
	})
}

// a Lives subscriber that panics at PhaseStopped leaves a cell behind that never ends.
func TestASubscriberThatPanicsDoesNotKeepActorsFromEnding(t *testing.T) {
	survives(t, "lives-stopped", func(s *engine.System) {
		engine.Lives.Subscribe(s, func(l engine.Life) {
			if l.Phase == engine.PhaseStopped {
				panic("subscriber")
			}
		})
		a, _ := engine.Spawn(s, "a", acting(&hooks{}))
		select {
		case <-a.Stop():
		case <-time.After(time.Second):
			os.Stdout.WriteString("Stop's channel open after 1 s\n")
			os.Exit(3)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			os.Stdout.WriteString("System.Stop: " + err.Error() + "\n")
			os.Exit(3)
		}
	})
}

func TestAHookThatEndsItsGoroutineEndsNothingElse(t *testing.T) {
	for _, hook := range []string{"stopping", "stopped", "restarting"} {
		t.Run(hook, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := workersSystem(t, 2)
				a := &hooks{}
				exit := func(*engine.Context[script]) { runtime.Goexit() }
				switch hook {
				case "stopping":
					a.stopping = exit
				case "stopped":
					a.stopped = runtime.Goexit
				case "restarting":
					a.restarting = exit
				}
				r, _ := engine.Spawn(s, "a", acting(a))
				if hook == "restarting" {
					r.Tell(func(*engine.Context[script]) { panic("x") })
					sleepWait(time.Second)
				}
				ended := r.Stop()
				sleepWait(time.Minute)
				if !isClosed(ended) {
					t.Errorf("Stop's channel is open after a minute")
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				if err := s.Stop(ctx); err != nil {
					t.Errorf("System.Stop: %v", err)
				}
			})
		})
	}
}

type jobEvent struct{ N int }

type jobDurable struct {
	hooks
	n int
}

func (a *jobDurable) Apply(e jobEvent) {
	switch {
	case e.N == -1:
		runtime.Goexit()
	case e.N == -2:
		panic("apply")
	}
	a.n += e.N
}

var jobDurables = engine.NewKind[script](engine.KindConfig{Name: "jobdurable", Role: "test", Idle: time.Hour})

func TestAReplayThatEndsItsGoroutineHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := codec.NewRegistry()
		codec.Register[jobEvent](r, "script.event")
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Messages: r})
		engine.ServeDurable(s, jobDurables, func(id string) engine.Durable[script, jobEvent] {
			if strings.HasPrefix(id, "bad") {
				runtime.Goexit()
			}
			return &jobDurable{}
		})
		answer := func(c *engine.Context[script]) { c.Respond(1) }
		if _, err := engine.AskTimeout[int, script](jobDurables.Ref(s, "good"), answer, time.Minute); err != nil {
			t.Fatal(err)
		}
		for i := range 64 {
			jobDurables.Ref(s, "bad"+string(rune('A'+i))).Tell(answer)
		}
		sleepWait(time.Second)
		if _, err := engine.AskTimeout[int, script](jobDurables.Ref(s, "good2"), answer, time.Minute); err != nil {
			t.Errorf("a grain that has no failure: %v", err)
		}
	})
}

func (nested) Apply(deposited) {}

func (nested) Handle(c *engine.Context[string], m string) {
	engine.Persist(c, []deposited{{1}}, func() { engine.Persist[deposited](c, nil, nil) })
}

var nester = engine.NewKind[string](engine.KindConfig{Name: "nester"})

func TestAFollowerOfDeadLettersMakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		engine.Serve(s, lastingGrains, func(string) engine.Actor[script] { return &hooks{} })
		gate := make(chan struct{})
		ref, _ := engine.Spawn(s, "follower", func() engine.Actor[script] {
			return &hooks{started: func(c *engine.Context[script]) {
				engine.Follow(c, engine.DeadLetters, func(engine.DeadLetter) script { return func(*engine.Context[script]) {} })
			}}
		}, engine.WithMailbox(2))
		synctest.Wait()
		ref.Tell(func(*engine.Context[script]) { <-gate })
		ref.Tell(func(*engine.Context[script]) {})
		synctest.Wait()
		ref.Tell(func(*engine.Context[script]) {}) // the one dead letter
		// the one that was refused, and the word of it, which doesn't fit either
		if n := statsOf(s, "cell").DeadLetters[engine.ReasonFull]; n != 2 {
			t.Errorf("%d dead letters, want 2", n)
		}
		close(gate)
	})
}

func TestAPanicInGoIsReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		failed := make(chan error, 1)
		ref, _ := engine.Spawn(s, "x", acting(&hooks{}), engine.WithSupervision(engine.Supervision{Decide: func(f engine.Failure) engine.Directive {
			failed <- f.Err
			return engine.Stop
		}}))
		ref.Tell(func(c *engine.Context[script]) { c.Go(func(context.Context) script { panic("boom") }) })
		if err := <-failed; err.Error() != `engine: cell "x" panicked: boom` {
			t.Errorf("error %.200s", err)
		}
	})
}

func (lateWriter) Handle(*engine.Context[string], string) {}

func (lateWriter) Stopping(c *engine.Context[string]) { engine.Persist(c, []deposited{{1}}, nil) }

func TestAForwardedQuestionOutlivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		b, _ := engine.Spawn(s, "b", func() engine.Actor[script] { return &hooks{} })
		a, _ := engine.Spawn(s, "a", func() engine.Actor[script] { return &hooks{} })
		m := script(func(c *engine.Context[script]) {
			engine.Forward(c, b, script(func(c *engine.Context[script]) { time.Sleep(time.Millisecond); c.Respond(7) }))
			panic("after forwarding")
		})
		n, err := engine.Ask[int](context.Background(), a, m)
		n2, err2 := engine.AskPID[int](context.Background(), s, a.PID(), m)
		if err != nil || err2 != nil {
			t.Errorf("Ask %d %v; AskPID %d %v", n, err, n2, err2)
		}
	})
}

func accountMessages() *codec.Registry {
	r := codec.NewRegistry()
	codec.Register[deposited](r, "account.deposited")
	return r
}

func TestHistoryNeedsAJournal(t *testing.T) {
	s, _ := engine.New(engine.Config{Log: enginetest.Silence})
	defer s.Kill()
	for range engine.History(context.Background(), s, lastingGrains, "a") {
	}
}

func TestPrivateIdentitiesStayOutOfErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := enginetest.NewSystem(t, enginetest.Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
		engine.Serve(s, secrets, func(string) engine.Actor[script] { return &hooks{} })
		secrets.Ref(s, "U123").Tell(func(c *engine.Context[script]) {
			for range 2 {
				if _, err := engine.SpawnChild(c, "k", func() engine.Actor[script] { return &hooks{} }); err != nil {
					panic(err)
				}
			}
		})
		synctest.Wait()
		if strings.Contains(out.String(), "U123") {
			i := strings.Index(out.String(), "U123")
			t.Errorf("logged: …%s", out.String()[max(0, i-60):i+12])
		}
	})
}

var secrets = engine.NewKind[script](engine.KindConfig{Name: "secret", Private: true})

// a Decide that panics while an append of the parent is in flight: the parent begins again before the journal has answered.
