package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

func TestNoChildBeginsInStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		refused := make(chan error, 1)
		engine.Serve(s, hourGrains, func(string) engine.Actor[script] {
			return &hooks{stopping: func(c *engine.Context[script]) {
				_, err := engine.SpawnChild(c, "late", acting(&hooks{}))
				refused <- err
			}}
		})
		hourGrains.Ref(s, "g").Tell(func(c *engine.Context[script]) { c.Passivate() })
		if err := <-refused; !errors.Is(err, engine.ErrStopped) {
			t.Errorf("SpawnChild in Stopping: %v", err)
		}
		sleepWait(time.Minute)
		for c := range s.Cells {
			t.Errorf("still in memory: %s %s", c.Kind, c.ID)
		}
	})
}

func TestStopIsDoneAfterItsDeadLetters(t *testing.T) {
	s := workersSystem(t, 2)
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
		a, err := engine.Spawn(s, "a", acting(&hooks{}))
		if err != nil {
			t.Fatal(err)
		}
		a.Tell(func(*engine.Context[script]) { close(begun); <-gate })
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

func TestSystemStopPublishesItsDeadLetters(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			s := workersSystem(t, 2)
			var seen atomic.Int64
			engine.DeadLetters.Subscribe(s, func(engine.DeadLetter) { seen.Add(1) })
			gate := make(chan struct{})
			a, _ := engine.Spawn(s, "a", acting(&hooks{}))
			begun := make(chan struct{})
			a.Tell(func(*engine.Context[script]) { close(begun); <-gate })
			<-begun
			for range 500 {
				a.Tell(nil)
			}
			time.AfterFunc(time.Millisecond, func() { close(gate) }) // when Stop waits already
			if err := s.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := seen.Load(); n != 500 {
				t.Fatalf("%d of 500 dead letters were published", n)
			}
		})
	}
}

func TestATouchOfALeavingGrainBringsItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		gate := make(chan struct{})
		starts := 0
		engine.Serve(s, hourGrains, func(string) engine.Actor[script] {
			starts++
			return &hooks{stopping: func(*engine.Context[script]) { <-gate }}
		})
		g := hourGrains.Ref(s, "g")
		g.Tell(func(c *engine.Context[script]) { c.Passivate() })
		synctest.Wait()
		g.Touch()
		close(gate)
		sleepWait(time.Minute)
		n := 0
		for range s.Cells {
			n++
		}
		if n != 1 || starts != 2 {
			t.Errorf("cells in memory: %d, activations: %d; Touch promises that the grain is in memory for an hour", n, starts)
		}
	})
}

func TestPoisonEndsOnceAKeptReplyIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		engine.Serve(s, lastingGrains, func(string) engine.Actor[script] { return &hooks{} })
		g := lastingGrains.Ref(s, "g")
		replies := make(chan engine.Reply, 1)
		go func() {
			_, _ = engine.Ask[int, script](context.Background(), g, func(c *engine.Context[script]) { replies <- c.Reply() })
		}()
		r := <-replies
		ended := g.Poison()
		sleepWait(time.Second)
		r.Send(1)
		sleepWait(time.Hour)
		if !isClosed(ended) {
			t.Error("Poison's channel is open an hour after the last reply was sent")
		}
	})
}

func TestAnEmptyPersistInAContinuationEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := codec.NewRegistry()
		codec.Register[jobEvent](r, "script.event")
		store := enginetest.NewStore()
		store.Latency = 100 * time.Millisecond
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Messages: r, Store: store})
		engine.ServeDurable(s, jobDurables, func(string) engine.Durable[script, jobEvent] { return &jobDurable{} })
		var left []string
		var otherStopped atomic.Bool
		engine.Lives.Subscribe(s, func(l engine.Life) {
			if l.Phase == engine.PhaseStopped && l.Kind == "jobdurable" {
				left = append(left, l.ID)
			}
		})
		other, _ := engine.Spawn(s, "other", acting(&hooks{stopped: func() { otherStopped.Store(true) }}))
		g := jobDurables.Ref(s, "g")
		g.Tell(func(c *engine.Context[script]) {
			engine.Persist(c, []jobEvent{{1}}, func() { engine.Persist[jobEvent](c, nil, nil) })
		})
		synctest.Wait()
		ended := g.Stop()
		sleepWait(time.Second)
		if !isClosed(ended) {
			t.Error("not ended")
		}
		if len(left) != 1 {
			t.Errorf("left memory: %q, expected once", left)
		}
		release := make(chan struct{})
		other.Tell(func(*engine.Context[script]) { <-release })
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			stopped <- s.Stop(ctx)
		}()
		sleepWait(time.Second)
		close(release)
		if err := <-stopped; err != nil {
			t.Errorf("System.Stop hangs: %v", err)
		}
		if !otherStopped.Load() {
			t.Error("System.Stop returned nil, and another actor was killed instead of stopped: its Stopped was not called")
		}
	})
}

func TestASecondSystemStopHeedsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 2)
		gate := make(chan struct{})
		a, _ := engine.Spawn(s, "a", acting(&hooks{}))
		a.Tell(func(*engine.Context[script]) { <-gate })
		synctest.Wait()
		go func() { _ = s.Stop(context.Background()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- s.Stop(ctx) }()
		sleepWait(time.Minute)
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

func TestTouchKeepsAGrainThatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 1}}})
		engine.Serve(s, shortLived, func(string) engine.Actor[script] { return &hooks{} })
		blocker, _ := engine.Spawn(s, "blocker", func() engine.Actor[script] { return &hooks{} })
		ref := shortLived.Ref(s, "g")
		ref.Tell(func(*engine.Context[script]) {})
		synctest.Wait()
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		blocker.Tell(func(*engine.Context[script]) { time.Sleep(600 * time.Millisecond) })
		synctest.Wait()
		time.Sleep(350*time.Millisecond + 500*time.Microsecond) // at 1250 ms the sweep finds it due, 1 ms later a stand-in comes for it
		synctest.Wait()
		ref.Touch()
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		for _, k := range s.Stats() {
			if k.Kind == "shortlived" && k.Passivations > 0 {
				t.Errorf("left 100 ms after a Touch; idle time is 1 s: active %d passivations %d", k.Active, k.Passivations)
			}
		}
	})
}

var shortLived = engine.NewKind[script](engine.KindConfig{Name: "shortlived", Idle: time.Second})

func TestPersistInStoppingIsRefusedAloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := enginetest.NewSystem(t, enginetest.Options{Messages: accountMessages(), Log: slog.New(slog.NewTextHandler(&out, nil))})
		engine.ServeDurable(s, lateWriters, func(string) engine.Durable[string, deposited] { return lateWriter{} })
		ref := lateWriters.Ref(s, "a")
		ref.Tell("x")
		synctest.Wait()
		<-ref.Stop()
		if !strings.Contains(out.String(), "Persist in Stopping or Restarting") {
			t.Errorf("log: %s", out.String())
		}
	})
}

type lateWriter struct{ nested }

var lateWriters = engine.NewKind[string](engine.KindConfig{Name: "latewriter"})

func TestPoisonOfABackoffSupervisorHandlesWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		n := 0
		ref, _ := engine.Spawn(s, "b", func() engine.Actor[script] {
			return &engine.BackoffSupervisor[script]{Child: func() engine.Actor[script] { return &hooks{} }}
		})
		synctest.Wait()
		for range 10 {
			ref.Tell(func(*engine.Context[script]) { time.Sleep(10 * time.Millisecond); n++ })
		}
		<-ref.Poison()
		if n != 10 {
			t.Errorf("%d of 10 messages sent before Poison were handled", n)
		}
	})
}

func TestASecondKillWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		ref, _ := engine.Spawn(s, "x", func() engine.Actor[script] { return &hooks{} })
		running := true
		ref.Tell(func(c *engine.Context[script]) { time.Sleep(2 * time.Second); running = false })
		synctest.Wait()
		go s.Kill()
		synctest.Wait()
		s.Kill()
		if running {
			t.Error("Kill returned while a handler runs")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
	})
}

func TestKillFromAnotherSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		b := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		x, _ := engine.Spawn(b, "x", func() engine.Actor[script] { return &hooks{} })
		y, _ := engine.Spawn(a, "y", func() engine.Actor[script] { return &hooks{} })
		running := true
		x.Tell(func(c *engine.Context[script]) { time.Sleep(2 * time.Second); running = false })
		synctest.Wait()
		y.Tell(func(c *engine.Context[script]) {
			b.Kill()
			if running {
				t.Error("Kill returned while a handler runs")
			}
		})
		time.Sleep(5 * time.Second)
		synctest.Wait()
	})
}

func TestStopInAHandlerIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		ref, _ := engine.Spawn(s, "x", func() engine.Actor[script] { return &hooks{} })
		told := make(chan error, 1)
		ref.Tell(func(*engine.Context[script]) { told <- s.Stop(context.Background()) })
		if err := <-told; err == nil || !strings.Contains(err.Error(), "another goroutine") {
			t.Errorf("Stop in a handler: %v", err)
		}
	})
}
