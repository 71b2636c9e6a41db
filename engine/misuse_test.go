package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

type hooks struct {
	started, stopping func(c *engine.Context[script])
}

func (a hooks) Handle(c *engine.Context[script], m script) { m(c) }
func (a hooks) Started(c *engine.Context[script]) {
	if a.started != nil {
		a.started(c)
	}
}
func (a hooks) Stopping(c *engine.Context[script]) {
	if a.stopping != nil {
		a.stopping(c)
	}
}

type nested struct{}

func (nested) Apply(deposited) {}
func (nested) Handle(c *engine.Context[string], m string) {
	engine.Persist(c, []deposited{{1}}, func() { engine.Persist[deposited](c, nil, nil) })
}

var nester = engine.NewKind[string](engine.KindConfig{Name: "nester"})

var hooked = engine.NewKind[script](engine.KindConfig{Name: "hooked", Idle: -1})

func TestAFollowerOfDeadLettersMakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		engine.Serve(s, hooked, func(string) engine.Actor[script] { return hooks{} })
		gate := make(chan struct{})
		ref, _ := engine.Spawn(s, "follower", func() engine.Actor[script] {
			return hooks{started: func(c *engine.Context[script]) {
				engine.Follow(c, engine.DeadLetters, func(engine.DeadLetter) script { return func(*engine.Context[script]) {} })
			}}
		}, engine.WithMailbox(2))
		synctest.Wait()
		ref.Tell(func(*engine.Context[script]) { <-gate })
		ref.Tell(func(*engine.Context[script]) {})
		synctest.Wait()
		ref.Tell(func(*engine.Context[script]) {}) // the one dead letter
		for _, k := range s.Stats() {
			if n := k.DeadLetters["full"]; n > 2 {
				t.Errorf("one message was refused; %d dead letters", n)
			}
		}
		close(gate)
	})
}

func TestAPanicInGoIsReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		ref, _ := engine.Spawn(s, "x", func() engine.Actor[script] { return hooks{} }, engine.WithSupervision(engine.Supervision{Decide: func(f engine.Failure) engine.Directive {
			txt := f.Err.Error()
			if len(txt) > 200 {
				var p *engine.PanicError
				errors.As(f.Err, &p)
				t.Errorf("Value is a %T; %d characters: %.120s", p.Value, len(txt), txt)
			}
			return engine.Stop
		}}))
		ref.Tell(func(c *engine.Context[script]) { c.Go(func(context.Context) script { panic("boom") }) })
		synctest.Wait()
	})
}

func TestTouchKeepsAGrainThatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 1}}})
		engine.Serve(s, shortLived, func(string) engine.Actor[script] { return hooks{} })
		blocker, _ := engine.Spawn(s, "blocker", func() engine.Actor[script] { return hooks{} })
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

func (lateWriter) Handle(*engine.Context[string], string) {}
func (lateWriter) Stopping(c *engine.Context[string])     { engine.Persist(c, []deposited{{1}}, nil) }

var lateWriters = engine.NewKind[string](engine.KindConfig{Name: "latewriter"})

func TestPoisonOfABackoffSupervisorHandlesWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		n := 0
		ref, _ := engine.Spawn(s, "b", func() engine.Actor[script] {
			return &engine.BackoffSupervisor[script]{Child: func() engine.Actor[script] { return hooks{} }}
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

func TestAForwardedQuestionOutlivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		b, _ := engine.Spawn(s, "b", func() engine.Actor[script] { return hooks{} })
		a, _ := engine.Spawn(s, "a", func() engine.Actor[script] { return hooks{} })
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
func TestASecondKillWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		ref, _ := engine.Spawn(s, "x", func() engine.Actor[script] { return hooks{} })
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
		x, _ := engine.Spawn(b, "x", func() engine.Actor[script] { return hooks{} })
		y, _ := engine.Spawn(a, "y", func() engine.Actor[script] { return hooks{} })
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

func TestHistoryNeedsAJournal(t *testing.T) {
	s, _ := engine.New(engine.Config{Log: enginetest.Silence})
	defer s.Kill()
	for range engine.History(context.Background(), s, hooked, "a") {
	}
}

func TestPrivateIdentitiesStayOutOfErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := enginetest.NewSystem(t, enginetest.Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
		engine.Serve(s, secrets, func(string) engine.Actor[script] { return hooks{} })
		secrets.Ref(s, "U123").Tell(func(c *engine.Context[script]) {
			for range 2 {
				if _, err := engine.SpawnChild(c, "k", func() engine.Actor[script] { return hooks{} }); err != nil {
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

func TestStopInAHandlerIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
		ref, _ := engine.Spawn(s, "x", func() engine.Actor[script] { return hooks{} })
		told := make(chan error, 1)
		ref.Tell(func(*engine.Context[script]) { told <- s.Stop(context.Background()) })
		if err := <-told; err == nil || !strings.Contains(err.Error(), "another goroutine") {
			t.Errorf("Stop in a handler: %v", err)
		}
	})
}

func TestAChildsEndComesThroughBehindAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 1}, "kids": {Workers: 1}}})
		ended := 0
		var kid engine.Ref[script]
		p, _ := engine.Spawn(s, "p", func() engine.Actor[script] {
			return hooks{started: func(c *engine.Context[script]) {
				kid, _ = engine.SpawnChild(c, "k", func() engine.Actor[script] { return hooks{} }, engine.WithDispatcher("kids"), engine.WithSupervision(engine.Supervision{
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
