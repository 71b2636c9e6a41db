package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// durable grains under faults of the store: what was confirmed is there, each Ask ends, events are numbered without a gap.
func TestDurableStorm(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			r := rand.New(rand.NewPCG(seed, 1))
			reg := codec.NewRegistry()
			codec.Register[jobEvent](reg, "script.event")
			store := enginetest.NewStore()
			store.Latency = 5 * time.Millisecond
			calm := false
			store.Fault = func(c journal.Call) error {
				mu.Lock()
				defer mu.Unlock()
				if !calm && (c.Op == "append" || c.Op == "replay") && r.IntN(8) == 0 {
					return errors.New("fault")
				}
				return nil
			}
			mu.Lock()
			calm = true
			mu.Unlock()
			s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Messages: reg, Store: store})
			mu.Lock()
			calm = false
			mu.Unlock()
			engine.ServeDurable(s, jobDurables, func(string) engine.Durable[script, jobEvent] { return &jobDurable{} })
			var confirmed [3]atomic.Int64
			var hung atomic.Int64
			var wg sync.WaitGroup
			for w := range 4 {
				wg.Go(func() {
					rr := rand.New(rand.NewPCG(seed, uint64(w)+10))
					for range 40 {
						i, kind := rr.IntN(3), rr.IntN(8)
						_, err := engine.AskTimeout[int, script](jobDurables.Ref(s, fmt.Sprint(i)), func(c *engine.Context[script]) {
							switch kind {
							case 0:
								panic("before")
							case 1:
								engine.Persist(c, []jobEvent{{1}}, func() { panic("after") })
								return
							case 2:
								engine.Persist(c, []jobEvent{{1}}, func() {
									engine.Persist(c, []jobEvent{{1}}, func() { confirmed[i].Add(2); c.Respond(1) })
								})
								return
							case 3:
								engine.Persist(c, []jobEvent{{1}}, nil)
								engine.Persist(c, []jobEvent{{1}}, nil)
							}
							engine.Persist(c, []jobEvent{{1}}, func() { confirmed[i].Add(1); c.Respond(1) })
						}, time.Hour)
						if errors.Is(err, context.DeadlineExceeded) {
							hung.Add(1)
						}
						if rr.IntN(10) == 0 {
							jobDurables.Ref(s, fmt.Sprint(i)).Stop()
						}
					}
				})
			}
			wg.Wait()
			mu.Lock()
			calm = true
			mu.Unlock()
			if hung.Load() > 0 {
				t.Errorf("seed %d: %d asks hung", seed, hung.Load())
			}
			for i := range 3 {
				n := 0
				for e, err := range engine.History(t.Context(), s, jobDurables, fmt.Sprint(i)) {
					if err != nil {
						t.Errorf("seed %d: history: %v", seed, err)
						break
					}
					if n++; e.Number != uint64(n) {
						t.Errorf("seed %d: number %d, expected %d", seed, e.Number, n)
					}
				}
				if int64(n) < confirmed[i].Load() {
					t.Errorf("seed %d: %d events stored, %d confirmed", seed, n, confirmed[i].Load())
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			if err := s.Stop(ctx); err != nil {
				t.Errorf("seed %d: Stop: %v", seed, err)
			}
		})
	}
}

// each watch is told exactly once, whatever happens to the watched.
func TestWatchStorm(t *testing.T) {
	for seed := range uint64(30) {
		s, _ := engine.New(engine.Config{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 3}}})
		r := rand.New(rand.NewPCG(seed, 3))
		var told, undone atomic.Int64
		w, _ := engine.Spawn(s, "w", acting(&hooks{}), engine.WithMailbox(engine.Unbounded))
		engine.Serve(s, hourGrains, func(string) engine.Actor[script] { return &hooks{} })
		const n = 400
		for i := range n {
			var target engine.Ref[script]
			if i%2 == 0 {
				target, _ = engine.Spawn(s, fmt.Sprint("t", i), acting(&hooks{}))
			} else {
				target = hourGrains.Ref(s, fmt.Sprint(i%20))
				target.Tell(func(*engine.Context[script]) {})
			}
			w.Tell(func(c *engine.Context[script]) {
				seen := false
				engine.Watch(c, target, func(engine.Terminated) script {
					return func(*engine.Context[script]) {
						if seen {
							t.Errorf("twice")
						}
						seen = true
						told.Add(1)
					}
				})
				if i%7 == 0 {
					engine.Watch(c, c.Self(), func(engine.Terminated) script { return nil })
					engine.Unwatch(c, c.Self())
				}
			})
			switch r.IntN(4) {
			case 0:
				target.Stop()
			case 1:
				target.Poison()
			case 2:
				target.Tell(func(c *engine.Context[script]) { c.Stop() })
			case 3:
				time.Sleep(time.Duration(r.IntN(50)) * time.Microsecond)
				target.Stop()
			}
		}
		for deadline := time.Now().Add(3 * time.Second); told.Load() < n && time.Now().Before(deadline); {
			for i := range 20 {
				hourGrains.Ref(s, fmt.Sprint(i)).Stop()
			}
			time.Sleep(time.Millisecond)
		}
		if told.Load() != n {
			t.Errorf("seed %d: told %d of %d", seed, told.Load(), n)
		}
		_ = undone.Load()
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// a backoff supervisor over a child that fails: every message is handled once, or is the one it failed over, or is refused.
func TestSupervisorStorm(t *testing.T) {
	for seed := range uint64(20) {
		s, _ := engine.New(engine.Config{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 3}}})
		var handled, failed atomic.Int64
		sup, _ := engine.Spawn(s, "sup", func() engine.Actor[int] {
			return &engine.BackoffSupervisor[int]{
				Child:   func() engine.Actor[int] { return flaky{&handled, &failed} },
				Backoff: engine.Backoff{First: time.Millisecond, Max: 2 * time.Millisecond},
			}
		}, engine.WithMailbox(engine.Unbounded), engine.WithStash(100000))
		r := rand.New(rand.NewPCG(seed, 3))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for i := range 600 {
					sup.Tell(i)
					if i%30 == 0 {
						time.Sleep(200 * time.Microsecond)
					}
				}
			})
		}
		_ = r
		wg.Wait()
		sum := func() (n uint64) {
			for _, k := range s.Stats() {
				for _, d := range k.DeadLetters {
					n += d
				}
			}
			return n + uint64(handled.Load())
		}
		for deadline := time.Now().Add(2 * time.Second); sum() < 1800 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if n := sum(); n != 1800 {
			t.Errorf("seed %d: handled %d + dead = %d of 1800; %+v", seed, handled.Load(), n, s.Stats()[0])
		}
		_ = s.Stop(t.Context())
	}
}
