package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// collector is a Hollywood actor that keeps what it receives.
type collector struct {
	mu  sync.Mutex
	got []any // guarded by mu
}

func collect(e *actor.Engine, name string) (*actor.PID, *collector) {
	c := &collector{}
	return e.SpawnFunc(func(ctx *actor.Context) {
		switch m := ctx.Message().(type) {
		case actor.Initialized, actor.Started, actor.Stopped:
		default:
			c.mu.Lock()
			defer c.mu.Unlock()
			c.got = append(c.got, m)
		}
	}, name), c
}

func (c *collector) messages() []any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// deadLetters subscribes to the event stream.
func deadLetters(s *engine.System) func() []string {
	pid, c := collect(s.Engine(), "dead")
	s.Engine().Subscribe(pid)
	return func() (out []string) {
		for _, m := range c.messages() {
			if d, ok := m.(actor.DeadLetterEvent); ok {
				out = append(out, fmt.Sprintf("%s: %v", d.Target.ID, d.Message))
			}
		}
		return out
	}
}

// echoer answers what it gets, with its name before it, and forwards to whom it is told.
type echoer struct{}

func (echoer) Handle(c *engine.Context[any], m any) {
	switch m := m.(type) {
	case *actor.PID:
		c.System().Engine().SendWithSender(m, "from "+c.ID(), c.Self().PID())
	default:
		c.Respond(fmt.Sprintf("%s: %v", c.ID(), m))
	}
}

func echoes(s *engine.System) *engine.Kind[any] {
	k := engine.NewKind[any](engine.KindConfig{Name: "echo"})
	engine.Serve(s, k, func(string) engine.Actor[any] { return echoer{} })
	return k
}

// TestEveryPairReachesEachOther: Hollywood actor, plain cell, grain; Send, Request, Ask, AskPID.
func TestEveryPairReachesEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{})
		e := s.Engine()
		grain := echoes(s).Ref(s, "g")
		plain, err := engine.Spawn(s, "p", func() engine.Actor[any] { return echoer{} })
		if err != nil {
			t.Fatal(err)
		}
		var heard []string
		native := e.SpawnFunc(func(c *actor.Context) {
			switch m := c.Message().(type) {
			case string:
				heard = append(heard, m+" by "+c.Sender().GetID())
			case int:
				if c.Sender() != nil {
					e.SendWithSender(c.Sender(), fmt.Sprintf("h: %v", m), c.PID())
				}
			}
		}, "native", actor.WithID("h"))
		for _, to := range []struct {
			name string
			pid  *actor.PID
		}{{"g", grain.PID()}, {"p", plain.PID()}, {"h", native}} {
			want := to.name + ": 1"
			if v, err := e.Request(to.pid, 1, time.Second).Result(); v != want || err != nil {
				t.Errorf("Request to %s: %v, %v", to.name, v, err)
			}
			if v, err := engine.AskPID[string](t.Context(), s, to.pid, 1); v != want || err != nil {
				t.Errorf("AskPID of %s: %v, %v", to.name, v, err)
			}
			pid, got := collect(e, "to-"+to.name)
			e.SendWithSender(to.pid, 2, pid)
			synctest.Wait()
			if m := got.messages(); len(m) != 1 || m[0] != to.name+": 2" {
				t.Errorf("%s answered a Hollywood sender with %v", to.name, m)
			}
		}
		for _, r := range []engine.Ref[any]{grain, plain} {
			if v, err := engine.Ask[string, any](t.Context(), r, 3); v != r.ID()+": 3" || err != nil {
				t.Errorf("Ask of %s: %v, %v", r.ID(), v, err)
			}
			r.Tell(native) // the cell sends to Hollywood with itself as the sender
			synctest.Wait()
		}
		if want := []string{"from g by echo/g", "from p by cell/p"}; !slices.Equal(heard, want) {
			t.Errorf("the Hollywood actor heard %q, want %q", heard, want)
		}
		if pid := e.Registry.GetPID("cell", "p"); pid == nil || !pid.Equals(plain.PID()) {
			t.Errorf("the registry has %v for the plain cell", pid)
		}
	})
}

// Defect 1: Shutdown, and too many restarts, end Hollywood's process.
func TestShutdownAndManyPanicsEndOnlyTheCell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		plain, err := engine.Spawn(s, "p", func() engine.Actor[script] { return &hooks{} },
			engine.WithSupervision(engine.Supervision{Decide: always(engine.Stop)}))
		if err != nil {
			t.Fatal(err)
		}
		grain := scripts.Ref(s, "a")
		for range 20 {
			grain.Tell(func(*engine.Context[script]) { panic("again") })
			time.Sleep(10 * time.Second)
		}
		if n, err := engine.Ask[int, script](t.Context(), grain, func(c *engine.Context[script]) { c.Respond(1) }); n != 1 || err != nil {
			t.Fatalf("after 20 panics: %d, %v", n, err)
		}
		plain.Tell(func(*engine.Context[script]) { panic("once") })
		synctest.Wait()
		if s.Engine().Registry.GetPID("cell", "p") != nil {
			t.Error("a plain cell that is to stop goes on after a panic")
		}
		if _, err := engine.Spawn(s, "p", func() engine.Actor[script] { return &hooks{} }); err != nil {
			t.Errorf("its name is not free: %v", err)
		}
	})
}

// Defect 3: messages without a sender arrive with another's.
func TestSenderIsNeverAnothers(t *testing.T) {
	s := enginetest.NewSystem(t, enginetest.Options{})
	k := engine.NewKind[int](engine.KindConfig{Name: "checked", Mailbox: engine.Unbounded})
	var wrong atomic.Int32
	var left sync.WaitGroup
	engine.Serve(s, k, func(string) engine.Actor[int] {
		return handler[int](func(c *engine.Context[int], n int) {
			if (c.Sender() != nil) != (n%2 == 0) {
				wrong.Add(1)
			}
			left.Done()
		})
	})
	e, pid := s.Engine(), k.Ref(s, "a").PID()
	sender := actor.NewPID(e.Address(), "somebody")
	left.Add(10_000)
	for n := range 10_000 {
		if n%2 == 0 {
			e.SendWithSender(pid, n, sender)
		} else {
			e.Send(pid, n)
		}
	}
	left.Wait()
	if wrong.Load() > 0 {
		t.Fatalf("%d messages with a wrong sender", wrong.Load())
	}
}

// handler is a function as an actor.
type handler[M any] func(c *engine.Context[M], m M)

func (h handler[M]) Handle(c *engine.Context[M], m M) { h(c, m) }

// Defect 5: what is sent after the end vanishes without a dead letter.
func TestEveryMessageIsHandledOrADeadLetter(t *testing.T) {
	s := enginetest.NewSystem(t, enginetest.Options{})
	var handled atomic.Int64
	r, err := engine.Spawn(s, "p", func() engine.Actor[int] {
		return handler[int](func(c *engine.Context[int], n int) {
			if handled.Add(1) == 500 {
				c.Stop()
			}
		})
	}, engine.WithMailbox(engine.Unbounded))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 2500 {
				r.Tell(1)
			}
		})
	}
	wg.Wait()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if k := statsOf(s, "cell"); uint64(handled.Load())+k.DeadLetters["stopped"] != 10_000 || handled.Load() > 500 {
		t.Fatalf("%d handled, dead letters %v, of 10000", handled.Load(), k.DeadLetters)
	}
}

// Defect 6: a second answer blocks the answering actor for good.
func TestSecondAnswerToARequestBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		r := scripts.Ref(s, "a")
		twice := script(func(c *engine.Context[script]) {
			c.Respond(1)
			c.Respond(2)
			c.Reply().Send(3)
		})
		for range 3 {
			if v, err := s.Engine().Request(r.PID(), twice, time.Second).Result(); v != 1 || err != nil {
				t.Fatalf("got %v, %v", v, err)
			}
		}
	})
}

// Defect 7: inboxes are unbounded and never shrink, and their length is not the depth.
func TestMailboxIsGivenBackWhenItIsEmpty(t *testing.T) {
	s := benchSystem(t)
	r := active(t, s, "a")
	before := inUse()
	for range 20 {
		var wg sync.WaitGroup
		wg.Add(2)
		hold := make(chan struct{})
		r.Tell(&held{hold})
		for range 100_000 {
			r.Tell(one)
		}
		r.Tell(latch{&wg})
		r.Tell(latch{&wg})
		close(hold)
		wg.Wait()
	}
	if grown := int64(inUse()) - int64(before); grown > 2<<20 {
		t.Fatalf("an empty mailbox keeps %d bytes", grown)
	}
}

// held blocks its handler until hold is closed.
type held struct{ hold chan struct{} }

func (*held) counterMsg() {}

// Defect 8: reply ids are random, so that a collision gives an answer to the wrong caller.
func TestAnswersReachTheirCallers(t *testing.T) {
	s := enginetest.NewSystem(t, enginetest.Options{})
	e := s.Engine()
	native := e.SpawnFunc(func(c *actor.Context) {
		if n, ok := c.Message().(int); ok {
			c.Respond(n)
		}
	}, "native")
	var wg sync.WaitGroup
	for caller := range 16 {
		wg.Go(func() {
			for i := range 200 {
				n := caller*1000 + i
				if v, err := engine.AskPID[int](context.Background(), s, native, n); v != n || err != nil {
					t.Errorf("asked %d, got %d, %v", n, v, err)
				}
			}
		})
	}
	wg.Wait()
}

// Defect 11: SpawnProc returns a PID even when the id was taken.
func TestTakenNamesAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{})
		s.Engine().SpawnFunc(func(*actor.Context) {}, "cell", actor.WithID("theirs"))
		if _, err := engine.Spawn(s, "ours", func() engine.Actor[any] { return echoer{} }); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ours", "theirs"} {
			var taken *engine.TakenError
			if _, err := engine.Spawn(s, name, func() engine.Actor[any] { return echoer{} }); !errors.As(err, &taken) || taken.Name != name {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if v, err := engine.AskPID[string](t.Context(), s, s.Engine().Registry.GetPID("cell", "ours"), 1); v != "ours: 1" || err != nil {
			t.Errorf("the first holder answers %q, %v", v, err)
		}
	})
}

func TestDeadLettersAreEventsAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{})
		dead := deadLetters(s)
		synctest.Wait()
		k := engine.NewKind[int](engine.KindConfig{Name: "numbers"})
		e := s.Engine()
		e.Send(actor.NewPID(engine.GrainAddress, "unheard/of"), "no kind")
		k.Ref(s, "a").Tell(1)
		engine.Serve(s, k, func(string) engine.Actor[int] { return handler[int](func(*engine.Context[int], int) {}) })
		e.Send(k.Ref(s, "a").PID(), "no number")
		e.Send(actor.NewPID("elsewhere", "x"), "no route")
		synctest.Wait()
		want := []string{"unheard/of: no kind", "numbers/a: 1", "numbers/a: no number", "x: no route"}
		got := dead()
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if d := statsOf(s, "numbers").DeadLetters; d["no_producer"] != 1 || d["type"] != 1 {
			t.Errorf("numbers: %v", d)
		}
		if d := statsOf(s, "cell").DeadLetters; d["no_producer"] != 1 || d["no_route"] != 1 {
			t.Errorf("without a kind: %v", d)
		}
	})
}

func TestAskPIDOfNobodyFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		began := time.Now()
		for name, c := range map[string]struct {
			pid  *actor.PID
			msg  any
			want func(error) bool
		}{
			"no process":   {actor.NewPID(s.Incarnation(), "cell/nobody"), 1, isDead("stopped")},
			"no kind":      {actor.NewPID(engine.GrainAddress, "nokind/a"), 1, isDead("no_producer")},
			"no address":   {actor.NewPID("elsewhere", "a"), 1, isDead("no_route")},
			"wrong type":   {scripts.Ref(s, "a").PID(), 1, isDead("type")},
			"no answer":    {scripts.Ref(s, "a").PID(), script(func(*engine.Context[script]) {}), is(engine.ErrNoAnswer)},
			"a panic":      {scripts.Ref(s, "b").PID(), script(func(*engine.Context[script]) { panic(1) }), isPanic},
			"late, itself": {scripts.Ref(s, "c").PID(), script(answerLater), is(nil)},
		} {
			if _, err := engine.AskPID[int](t.Context(), s, c.pid, c.msg); !c.want(err) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if d := time.Since(began); d > time.Second {
			t.Errorf("took %v", d)
		}
	})
}

// answerLater answers as a Hollywood actor would: to the sender, in a later message.
func answerLater(c *engine.Context[script]) {
	to := c.Sender()
	c.After(time.Second, func(c *engine.Context[script]) { c.System().Engine().Send(to, 5) })
}

func isDead(reason string) func(error) bool {
	return func(err error) bool {
		var dead *engine.DeadLetterError
		return errors.As(err, &dead) && dead.Reason == reason
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func isPanic(err error) bool {
	var e *engine.PanicError
	return errors.As(err, &e)
}
