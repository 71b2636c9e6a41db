package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/router"
)

// jobItem is a numbered message; each fate of it is counted.
type jobItem struct {
	n  int
	op int
}

type jobLedger struct {
	handled, dead []atomic.Int32
	reasons       sync.Map
}

type stormActor struct {
	l    *jobLedger
	held int
	peer func() engine.Ref[jobItem]
	dull bool
}

func (a *stormActor) Started(c *engine.Context[jobItem]) {
	if rand.IntN(50) == 0 {
		panic("started")
	}
}
func (a *stormActor) Stopping(*engine.Context[jobItem]) {
	if rand.IntN(10) == 0 {
		panic("stopping")
	}
}

func (a *stormActor) Handle(c *engine.Context[jobItem], m jobItem) {
	switch m.op {
	case 1: // fails before it counts
		panic("handler")
	case 2:
		if a.held < 20 && !a.dull {
			if c.Stash(m) == nil {
				a.held++
				return
			}
		}
	case 3:
		c.Unstash()
		a.held = 0
	case 4:
		if rand.IntN(4) != 0 {
			engine.Forward(c, a.peer(), m)
			return
		}
	case 5:
		r := c.Reply()
		c.Go(func(context.Context) jobItem { r.Send(m.n); return jobItem{-1, 0} })
	case 6:
		r := c.Reply()
		if r.Valid() {
			time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, func() { r.Send(m.n); r.Send(m.n) })
		}
	case 7:
		c.After(time.Millisecond, jobItem{-1, 0})
	case 8:
		c.Passivate()
	case 9: // the goroutine ends
		if rand.IntN(20) == 0 {
			runtime.Goexit()
		}
	case 10:
		c.Become(func(c *engine.Context[jobItem], m jobItem) { c.Unbecome(); a.Handle(c, m) })
	}
	if m.n >= 0 {
		a.l.handled[m.n].Add(1)
	}
	c.Respond(m.n)
}

var stormGrains = engine.NewKind[jobItem](engine.KindConfig{Name: "stormgrain", Role: "test", Idle: 4 * time.Millisecond, Mailbox: 300,
	Supervision: engine.Supervision{Backoff: engine.Backoff{First: time.Millisecond, Max: 2 * time.Millisecond}}})

// every message is handled once or a dead letter once; depth is 0 at rest; every Ask ends; no goroutine is left.
func TestConservation(t *testing.T) {
	before := runtime.NumGoroutine()
	seed := uint64(time.Now().UnixNano())
	s, _ := engine.New(engine.Config{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 4, Messages: 16}}})
	const senders, each = 8, 1500
	l := &jobLedger{handled: make([]atomic.Int32, senders*each), dead: make([]atomic.Int32, senders*each)}
	var ended atomic.Int64
	refs := make([]atomic.Pointer[engine.Ref[jobItem]], 6)
	peer := func() engine.Ref[jobItem] {
		if rand.IntN(2) == 0 {
			return *refs[rand.IntN(len(refs))].Load()
		}
		return stormGrains.Ref(s, fmt.Sprint(rand.IntN(8)))
	}
	engine.Serve(s, stormGrains, func(string) engine.Actor[jobItem] { return &stormActor{l: l, peer: peer} })
	spawn := func(i int) {
		r, err := engine.Spawn(s, fmt.Sprintf("p%d-%d", i, rand.Uint64()), func() engine.Actor[jobItem] { return &stormActor{l: l, peer: peer} },
			engine.WithMailbox(200), engine.WithStash(16), engine.WithSupervision(engine.Supervision{
				Backoff: engine.Backoff{First: time.Millisecond, Max: 2 * time.Millisecond}}))
		if err == nil {
			refs[i].Store(&r)
		}
	}
	for i := range refs {
		spawn(i)
	}
	// dead letters by topic are bounded per tick: senders pace themselves below that
	engine.DeadLetters.Subscribe(s, func(d engine.DeadLetter) {
		if m, ok := d.Message.(jobItem); ok && m.n >= 0 {
			l.dead[m.n].Add(1)
			v, _ := l.reasons.LoadOrStore(d.Reason, new(atomic.Int64))
			v.(*atomic.Int64).Add(1)
		}
	})
	stop := make(chan struct{})
	var chaos sync.WaitGroup
	chaos.Go(func() {
		r := rand.New(rand.NewPCG(seed, 99))
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(r.IntN(3000)) * time.Microsecond):
			}
			i := r.IntN(len(refs))
			switch r.IntN(4) {
			case 0:
				refs[i].Load().Stop()
				spawn(i)
			case 1:
				refs[i].Load().Poison()
				spawn(i)
			case 2:
				stormGrains.Ref(s, fmt.Sprint(r.IntN(8))).Stop()
			case 3:
				stormGrains.Ref(s, fmt.Sprint(r.IntN(8))).Poison()
			}
			for c := range s.Cells {
				if c.Depth < 0 {
					t.Errorf("depth %d", c.Depth)
				}
			}
		}
	})
	var wg sync.WaitGroup
	var asks sync.WaitGroup
	var late atomic.Int64
	for g := range senders {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(g)))
			for i := range each {
				m := jobItem{g*each + i, r.IntN(12)}
				to := peer()
				if r.IntN(4) == 0 {
					asks.Go(func() {
						_, err := engine.AskTimeout[int, jobItem](to, m, 3*time.Second)
						ended.Add(1)
						if errors.Is(err, context.DeadlineExceeded) {
							late.Add(1)
							v, _ := l.reasons.LoadOrStore(fmt.Sprintf("late op %d handled %d dead %d", m.op, l.handled[m.n].Load(), l.dead[m.n].Load()), new(atomic.Int64))
							v.(*atomic.Int64).Add(1)
						}
					})
				} else {
					to.Tell(m)
				}
				if i%20 == 19 {
					time.Sleep(12 * time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	chaos.Wait()
	// what is stashed comes back
	for deadline := time.Now().Add(15 * time.Second); ; {
		for i := range refs {
			refs[i].Load().Tell(jobItem{-1, 3})
		}
		for i := range 8 {
			stormGrains.Ref(s, fmt.Sprint(i)).Stop()
		}
		for i := range refs {
			refs[i].Load().Stop()
		}
		time.Sleep(30 * time.Millisecond)
		n := 0
		for range s.Cells {
			n++
		}
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			for c := range s.Cells {
				t.Errorf("still there: %+v", c)
			}
			break
		}
	}
	asks.Wait()
	if late.Load() > 0 {
		t.Errorf("%d asks were never answered", late.Load())
	}
	both, neither, twice := 0, 0, 0
	for i := range l.handled {
		h, d := l.handled[i].Load(), l.dead[i].Load()
		switch {
		case h > 0 && d > 0:
			both++
		case h == 0 && d == 0:
			neither++
		case h > 1 || d > 1:
			twice++
		}
	}
	var total uint64
	for _, k := range s.Stats() {
		if k.Depth != 0 {
			t.Errorf("%s: depth %d at rest", k.Kind, k.Depth)
		}
		if k.Active != 0 {
			t.Errorf("%s: active %d at rest", k.Kind, k.Active)
		}
		for _, n := range k.DeadLetters {
			total += n
		}
	}
	if both+neither+twice > 0 {
		t.Errorf("seed %d: both %d, neither %d, twice %d of %d (stats count %d dead)", seed, both, neither, twice, len(l.handled), total)
		l.reasons.Range(func(k, v any) bool { t.Logf("%v: %d", k, v.(*atomic.Int64).Load()); return true })
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
	time.Sleep(1200 * time.Millisecond)
	if n := runtime.NumGoroutine(); n > before+3 {
		t.Errorf("%d goroutines, before: %d", n, before)
	}
}

// three levels, all failing at random, stopped in the middle: the end comes, children before parents.
func TestTrees(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		s, _ := engine.New(engine.Config{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 3}}})
		var mu sync.Mutex
		alive := map[string]bool{}
		var refs []engine.Ref[job]
		var build func(name string, depth int) func() engine.Actor[job]
		sup := func() engine.SpawnOption {
			all, dir := r.IntN(2) == 0, engine.Directive(r.IntN(4))
			return engine.WithSupervision(engine.Supervision{
				AllForOne: all, Limit: 3, Exceeded: engine.Directive(r.IntN(4)),
				Decide:  func(engine.Failure) engine.Directive { return dir },
				Backoff: engine.Backoff{First: time.Millisecond, Max: 3 * time.Millisecond},
			})
		}
		opts := map[string]engine.SpawnOption{}
		for _, n := range []string{"r", "r/a", "r/b", "r/a/a", "r/a/b", "r/b/a", "r/b/b"} {
			opts[n] = sup()
		}
		build = func(name string, depth int) func() engine.Actor[job] {
			return func() engine.Actor[job] {
				return &jobActor{
					started: func(c *engine.Context[job]) {
						mu.Lock()
						if alive[name] {
							t.Errorf("seed %d: %s begins twice", seed, name)
						}
						alive[name] = true
						mu.Unlock()
						if depth == 0 {
							return
						}
						for _, k := range []string{"a", "b"} {
							kid, err := engine.SpawnChild(c, k, build(name+"/"+k, depth-1), opts[name+"/"+k])
							if err == nil {
								mu.Lock()
								refs = append(refs, kid)
								mu.Unlock()
							}
						}
					},
					stopped: func() {
						mu.Lock()
						defer mu.Unlock()
						alive[name] = false
						for k := range alive {
							if alive[k] && len(k) > len(name) && k[:len(name)+1] == name+"/" {
								t.Errorf("seed %d: %s stopped before its child %s", seed, name, k)
							}
						}
					},
				}
			}
		}
		root, _ := engine.Spawn(s, "r", build("r", 2), opts["r"])
		mu.Lock()
		refs = append(refs, root)
		mu.Unlock()
		rng := rand.New(rand.NewPCG(seed, 8))
		for range 60 {
			mu.Lock()
			to := refs[rng.IntN(len(refs))]
			mu.Unlock()
			switch rng.IntN(10) {
			case 0:
				to.Stop()
			case 1:
				to.Poison()
			default:
				to.Tell(func(*engine.Context[job]) { panic("x") })
			}
			if rng.IntN(3) == 0 {
				time.Sleep(time.Duration(rng.IntN(1500)) * time.Microsecond)
			}
		}
		end := root.Stop()
		select {
		case <-end:
		case <-time.After(3 * time.Second):
			t.Errorf("seed %d: root.Stop hangs", seed)
			for c := range s.Cells {
				t.Logf("%+v", c)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		if err := s.Stop(ctx); err != nil {
			t.Errorf("seed %d: System.Stop: %v", seed, err)
		}
		cancel()
	}
}

// Poison while many tell: handled + dead == sent, and nothing that was sent before the Poison is dead.
func TestPoisonStorm(t *testing.T) {
	for range 30 {
		s, _ := engine.New(engine.Config{Log: enginetest.Silence})
		var handled atomic.Int64
		a, _ := engine.Spawn(s, "a", func() engine.Actor[int] { return jobCounter{&handled} }, engine.WithMailbox(engine.Unbounded))
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

type jobCounter struct{ n *atomic.Int64 }

func (c jobCounter) Handle(_ *engine.Context[int], m int) {
	c.n.Add(1)
}

type jobFlaky struct{ n, failed *atomic.Int64 }

func (c jobFlaky) Handle(_ *engine.Context[int], m int) {
	if m%97 == 0 {
		c.failed.Add(1)
		panic("x")
	}
	c.n.Add(1)
}

func TestBoundedWithRestarts(t *testing.T) {
	s, _ := engine.New(engine.Config{Log: enginetest.Silence})
	var handled, failed atomic.Int64
	a, _ := engine.Spawn(s, "a", func() engine.Actor[int] { return jobFlaky{&handled, &failed} }, engine.WithMailbox(50),
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
		r, _ := engine.Spawn(s, fmt.Sprint("m", i), func() engine.Actor[int] { return jobCounter{&handled} }, engine.WithMailbox(engine.Unbounded))
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
	a, _ := engine.Spawn(s, "a", func() engine.Actor[int] { return jobCounter{&n} }, engine.WithMailbox(engine.Unbounded))
	b, _ := engine.Spawn(s, "b", jobOf(&jobActor{}))
	for i := range 1000000 {
		a.Tell(i)
	}
	began := time.Now()
	if _, err := engine.AskTimeout[int, job](b, func(c *engine.Context[job]) { c.Respond(1) }, 10*time.Second); err != nil {
		t.Error(err)
	}
	t.Logf("ask beside a flood: %v; left %d", time.Since(began), 1000000-n.Load())
	gate := make(chan struct{})
	for i := range 10 {
		x, _ := engine.Spawn(s, fmt.Sprint("x", i), jobOf(&jobActor{}))
		x.Tell(func(*engine.Context[job]) { m.Add(1); <-gate })
	}
	began = time.Now()
	if _, err := engine.AskTimeout[int, job](b, func(c *engine.Context[job]) { c.Respond(1) }, 20*time.Second); err != nil {
		t.Error(err)
	}
	t.Logf("ask behind 10 handlers that block: %v (blocked: %d)", time.Since(began), m.Load())
	close(gate)
}
