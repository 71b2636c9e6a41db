package engine_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/router"
)

func TestShortHandlersAreNotBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := workersSystem(t, 1)
		a, _ := engine.Spawn(s, "a", acting(&hooks{}), engine.WithMailbox(31))
		synctest.Wait()
		for range 31 {
			a.Tell(func(*engine.Context[script]) { time.Sleep(20 * time.Millisecond) })
		}
		sleepWait(time.Minute)
		for _, k := range s.Stats() {
			if k.Blocked > 0 {
				t.Errorf("Blocked = %d, no handler took 100 ms", k.Blocked)
			}
		}
	})
}

// Poison while many tell: handled + dead == sent, and nothing that was sent before the Poison is dead.
func TestPoisonStorm(t *testing.T) {
	for range 30 {
		s, _ := engine.New(engine.Config{Log: enginetest.Silence})
		var handled atomic.Int64
		a, _ := engine.Spawn(s, "a", func() engine.Actor[int] { return counting{&handled} }, engine.WithMailbox(engine.Unbounded))
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				for i := range 3000 {
					a.Tell(i)
				}
			})
		}
		time.Sleep(200 * time.Microsecond)
		<-a.Poison()
		wg.Wait()
		var dead uint64
		for _, k := range s.Stats() {
			dead += k.DeadLetters["stopped"]
		}
		if n := uint64(handled.Load()) + dead; n != 18000 {
			t.Errorf("handled %d + dead %d = %d of 18000", handled.Load(), dead, n)
		}
		_ = s.Stop(t.Context())
	}
}

type counting struct{ n *atomic.Int64 }

func (c counting) Handle(_ *engine.Context[int], m int) {
	c.n.Add(1)
}

type flaky struct{ n, failed *atomic.Int64 }

func (c flaky) Handle(_ *engine.Context[int], m int) {
	if m%97 == 0 {
		c.failed.Add(1)
		panic("x")
	}
	c.n.Add(1)
}

func TestBoundedWithRestarts(t *testing.T) {
	s, _ := engine.New(engine.Config{Log: enginetest.Silence})
	var handled, failed atomic.Int64
	a, _ := engine.Spawn(s, "a", func() engine.Actor[int] { return flaky{&handled, &failed} }, engine.WithMailbox(50),
		engine.WithSupervision(engine.Supervision{Backoff: engine.Backoff{First: time.Millisecond, Max: time.Millisecond}}))
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for i := range 20000 {
				a.Tell(i)
				if i%100 == 0 {
					time.Sleep(100 * time.Microsecond)
				}
			}
		})
	}
	wg.Wait()
	<-a.Poison()
	for _, k := range s.Stats() {
		if k.Kind == "cell" {
			sum := uint64(handled.Load()) + k.DeadLetters["full"] + k.DeadLetters["failed"]
			if sum != 120000 || int64(k.DeadLetters["failed"]) != failed.Load() {
				t.Errorf("handled %d, dead %v, failed %d: %d of 120000", handled.Load(), k.DeadLetters, failed.Load(), sum)
			}
			t.Logf("handled %d dead %v max %d", handled.Load(), k.DeadLetters, k.MaxDepth)
		}
	}
	_ = s.Stop(t.Context())
}

// routers whose members die and change meanwhile.
func TestRouters(t *testing.T) {
	s, _ := engine.New(engine.Config{Log: enginetest.Silence})
	var handled atomic.Int64
	mk := func(i int) engine.Ref[int] {
		r, _ := engine.Spawn(s, fmt.Sprint("m", i), func() engine.Actor[int] { return counting{&handled} }, engine.WithMailbox(engine.Unbounded))
		return r
	}
	members := []engine.Ref[int]{mk(0), mk(1), mk(2)}
	rt := router.RoundRobin(members...)
	var wg sync.WaitGroup
	var none atomic.Int64
	for range 4 {
		wg.Go(func() {
			for i := range 5000 {
				if !rt.Tell(i) {
					none.Add(1)
				}
			}
		})
	}
	for i := range 200 {
		members[i%3].Stop()
		members[i%3] = mk(i + 3)
		if i%10 == 0 {
			rt.Set()
		} else {
			rt.Set(members...)
		}
	}
	wg.Wait()
	for _, m := range members {
		<-m.Poison()
	}
	time.Sleep(20 * time.Millisecond)
	var dead uint64
	for _, k := range s.Stats() {
		dead += k.DeadLetters["stopped"]
	}
	if n := uint64(handled.Load()) + dead + uint64(none.Load()); n != 20000 {
		t.Errorf("%d of 20000", n)
	}
	_ = s.Stop(t.Context())
}

// 1M messages to one actor; others are served, all workers blocked by handlers too.
func TestFloodAndBlockers(t *testing.T) {
	s, _ := engine.New(engine.Config{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 2}}})
	defer s.Kill()
	var n, m atomic.Int64
	a, _ := engine.Spawn(s, "a", func() engine.Actor[int] { return counting{&n} }, engine.WithMailbox(engine.Unbounded))
	b, _ := engine.Spawn(s, "b", acting(&hooks{}))
	for i := range 1000000 {
		a.Tell(i)
	}
	began := time.Now()
	if _, err := engine.AskTimeout[int, script](b, func(c *engine.Context[script]) { c.Respond(1) }, 10*time.Second); err != nil {
		t.Error(err)
	}
	t.Logf("ask beside a flood: %v; left %d", time.Since(began), 1000000-n.Load())
	gate := make(chan struct{})
	for i := range 10 {
		x, _ := engine.Spawn(s, fmt.Sprint("x", i), acting(&hooks{}))
		x.Tell(func(*engine.Context[script]) { m.Add(1); <-gate })
	}
	began = time.Now()
	if _, err := engine.AskTimeout[int, script](b, func(c *engine.Context[script]) { c.Respond(1) }, 20*time.Second); err != nil {
		t.Error(err)
	}
	t.Logf("ask behind 10 handlers that block: %v (blocked: %d)", time.Since(began), m.Load())
	close(gate)
}
