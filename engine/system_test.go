package engine_test

import (
	"context"
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

func TestNothingRunsAfterKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		var after []string
		r := scripts.Ref(s, "a")
		note := func(what string) script {
			return func(*engine.Context[script]) { after = append(after, what) }
		}
		r.Tell(func(c *engine.Context[script]) {
			c.After(time.Second, note("timer"))
			c.Go(func(ctx context.Context) script { <-ctx.Done(); return note("go") })
		})
		synctest.Wait()
		s.Kill()
		r.Tell(note("tell"))
		s.Engine().Send(r.PID(), note("send"))
		if _, err := engine.Ask[int](t.Context(), r, note("ask")); err == nil {
			t.Error("an Ask of a killed system was answered")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(after) > 0 {
			t.Fatalf("ran after Kill: %v", after)
		}
	})
}

func TestStopKillsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		release := make(chan struct{})
		scripts.Ref(s, "a").Tell(func(c *engine.Context[script]) {
			c.Go(func(context.Context) script { <-release; return nil })
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		close(release)
	})
}

func TestStopperSeesEveryEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		var ends []string
		hooked := engine.NewKind[script](engine.KindConfig{Name: "hooked", Idle: 4 * time.Second})
		engine.Serve(s, hooked, func(id string) engine.Actor[script] { return &hook{id, &ends} })
		hooked.Ref(s, "a").Tell(func(*engine.Context[script]) {})
		time.Sleep(6 * time.Second)
		hooked.Ref(s, "b").Tell(func(*engine.Context[script]) { panic(1) })
		synctest.Wait()
		hooked.Ref(s, "c").Tell(func(*engine.Context[script]) {})
		synctest.Wait()
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"+a", "-a", "+b", "-b", "+c", "-c"}
		if !reflect.DeepEqual(ends, want) {
			t.Fatalf("got %v, want %v", ends, want)
		}
	})
}

// hook notes the begin and the end of activations.
type hook struct {
	id  string
	log *[]string
}

func (h *hook) Handle(c *engine.Context[script], m script) { m(c) }

func (h *hook) Started(*engine.Context[script]) { *h.log = append(*h.log, "+"+h.id) }

func (h *hook) Stopped() { *h.log = append(*h.log, "-"+h.id) }

// TestKillAtAnyMoment: whatever runs, the bubble ends, and nothing of the killed system is seen afterwards.
func TestKillAtAnyMoment(t *testing.T) {
	rnd, _ := enginetest.Rand(t)
	for range 50 {
		after := time.Duration(rnd.IntN(3000)) * time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			store := enginetest.NewStore()
			store.Latency = 30 * time.Millisecond
			s := accountSystem(t, enginetest.Options{Store: store})
			engine.Serve(s, scripts, func(string) engine.Actor[script] { return &hooks{} })
			var dead, late atomic.Bool
			for i := range 8 {
				scripts.Ref(s, string(rune('a'+i))).Tell(restless(&dead, &late))
				accounts.Ref(s, string(rune('a'+i))).Tell(deposit{1})
			}
			time.AfterFunc(time.Second, func() { accounts.Ref(s, "a").Tell(twice{1}) })
			time.Sleep(after)
			s.Kill()
			dead.Store(true)
			time.Sleep(time.Minute)
			if late.Load() {
				t.Fatalf("a handler ran after Kill at %v", after)
			}
		})
	}
}

// restless goes on for ever: by timers, Go functions, messages to others and panics.
func restless(dead, late *atomic.Bool) script {
	var again script
	again = func(c *engine.Context[script]) {
		if dead.Load() {
			late.Store(true)
		}
		c.After(7*time.Millisecond, func(*engine.Context[script]) {})
		c.Go(func(ctx context.Context) script {
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
			return again
		})
		if c.Now().UnixMilli()%11 == 0 {
			c.Self().Tell(again)
			panic("restless")
		}
	}
	return again
}

// An append that is never answered must not keep Stop's goroutines.
func TestStopGivesUpOnAnAppendThatIsNeverAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		s := accountSystem(t, enginetest.Options{Store: store})
		mustAsk(t, s, deposit{1}, 1)
		store.Latency = time.Hour
		accounts.Ref(s, "a").Tell(deposit{1})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	})
}
