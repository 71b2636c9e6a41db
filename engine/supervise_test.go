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
	"hayauma.example/engine/journal"
)

func TestADecideThatPanicsStopsTheActor(t *testing.T) {
	survives(t, "decide", func(s *engine.System) {
		a, _ := engine.Spawn(s, "a", acting(&hooks{}), engine.WithSupervision(engine.Supervision{
			Decide: func(engine.Failure) engine.Directive { panic("decider") },
		}))
		a.Tell(func(*engine.Context[script]) { panic("handler") })
		time.Sleep(200 * time.Millisecond)
	})
}

func TestResumeOfAFailedStartIsARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		starts, ready := 0, false
		a, _ := engine.Spawn(s, "a", acting(&hooks{started: func(*engine.Context[script]) {
			if starts++; starts == 1 {
				panic("first start")
			}
			ready = true
		}}), engine.WithSupervision(engine.Supervision{Decide: func(engine.Failure) engine.Directive { return engine.Resume }}))
		handledUnready := false
		a.Tell(func(*engine.Context[script]) { handledUnready = !ready })
		sleepWait(time.Minute)
		if starts != 2 || handledUnready {
			t.Errorf("starts %d, expected 2; a message was handled by an actor whose Started had failed: %v", starts, handledUnready)
		}
	})
}

func TestAnOldPauseDoesNotEndANewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		var bStarts []time.Time
		var a, b engine.Ref[script]
		p, _ := engine.Spawn(s, "p", acting(&hooks{}))
		p.Tell(func(c *engine.Context[script]) {
			a, _ = engine.SpawnChild(c, "a", acting(&hooks{}), engine.WithSupervision(engine.Supervision{
				AllForOne: true, Backoff: engine.Backoff{First: 10 * time.Second, Max: 10 * time.Second, Jitter: -1}, Window: time.Hour,
			}))
			b, _ = engine.SpawnChild(c, "b", acting(&hooks{started: func(*engine.Context[script]) { bStarts = append(bStarts, time.Now()) }}),
				engine.WithSupervision(engine.Supervision{Backoff: engine.Backoff{First: time.Second, Max: time.Second, Jitter: -1}, Window: time.Hour}))
		})
		synctest.Wait()
		fail := func(*engine.Context[script]) { panic("x") }
		a.Tell(fail) // all restart at once
		synctest.Wait()
		b.Tell(fail)
		synctest.Wait()
		b.Tell(fail) // b pauses 1 s
		synctest.Wait()
		at := time.Now()
		a.Tell(fail) // all pause 10 s
		sleepWait(time.Minute)
		last := bStarts[len(bStarts)-1].Sub(at)
		if last < 10*time.Second {
			t.Errorf("b began %v after a verdict with a pause of 10 s", last)
		}
	})
}

func TestALimitMayBeLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		n := 0
		a, _ := engine.Spawn(s, "a", acting(&hooks{}), engine.WithSupervision(engine.Supervision{
			Decide: func(engine.Failure) engine.Directive { return engine.Resume }, Limit: 1100, Window: time.Hour,
		}), engine.WithMailbox(engine.Unbounded))
		for range 1500 {
			a.Tell(func(*engine.Context[script]) { n++; panic("x") })
		}
		synctest.Wait()
		if n != 1101 {
			t.Errorf("%d failures before the actor ended, Limit is 1100", n)
		}
	})
}

func TestADecideThatPanicsInTheParentLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		var a engine.Ref[script]
		p, _ := engine.Spawn(s, "p", acting(&hooks{}),
			engine.WithSupervision(engine.Supervision{Decide: func(engine.Failure) engine.Directive { return engine.Resume }}))
		p.Tell(func(c *engine.Context[script]) {
			a, _ = engine.SpawnChild(c, "a", acting(&hooks{}), engine.WithSupervision(engine.Supervision{
				AllForOne: true, Decide: func(engine.Failure) engine.Directive { panic("decider") },
			}))
		})
		synctest.Wait()
		a.Tell(func(*engine.Context[script]) { panic("x") })
		_, err := engine.AskTimeout[int, script](a, func(c *engine.Context[script]) { c.Respond(1) }, time.Hour)
		t.Logf("err %v", err)
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("the child neither goes on nor ends")
		}
	})
}

func TestAProduceWithoutActorCountsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		_, _ = engine.Spawn(s, "a", func() engine.Actor[script] { return nil }, engine.WithSupervision(engine.Supervision{Limit: 3}))
		sleepWait(time.Hour)
		for _, k := range s.Stats() {
			if k.Active != 0 {
				t.Errorf("%s: Active = %d, there is no actor", k.Kind, k.Active)
			}
		}
	})
}

type nested struct{}

func TestARefusedAppendIsARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		fail := true
		store.Fault = func(c journal.Call) error {
			if c.Op == "append" && fail && !c.Done {
				fail = false
				return journal.ErrFull
			}
			return nil
		}
		s := enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: accountMessages(), Log: enginetest.Silence})
		engine.ServeDurable(s, nester, func(string) engine.Durable[string, deposited] { return nested{} })
		var phases []string
		engine.Lives.Subscribe(s, func(l engine.Life) { phases = append(phases, l.Phase.String()) })
		nester.Ref(s, "a").Tell("x")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := strings.Join(phases, " "); got != "started failed restarting started" {
			t.Error(got)
		}
	})
}

func TestAChildsEndComesThroughBehindAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence,
			Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 1}, "kids": {Workers: 1}}})
		ended := 0
		var kid engine.Ref[script]
		p, _ := engine.Spawn(s, "p", func() engine.Actor[script] {
			return &hooks{started: func(c *engine.Context[script]) {
				kid, _ = engine.SpawnChild(c, "k", func() engine.Actor[script] { return &hooks{} }, engine.WithDispatcher("kids"),
					engine.WithSupervision(engine.Supervision{
						AllForOne: true, Decide: func(engine.Failure) engine.Directive { panic(errors.New("decide")) }}))
			}}
		})
		synctest.Wait()
		gate := make(chan struct{})
		p.Tell(func(*engine.Context[script]) { <-gate })
		synctest.Wait()
		kid.Tell(func(*engine.Context[script]) { panic("boom") })
		synctest.Wait()
		kid.Stop()
		synctest.Wait()
		close(gate) // the parent meets childFailed, then childEnded
		time.Sleep(time.Minute)
		synctest.Wait()
		done := p.Stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case <-done:
		default:
			t.Error("the parent waits for a child that has left")
		}
		_ = ended
	})
}

func TestADecideThatPanicsWaitsForTheAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := codec.NewRegistry()
		codec.Register[jobEvent](reg, "script.event")
		store := enginetest.NewStore()
		store.Latency = time.Second
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Messages: reg, Store: store})
		var last *jobDurable
		engine.ServeDurable(s, jobDurables, func(string) engine.Durable[script, jobEvent] { last = &jobDurable{}; return last })
		g := jobDurables.Ref(s, "g")
		var kid engine.Ref[script]
		g.Tell(func(c *engine.Context[script]) {
			kid, _ = engine.SpawnChild(c, "kid", acting(&hooks{}), engine.WithSupervision(engine.Supervision{
				AllForOne: true, Decide: func(engine.Failure) engine.Directive { panic("decider") },
			}))
		})
		sleepWait(time.Minute)
		persist := func(c *engine.Context[script]) {
			engine.Persist(c, []jobEvent{{1}}, func() { c.Respond(1) })
		}
		g.Tell(func(c *engine.Context[script]) { engine.Persist(c, []jobEvent{{100}}, nil) })
		synctest.Wait()
		kid.Tell(func(*engine.Context[script]) { panic("x") })
		synctest.Wait()
		for i := range 3 {
			_, err := engine.AskTimeout[int, script](g, persist, time.Minute)
			t.Logf("ask %d: %v", i, err)
		}
		sleepWait(time.Minute)
		var stored []int
		for e, err := range engine.History(t.Context(), s, jobDurables, "g") {
			if err != nil {
				t.Errorf("history: %v", err)
				break
			}
			stored = append(stored, e.Event.(jobEvent).N)
		}
		live := last.n
		<-g.Stop()
		g.Touch()
		sleepWait(time.Minute)
		t.Logf("stored %v, state before %d, after a new activation %d", stored, live, last.n)
		if ones := len(stored) - 1; ones != 3 || live != last.n {
			t.Errorf("three events of 1 were confirmed; stored: %v; state %d, after a new activation %d", stored, live, last.n)
		}
	})
}
