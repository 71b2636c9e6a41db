package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

func TestRepeatedPanicsPauseTheCellAndKeepItsMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		r := scripts.Ref(s, "a")
		began := time.Now()
		var at []time.Duration
		fail := script(func(*engine.Context[script]) {
			at = append(at, time.Since(began))
			panic("again")
		})
		for range 4 {
			r.Tell(fail)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		least := []time.Duration{0, 0, 75 * time.Millisecond, 75*time.Millisecond + 150*time.Millisecond}
		most := []time.Duration{0, 0, 100 * time.Millisecond, 300 * time.Millisecond}
		if len(at) != 4 {
			t.Fatalf("handled at %v, want 4 messages", at)
		}
		for i, d := range at {
			if d < least[i] || d > most[i] {
				t.Errorf("message %d after %v, want %v to %v", i, d, least[i], most[i])
			}
		}
		if k := statsOf(s, "script"); k.Failed != 4 || k.Restarts != 4 || k.Depth != 0 || k.Received != 4 {
			t.Errorf("%+v", k)
		}
	})
}

func TestTimerStopsUntilItsMessageIsHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		r := scripts.Ref(s, "a")
		var fired []string
		note := func(what string) script { return func(*engine.Context[script]) { fired = append(fired, what) } }
		r.Tell(func(c *engine.Context[script]) {
			c.After(time.Second, note("kept"))
			if early := c.After(time.Second, note("early")); !early.Stop() || early.Stop() {
				t.Error("a pending timer stops once")
			}
			queued := c.After(2*time.Second, note("queued"))
			c.After(1500*time.Millisecond, func(*engine.Context[script]) {
				time.Sleep(time.Second) // the timer's message comes into the mailbox meanwhile
				if !queued.Stop() {
					t.Error("a timer whose message waits is not stopped")
				}
			})
		})
		time.Sleep(time.Minute / 2)
		synctest.Wait()
		if !slices.Equal(fired, []string{"kept"}) {
			t.Fatalf("fired %v", fired)
		}
	})
}

func TestTimersAndRepliesEndWithTheActivation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		r := scripts.Ref(s, "a")
		var cancelled, fired bool
		failed := make(chan error, 1)
		go func() {
			_, err := engine.Ask[int, script](t.Context(), r, func(c *engine.Context[script]) { c.Reply() })
			failed <- err
		}()
		r.Tell(func(c *engine.Context[script]) {
			c.After(time.Second, func(*engine.Context[script]) { fired = true })
			c.Go(func(ctx context.Context) script {
				<-ctx.Done()
				cancelled = true
				return func(*engine.Context[script]) { fired = true }
			})
		})
		synctest.Wait()
		r.Tell(func(*engine.Context[script]) { panic("end") })
		var e *engine.PanicError
		if err := <-failed; !errors.As(err, &e) {
			t.Errorf("the kept reply ended with %v", err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !cancelled || fired {
			t.Errorf("Go cancelled %v, message of the old activation handled %v", cancelled, fired)
		}
	})
}

// The ctx of a Go function ends in its time, and with the function.
func TestGoWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		began := time.Now()
		var ended []time.Duration
		var of []context.Context
		scripts.Ref(s, "a").Tell(func(c *engine.Context[script]) {
			for _, d := range []time.Duration{3 * time.Second, time.Second, time.Hour, 2 * time.Second} {
				c.GoWithin(d, func(ctx context.Context) script {
					select {
					case <-ctx.Done():
					case <-time.After(time.Minute):
					}
					return func(*engine.Context[script]) { ended, of = append(ended, time.Since(began)), append(of, ctx) }
				})
			}
		})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if want := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, time.Minute}; !slices.Equal(ended, want) {
			t.Fatalf("ended after %v, want %v", ended, want)
		}
		if cause := of[3].Err(); !errors.Is(cause, context.Canceled) {
			t.Errorf("the ctx of a function that has returned says %v", cause)
		}
	})
}

// Timers end one by one, in any order, and the rest with the activation.
func TestManyTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		r := scripts.Ref(s, "a")
		var fired []int
		timers := make([]*engine.Timer, 8)
		r.Tell(func(c *engine.Context[script]) {
			for i := range timers {
				timers[i] = c.After(time.Duration(i+1)*time.Second, func(*engine.Context[script]) { fired = append(fired, i) })
			}
			for _, i := range []int{7, 0, 3} {
				if !timers[i].Stop() || timers[i].Stop() {
					t.Errorf("timer %d is stopped not once", i)
				}
			}
		})
		time.Sleep(5500 * time.Millisecond)
		r.Tell(func(*engine.Context[script]) {
			if timers[1].Stop() {
				t.Error("a timer that has fired is stopped")
			}
			panic("end")
		})
		time.Sleep(10 * time.Second)
		r.Tell(func(*engine.Context[script]) {
			if timers[6].Stop() {
				t.Error("a timer of an activation that has ended is stopped")
			}
		})
		synctest.Wait()
		if !slices.Equal(fired, []int{1, 2, 4}) {
			t.Errorf("fired %v", fired)
		}
	})
}

func TestPlainCellsRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		made := 0
		r, err := engine.Spawn(s, "fresh", func() engine.Actor[script] { made++; return &hooks{} })
		if err != nil {
			t.Fatal(err)
		}
		r.Tell(func(*engine.Context[script]) { panic("once") })
		if n, err := engine.Ask[int, script](t.Context(), r, func(c *engine.Context[script]) { c.Respond(1) }); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if made != 2 {
			t.Errorf("%d made", made)
		}
		var unknown *engine.UnknownDispatcherError
		if _, err := engine.Spawn(s, "x", func() engine.Actor[script] { return &hooks{} }, engine.WithDispatcher("none")); !errors.As(err, &unknown) {
			t.Errorf("an unknown dispatcher: %v", err)
		}
	})
}

func TestPrivateIdentitiesAreNotLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := enginetest.NewSystem(t, enginetest.Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
		kind := engine.NewKind[script](engine.KindConfig{Name: "person", Private: true})
		engine.Serve(s, kind, func(string) engine.Actor[script] { return &hooks{} })
		_, err := engine.Ask[int, script](t.Context(), kind.Ref(s, "Usecret"), func(c *engine.Context[script]) {
			c.Log().Info("handling")
			panic("oh")
		})
		synctest.Wait()
		if text := out.String() + err.Error(); strings.Contains(text, "Usecret") || !strings.Contains(text, "handling") {
			t.Fatal(text)
		}
	})
}

func TestDispatchersAreSeparate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Dispatchers: map[string]engine.Dispatcher{"slow": {Workers: 1, Messages: 1}}})
		kind := engine.NewKind[script](engine.KindConfig{Name: "slow", Dispatcher: "slow"})
		engine.Serve(s, kind, func(string) engine.Actor[script] { return &hooks{} })
		var order []string
		for i, id := range []string{"a", "a", "b", "b"} {
			kind.Ref(s, id).Tell(func(c *engine.Context[script]) {
				if i == 0 {
					time.Sleep(time.Millisecond / 2) // all of them wait behind the first
				}
				order = append(order, c.ID())
			})
		}
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := strings.Join(order, ""); got != "abab" {
			t.Fatalf("with one message per turn the order is %s, want abab", got)
		}
	})
}
