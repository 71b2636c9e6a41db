package engine_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// job is a message that is its own handler.
type job func(c *engine.Context[job])

type jobActor struct {
	started, stopping func(c *engine.Context[job])
	restarting        func(c *engine.Context[job])
	stopped           func()
}

func (a *jobActor) Handle(c *engine.Context[job], m job) {
	if m != nil {
		m(c)
	}
}
func (a *jobActor) Started(c *engine.Context[job]) {
	if a.started != nil {
		a.started(c)
	}
}
func (a *jobActor) Stopping(c *engine.Context[job]) {
	if a.stopping != nil {
		a.stopping(c)
	}
}
func (a *jobActor) Restarting(c *engine.Context[job], _ error) {
	if a.restarting != nil {
		a.restarting(c)
	}
}
func (a *jobActor) Stopped() {
	if a.stopped != nil {
		a.stopped()
	}
}

func jobOf(a *jobActor) func() engine.Actor[job] { return func() engine.Actor[job] { return a } }

var (
	jobGrains = engine.NewKind[job](engine.KindConfig{Name: "jobgrain", Role: "test", Idle: time.Hour})
	jobNever  = engine.NewKind[job](engine.KindConfig{Name: "jobnever", Role: "test", Idle: -1})
)

func jobSystem(t *testing.T, workers int) *engine.System {
	return enginetest.NewSystem(t, enginetest.Options{
		Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{engine.DefaultDispatcher: {Workers: workers}},
	})
}

func jobClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// D1: a panic while a system message is handled loses the system messages behind it: here Stop's.
func TestPanicInStartedLosesStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 1)
		gate := make(chan struct{})
		blocker, _ := engine.Spawn(s, "blocker", jobOf(&jobActor{}))
		blocker.Tell(func(*engine.Context[job]) { <-gate })
		synctest.Wait()
		n := 0
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{started: func(*engine.Context[job]) {
			if n++; n == 1 {
				panic("first start")
			}
		}}))
		ended := a.Stop()
		close(gate)
		jobSleep(time.Minute)
		if !jobClosed(ended) {
			t.Errorf("Stop's channel is still open after a minute; starts: %d", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("System.Stop: %v", err)
		}
	})
}

// D1b: the same loses a child's childEnded: the parent waits for ever. The panic is in the parent's continuation of a child's failure (Decide).
func TestPanicInSystemMessageLosesSystemStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 1)
		gate := make(chan struct{})
		blocker, _ := engine.Spawn(s, "blocker", jobOf(&jobActor{}))
		blocker.Tell(func(*engine.Context[job]) { <-gate })
		synctest.Wait()
		n := 0
		_, _ = engine.Spawn(s, "a", jobOf(&jobActor{started: func(*engine.Context[job]) {
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

// D1c: Watch of an actor whose Started panics: Terminated is lost.
func TestPanicInStartedLosesWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 1)
		told := 0
		w, _ := engine.Spawn(s, "w", jobOf(&jobActor{}))
		w.Tell(func(c *engine.Context[job]) {
			a, _ := engine.Spawn(s, "a", jobOf(&jobActor{started: func(*engine.Context[job]) { panic("no") }}),
				engine.WithSupervision(engine.Supervision{Limit: 1, Decide: func(engine.Failure) engine.Directive { return engine.Restart }}))
			engine.Watch(c, a, func(engine.Terminated) job { return func(*engine.Context[job]) { told++ } })
		})
		jobSleep(time.Minute)
		if told != 1 {
			t.Errorf("told %d times, expected once", told)
		}
	})
}

// D2: Decide that panics kills the process.
func TestDecidePanics(t *testing.T) {
	jobChild(t, "decide", func(s *engine.System) {
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{}), engine.WithSupervision(engine.Supervision{
			Decide: func(engine.Failure) engine.Directive { panic("decider") },
		}))
		a.Tell(func(*engine.Context[job]) { panic("handler") })
		time.Sleep(200 * time.Millisecond)
	})
}

// D3: a subscriber of DeadLetters or Lives that panics kills the process.
func TestSubscriberPanics(t *testing.T) {
	jobChild(t, "subscriber", func(s *engine.System) {
		engine.DeadLetters.Subscribe(s, func(engine.DeadLetter) { panic("subscriber") })
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{}))
		a.Tell(func(*engine.Context[job]) { panic("handler") })
		time.Sleep(200 * time.Millisecond)
	})
}

func TestLivesSubscriberPanics(t *testing.T) {
	jobChild(t, "lives", func(s *engine.System) {
		engine.Lives.Subscribe(s, func(l engine.Life) {
			if l.Phase == engine.PhaseFailed {
				panic("subscriber")
			}
		})
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{}))
		a.Tell(func(*engine.Context[job]) { panic("handler") })
		time.Sleep(200 * time.Millisecond)
	})
}

// a Lives subscriber that panics at PhaseStopped leaves a cell behind that never ends.
func TestLivesSubscriberPanicsAtStopped(t *testing.T) {
	jobChild(t, "lives-stopped", func(s *engine.System) {
		engine.Lives.Subscribe(s, func(l engine.Life) {
			if l.Phase == engine.PhaseStopped {
				panic("subscriber")
			}
		})
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{}))
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

// jobChild runs f in another process, which is expected to survive.
func jobChild(t *testing.T, name string, f func(s *engine.System)) {
	t.Helper()
	if os.Getenv("MISHAP_CHILD") == name {
		s, _ := engine.New(engine.Config{Log: enginetest.Silence})
		f(s)
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "MISHAP_CHILD="+name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(string(out), "\n")
		t.Errorf("the process ended: %v\n%s", err, strings.Join(lines[:min(len(lines), 6)], "\n"))
	}
}

// D4: a child that Stopping spawns outlives a grain that passivates.
func TestSpawnChildInStoppingOfPassivation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		childEnded := false
		engine.Serve(s, jobGrains, func(string) engine.Actor[job] {
			return &jobActor{stopping: func(c *engine.Context[job]) {
				_, err := engine.SpawnChild(c, "late", jobOf(&jobActor{stopped: func() { childEnded = true }}))
				t.Logf("SpawnChild in Stopping: %v", err)
			}}
		})
		g := jobGrains.Ref(s, "g")
		g.Tell(func(c *engine.Context[job]) { c.Passivate() })
		jobSleep(time.Minute)
		for c := range s.Cells {
			t.Errorf("still in memory after the grain has left: %s %s (child ended: %v)", c.Kind, c.ID, childEnded)
		}
	})
}

// D5: Resume after a failure in Started goes on with the half-started actor, the documentation says it is a Restart.
func TestResumeOfStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		starts, ready := 0, false
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{started: func(*engine.Context[job]) {
			if starts++; starts == 1 {
				panic("first start")
			}
			ready = true
		}}), engine.WithSupervision(engine.Supervision{Decide: func(engine.Failure) engine.Directive { return engine.Resume }}))
		handledUnready := false
		a.Tell(func(*engine.Context[job]) { handledUnready = !ready })
		jobSleep(time.Minute)
		if starts != 2 || handledUnready {
			t.Errorf("starts %d, expected 2; a message was handled by an actor whose Started had failed: %v", starts, handledUnready)
		}
	})
}

// D6: Goexit in a hook loses the actor or its end.
func TestGoexitInHooks(t *testing.T) {
	for _, hook := range []string{"stopping", "stopped", "restarting"} {
		t.Run(hook, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := jobSystem(t, 2)
				a := &jobActor{}
				exit := func(*engine.Context[job]) { runtime.Goexit() }
				switch hook {
				case "stopping":
					a.stopping = exit
				case "stopped":
					a.stopped = runtime.Goexit
				case "restarting":
					a.restarting = exit
				}
				r, _ := engine.Spawn(s, "a", jobOf(a))
				if hook == "restarting" {
					r.Tell(func(*engine.Context[job]) { panic("x") })
					jobSleep(time.Second)
				}
				ended := r.Stop()
				jobSleep(time.Minute)
				if !jobClosed(ended) {
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

// D7: dead letters of what was queued come after Stop's channel was closed.
func TestStopIsDoneBeforeItsDeadLetters(t *testing.T) {
	s := jobSystem(t, 2)
	const queued = 4000
	dead := func() uint64 {
		for _, k := range s.Stats() {
			if k.Kind == "cell" {
				return k.DeadLetters["stopped"]
			}
		}
		return 0
	}
	for range 20 {
		before := dead()
		gate, begun := make(chan struct{}), make(chan struct{})
		a, err := engine.Spawn(s, "a", jobOf(&jobActor{}))
		if err != nil {
			t.Fatal(err)
		}
		a.Tell(func(*engine.Context[job]) { close(begun); <-gate })
		<-begun
		for range queued {
			a.Tell(nil)
		}
		ended := a.Stop()
		close(gate)
		<-ended
		n := dead() - before
		if n != queued {
			t.Fatalf("when Stop's channel is closed %d of %d queued messages are dead letters", n, queued)
		}
	}
}

// D7b: System.Stop does not publish (all of) the dead letters.
func TestSystemStopDeadLettersArePublished(t *testing.T) {
	for range 50 {
		s := jobSystem(t, 2)
		var seen atomic.Int64
		engine.DeadLetters.Subscribe(s, func(engine.DeadLetter) { seen.Add(1) })
		gate := make(chan struct{})
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{}))
		begun := make(chan struct{})
		a.Tell(func(*engine.Context[job]) { close(begun); <-gate })
		<-begun
		for range 500 {
			a.Tell(nil)
		}
		time.AfterFunc(time.Millisecond, func() { close(gate) })
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := seen.Load(); n != 500 {
			t.Fatalf("%d of 500 dead letters were published", n)
		}
	}
}

// D8: Touch during Stopping of a passivation is lost.
func TestTouchWhileLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		gate := make(chan struct{})
		starts := 0
		engine.Serve(s, jobGrains, func(string) engine.Actor[job] {
			starts++
			return &jobActor{stopping: func(*engine.Context[job]) { <-gate }}
		})
		g := jobGrains.Ref(s, "g")
		g.Tell(func(c *engine.Context[job]) { c.Passivate() })
		synctest.Wait()
		g.Touch()
		close(gate)
		jobSleep(time.Minute)
		n := 0
		for range s.Cells {
			n++
		}
		if n != 1 || starts != 2 {
			t.Errorf("cells in memory: %d, activations: %d; Touch promises that the grain is in memory for an hour", n, starts)
		}
	})
}

// D9: a grain that was told to leave (Poison) while a reply was kept does not leave when the reply is sent.
func TestPoisonWithKeptReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		engine.Serve(s, jobNever, func(string) engine.Actor[job] { return &jobActor{} })
		g := jobNever.Ref(s, "g")
		replies := make(chan engine.Reply, 1)
		go func() {
			_, _ = engine.Ask[int, job](context.Background(), g, func(c *engine.Context[job]) { replies <- c.Reply() })
		}()
		r := <-replies
		ended := g.Poison()
		jobSleep(time.Second)
		r.Send(1)
		jobSleep(time.Hour)
		if !jobClosed(ended) {
			t.Error("Poison's channel is open an hour after the last reply was sent")
		}
	})
}

// D10: handlers that take 20 ms each are reported as blocked.
func TestShortHandlersAreNotBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 1)
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{}), engine.WithMailbox(31))
		synctest.Wait()
		for range 31 {
			a.Tell(func(*engine.Context[job]) { time.Sleep(20 * time.Millisecond) })
		}
		jobSleep(time.Minute)
		for _, k := range s.Stats() {
			if k.Blocked > 0 {
				t.Errorf("Blocked = %d, no handler took 100 ms", k.Blocked)
			}
		}
	})
}

// D11: a continuation that persists nothing, with a Stop pending: the grain leaves twice.
func TestStopWithEmptyPersistInContinuation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := codec.NewRegistry()
		codec.Register[jobEvent](r, "job.event")
		store := enginetest.NewStore()
		store.Latency = 100 * time.Millisecond
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Messages: r, Store: store})
		engine.ServeDurable(s, jobDurables, func(string) engine.Durable[job, jobEvent] { return &jobDurable{} })
		var left []string
		var otherStopped atomic.Bool
		engine.Lives.Subscribe(s, func(l engine.Life) {
			if l.Phase == engine.PhaseStopped && l.Kind == "jobdurable" {
				left = append(left, l.ID)
			}
		})
		other, _ := engine.Spawn(s, "other", jobOf(&jobActor{stopped: func() { otherStopped.Store(true) }}))
		g := jobDurables.Ref(s, "g")
		g.Tell(func(c *engine.Context[job]) {
			engine.Persist(c, []jobEvent{{1}}, func() { engine.Persist[jobEvent](c, nil, nil) })
		})
		synctest.Wait()
		ended := g.Stop()
		jobSleep(time.Second)
		if !jobClosed(ended) {
			t.Error("not ended")
		}
		if len(left) != 1 {
			t.Errorf("left memory: %q, expected once", left)
		}
		release := make(chan struct{})
		other.Tell(func(*engine.Context[job]) { <-release })
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			stopped <- s.Stop(ctx)
		}()
		jobSleep(time.Second)
		close(release)
		if err := <-stopped; err != nil {
			t.Errorf("System.Stop hangs: %v", err)
		}
		if !otherStopped.Load() {
			t.Error("System.Stop returned nil, and another actor was killed instead of stopped: its Stopped was not called")
		}
	})
}

type jobEvent struct{ N int }

type jobDurable struct {
	jobActor
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

var jobDurables = engine.NewKind[job](engine.KindConfig{Name: "jobdurable", Role: "test", Idle: time.Hour})

// D12: Goexit while a durable grain is produced: its Ask never ends, and 64 of them end all replays.
func TestGoexitInReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := codec.NewRegistry()
		codec.Register[jobEvent](r, "job.event")
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Messages: r})
		engine.ServeDurable(s, jobDurables, func(id string) engine.Durable[job, jobEvent] {
			if strings.HasPrefix(id, "bad") {
				runtime.Goexit()
			}
			return &jobDurable{}
		})
		answer := func(c *engine.Context[job]) { c.Respond(1) }
		if _, err := engine.AskTimeout[int, job](jobDurables.Ref(s, "good"), answer, time.Minute); err != nil {
			t.Fatal(err)
		}
		for i := range 64 {
			jobDurables.Ref(s, "bad"+string(rune('A'+i))).Tell(answer)
		}
		jobSleep(time.Second)
		if _, err := engine.AskTimeout[int, job](jobDurables.Ref(s, "good2"), answer, time.Minute); err != nil {
			t.Errorf("a grain that has no failure: %v", err)
		}
	})
}

// D13: an older backoff's timer ends a newer, longer pause.
func TestBackoffIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		var bStarts []time.Time
		var a, b engine.Ref[job]
		p, _ := engine.Spawn(s, "p", jobOf(&jobActor{}))
		p.Tell(func(c *engine.Context[job]) {
			a, _ = engine.SpawnChild(c, "a", jobOf(&jobActor{}), engine.WithSupervision(engine.Supervision{
				AllForOne: true, Backoff: engine.Backoff{First: 10 * time.Second, Max: 10 * time.Second, Jitter: -1}, Window: time.Hour,
			}))
			b, _ = engine.SpawnChild(c, "b", jobOf(&jobActor{started: func(*engine.Context[job]) { bStarts = append(bStarts, time.Now()) }}),
				engine.WithSupervision(engine.Supervision{Backoff: engine.Backoff{First: time.Second, Max: time.Second, Jitter: -1}, Window: time.Hour}))
		})
		synctest.Wait()
		fail := func(*engine.Context[job]) { panic("x") }
		a.Tell(fail) // all restart at once
		synctest.Wait()
		b.Tell(fail)
		synctest.Wait()
		b.Tell(fail) // b pauses 1 s
		synctest.Wait()
		at := time.Now()
		a.Tell(fail) // all pause 10 s
		jobSleep(time.Minute)
		last := bStarts[len(bStarts)-1].Sub(at)
		if last < 10*time.Second {
			t.Errorf("b began %v after a verdict with a pause of 10 s", last)
		}
	})
}

// D14: a Limit above 1024 is never exceeded.
func TestLimitAbove1024(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		n := 0
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{}), engine.WithSupervision(engine.Supervision{
			Decide: func(engine.Failure) engine.Directive { return engine.Resume }, Limit: 1100, Window: time.Hour,
		}), engine.WithMailbox(engine.Unbounded))
		for range 1500 {
			a.Tell(func(*engine.Context[job]) { n++; panic("x") })
		}
		synctest.Wait()
		if n != 1101 {
			t.Errorf("%d failures before the actor ended, Limit is 1100", n)
		}
	})
}

// D15: the second Stop of a system ignores its context and the kill.
func TestSecondSystemStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		gate := make(chan struct{})
		a, _ := engine.Spawn(s, "a", jobOf(&jobActor{}))
		a.Tell(func(*engine.Context[job]) { <-gate })
		synctest.Wait()
		go func() { _ = s.Stop(context.Background()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- s.Stop(ctx) }()
		jobSleep(time.Minute)
		select {
		case err := <-done:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		default:
			t.Error("the second Stop, whose context ended after 1 s, still waits after a minute")
		}
		close(gate)
		synctest.Wait()
	})
}

// D16: AllForOne: a Decide that panics in the parent leaves the child judged for ever when the parent resumes.
func TestDecidePanicsInTheParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		var a engine.Ref[job]
		p, _ := engine.Spawn(s, "p", jobOf(&jobActor{}), engine.WithSupervision(engine.Supervision{Decide: func(engine.Failure) engine.Directive { return engine.Resume }}))
		p.Tell(func(c *engine.Context[job]) {
			a, _ = engine.SpawnChild(c, "a", jobOf(&jobActor{}), engine.WithSupervision(engine.Supervision{
				AllForOne: true, Decide: func(engine.Failure) engine.Directive { panic("decider") },
			}))
		})
		synctest.Wait()
		a.Tell(func(*engine.Context[job]) { panic("x") })
		_, err := engine.AskTimeout[int, job](a, func(c *engine.Context[job]) { c.Respond(1) }, time.Hour)
		t.Logf("err %v", err)
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("the child neither goes on nor ends")
		}
	})
}

// D17: produce that returns nil makes Active grow.
func TestActiveAfterNilProduce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := jobSystem(t, 2)
		_, _ = engine.Spawn(s, "a", func() engine.Actor[job] { return nil }, engine.WithSupervision(engine.Supervision{Limit: 3}))
		jobSleep(time.Hour)
		for _, k := range s.Stats() {
			if k.Active != 0 {
				t.Errorf("%s: Active = %d, there is no actor", k.Kind, k.Active)
			}
		}
	})
}

// jobSleep lets a bubble's time pass and its actors come to rest.
func jobSleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
