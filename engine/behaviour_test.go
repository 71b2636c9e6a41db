package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
)

// light has words for messages, and behaviours for states.
type light struct{ d *diary }

func (l *light) Handle(c *engine.Context[string], m string) {
	l.d.note("first: %s", m)
	if m == "become" {
		c.Become(l.second)
	}
}

func (l *light) second(c *engine.Context[string], m string) {
	l.d.note("second: %s", m)
	switch m {
	case "become":
		c.Become(func(c *engine.Context[string], m string) {
			l.d.note("third: %s", m)
			c.Unbecome()
		})
	case "back":
		c.Unbecome()
	case "fail":
		panic("dark")
	}
}

func spawnLight(t *testing.T, s *engine.System, d *diary, opts ...engine.SpawnOption) engine.Ref[string] {
	t.Helper()
	r, err := engine.Spawn(s, "light", func() engine.Actor[string] { return &light{d} }, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBecomeIsAStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		r := spawnLight(t, s, d)
		for _, m := range []string{"a", "become", "b", "become", "c", "d", "back", "e", "become"} {
			r.Tell(m)
		}
		d.want(t, "first: a", "first: become", "second: b", "second: become", "third: c", "second: d", "second: back", "first: e", "first: become")
		time.Sleep(time.Hour)
		r.Tell("later") // another turn
		r.Tell("fail")  // ends the activation, and the handlers with it
		r.Tell("f")
		d.want(t, "second: later", "second: fail", "first: f")
	})
}

func TestMiddlewareStandsBeforeEveryHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		note := func(name string) engine.Middleware[string] {
			return func(next engine.Handler[string]) engine.Handler[string] {
				return func(c *engine.Context[string], m string) {
					if m == "stop at "+name {
						return
					}
					d.note("%s before", name)
					next(c, m)
					d.note("%s after", name)
				}
			}
		}
		r := spawnLight(t, s, d, engine.WithMiddleware(note("outer"), note("inner")))
		r.Tell("become")
		d.want(t, "outer before", "inner before", "first: become", "inner after", "outer after")
		r.Tell("x")
		d.want(t, "outer before", "inner before", "second: x", "inner after", "outer after")
		r.Tell("stop at inner")
		d.want(t, "outer before", "outer after")
	})
}

// waiter stashes until it is told to go on.
type waiter struct {
	d     *diary
	ready bool
}

func (w *waiter) Handle(c *engine.Context[string], m string) {
	switch {
	case m == "go":
		w.ready = true
		c.Unstash()
	case m == "fail":
		panic("oh")
	case w.ready:
		w.d.note("%s", m)
		c.Respond(m + "!")
	default:
		if err := c.Stash(m); err != nil {
			w.d.note("%s: %v", m, errors.Is(err, engine.ErrStashFull))
		}
	}
}

func TestStashKeepsMessagesAndAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		r, err := engine.Spawn(s, "w", func() engine.Actor[string] { return &waiter{d: d} }, engine.WithStash(3))
		if err != nil {
			t.Fatal(err)
		}
		answer := make(chan string, 1)
		r.Tell("a")
		go func() {
			v, err := engine.Ask[string](t.Context(), r, "b")
			if err != nil {
				t.Error(err)
			}
			answer <- v
		}()
		synctest.Wait()
		r.Tell("c")
		r.Tell("d")
		d.want(t, "d: true")
		depth := -1
		for c := range s.Cells {
			if c.ID == "w" {
				depth = c.Depth
			}
		}
		if depth != 3 {
			t.Errorf("depth %d with 3 messages stashed", depth)
		}
		r.Tell("go")
		r.Tell("e")
		d.want(t, "a", "b", "c", "e")
		if v := <-answer; v != "b!" {
			t.Errorf("answer %q", v)
		}
		for _, k := range s.Stats() {
			if k.Kind == "cell" && (k.Depth != 0 || k.Received != k.Handled) {
				t.Errorf("%+v", k)
			}
		}
	})
}

// What is stashed survives a failure, in front of what came later; it is buried when the actor ends.
func TestStashOutlivesItsActivation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		r, err := engine.Spawn(s, "w", func() engine.Actor[string] { return &waiter{d: d} })
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []string{"a", "b", "fail", "c", "go"} {
			r.Tell(m)
		}
		d.want(t, "a", "b", "c")
		var lost []any
		engine.DeadLetters.Subscribe(s, func(l engine.DeadLetter) { lost = append(lost, l.Message) })
		r.Tell("fail")
		r.Tell("x")
		r.Tell("y")
		synctest.Wait()
		time.Sleep(time.Second)
		<-r.Stop()
		synctest.Wait()
		if len(lost) != 3 || lost[0] != "fail" || lost[1] != "x" || lost[2] != "y" {
			t.Errorf("dead letters %v", lost)
		}
	})
}

func TestForwardHandsOnTheRightToAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		a, b := scripts.Ref(s, "a"), scripts.Ref(s, "b")
		second := true
		v, err := engine.Ask[string](t.Context(), a, script(func(c *engine.Context[script]) {
			engine.Forward(c, b, script(func(c *engine.Context[script]) { c.Respond("from " + c.ID()) }))
			second = c.Respond("from a")
		}))
		if v != "from b" || err != nil || second {
			t.Errorf("%q, %v; a's own answer was taken: %v", v, err, second)
		}
	})
}

func TestASecondAnswerIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		got := make(chan bool, 4)
		v, err := engine.Ask[int](t.Context(), scripts.Ref(s, "a"), script(func(c *engine.Context[script]) {
			r := c.Reply()
			got <- r.Send(1)
			got <- r.Send(2)
			got <- c.Respond(3)
		}))
		if v != 1 || err != nil || !<-got || <-got || <-got {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func TestEveryKeepsItsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		r := scripts.Ref(s, "r")
		r.Tell(func(c *engine.Context[script]) {
			n := 0
			var timer *engine.Timer
			timer = c.Every(time.Second, func(*engine.Context[script]) {
				d.at("tick")
				if n++; n == 2 {
					time.Sleep(2500 * time.Millisecond) // what falls into it is left out
				}
				if n == 4 {
					timer.Stop()
				}
			})
		})
		time.Sleep(time.Minute)
		d.want(t, "1s tick", "2s tick", "4.5s tick", "5s tick")
	})
}

func TestReceiveTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		r := scripts.Ref(s, "r")
		nothing := func(*engine.Context[script]) {}
		r.Tell(func(c *engine.Context[script]) {
			c.ReceiveTimeout(10*time.Second, func(*engine.Context[script]) { d.at("silence") })
		})
		time.Sleep(7 * time.Second)
		r.Tell(nothing)
		time.Sleep(28 * time.Second) // 35 s
		r.Tell(func(c *engine.Context[script]) { c.ReceiveTimeout(0, nil) })
		time.Sleep(time.Hour)
		d.want(t, "17s silence", "27s silence")
		if n := inMemory(s.Stats(), "script"); n != 0 {
			t.Errorf("%d active", n)
		}
	})
}

func TestTopics(t *testing.T) {
	type news struct{ n int }
	topic := engine.NewTopic[news]("news")
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		topic.Publish(s, news{0}) // nobody listens
		sub := topic.Subscribe(s, func(e news) { d.note("f %d", e.n) })
		r := scripts.Ref(s, "r")
		r.Tell(func(c *engine.Context[script]) {
			engine.Follow(c, topic, func(e news) script { return func(*engine.Context[script]) { d.note("r %d", e.n) } })
		})
		synctest.Wait()
		topic.Publish(s, news{1})
		d.want(t, "f 1", "r 1")
		sub.End()
		sub.End()
		topic.Publish(s, news{2})
		d.want(t, "r 2")
		<-r.Stop()
		topic.Publish(s, news{3})
		d.want(t)
	})
}

func TestLivesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		engine.Lives.Subscribe(s, func(l engine.Life) { d.note("%s %s %s", l.Kind, l.ID, l.Phase) })
		r := scripts.Ref(s, "r")
		r.Tell(fail)
		r.Tell(func(*engine.Context[script]) {})
		time.Sleep(time.Hour)
		d.want(t, "script r started", "script r failed", "script r restarting", "script r started", "script r stopped")
	})
}

func TestBackoffSupervisor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		b, err := engine.Spawn(s, "b", func() engine.Actor[string] {
			return &engine.BackoffSupervisor[string]{
				Child:   func() engine.Actor[string] { return &waiter{d: d, ready: true} },
				Backoff: engine.Backoff{First: time.Second, Jitter: -1},
				Hook:    func(c engine.BackoffChange) { d.at("%s %d %s %v", c.Supervisor, c.Starts, c.Reason, c.Pause) },
			}
		}, engine.WithStash(2))
		if err != nil {
			t.Fatal(err)
		}
		d.want(t, "0s b 1  0s")
		if v, err := engine.Ask[string](t.Context(), b, "a"); v != "a!" || err != nil {
			t.Errorf("%q, %v", v, err)
		}
		d.want(t, "a")
		b.Tell("fail")
		b.Tell("w") // may be the child's already
		d.want(t, "0s b 1 failed 1s")
		b.Tell("x")
		if _, err := engine.Ask[string](t.Context(), b, "z"); !isDeadLetter(err, "full") {
			t.Errorf("a message too many: %v", err)
		}
		time.Sleep(time.Second)
		d.want(t, "1s b 2  0s", "w", "x")
		b.Tell("fail")
		d.want(t, "1s b 2 failed 2s")
		time.Sleep(time.Minute)
		d.want(t, "3s b 3  0s")
		b.Tell("fail")
		time.Sleep(time.Second)
		d.want(t, "1m1s b 3 failed 1s", "1m2s b 4  0s")
		<-b.Stop()
		d.want(t)
	})
}

// What the child had when its supervisor ends becomes dead letters, once.
func TestABackoffSupervisorEndsWithItsChild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		hold := make(chan bool)
		b, err := engine.Spawn(s, "b", func() engine.Actor[script] {
			return &engine.BackoffSupervisor[script]{Child: func() engine.Actor[script] { return &hooks{} }}
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Tell(func(*engine.Context[script]) { <-hold })
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := engine.Ask[int](t.Context(), b, script(func(c *engine.Context[script]) { c.Respond(1) }))
				errs <- err
			}()
		}
		synctest.Wait()
		done := b.Stop()
		time.Sleep(time.Second) // all workers may be held
		close(hold)
		<-done
		for range 2 {
			if err := <-errs; !isDeadLetter(err, "stopped") {
				t.Errorf("got %v", err)
			}
		}
	})
}
