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
)

// piece is a numbered message; each fate of it is counted.
type piece struct {
	n  int
	op int
}

type pieces struct {
	handled, dead []atomic.Int32
	reasons       sync.Map
}

type stormActor struct {
	l    *pieces
	held int
	peer func() engine.Ref[piece]
	dull bool
}

func (a *stormActor) Started(c *engine.Context[piece]) {
	if rand.IntN(50) == 0 {
		panic("started")
	}
}

func (a *stormActor) Stopping(*engine.Context[piece]) {
	if rand.IntN(10) == 0 {
		panic("stopping")
	}
}

func (a *stormActor) Handle(c *engine.Context[piece], m piece) {
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
		c.Go(func(context.Context) piece { r.Send(m.n); return piece{-1, 0} })
	case 6:
		r := c.Reply()
		if r.Valid() {
			time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, func() { r.Send(m.n); r.Send(m.n) })
		}
	case 7:
		c.After(time.Millisecond, piece{-1, 0})
	case 8:
		c.Passivate()
	case 9: // the goroutine ends
		if rand.IntN(20) == 0 {
			runtime.Goexit()
		}
	case 10:
		c.Become(func(c *engine.Context[piece], m piece) { c.Unbecome(); a.Handle(c, m) })
	}
	if m.n >= 0 {
		a.l.handled[m.n].Add(1)
	}
	c.Respond(m.n)
}

var stormGrains = engine.NewKind[piece](engine.KindConfig{Name: "stormgrain", Role: "test", Idle: 4 * time.Millisecond, Mailbox: 300,
	Supervision: engine.Supervision{Backoff: engine.Backoff{First: time.Millisecond, Max: 2 * time.Millisecond}}})

// every message is handled once or a dead letter once; depth is 0 at rest; every Ask ends; no goroutine is left.
func TestConservation(t *testing.T) {
	before := runtime.NumGoroutine()
	seed := uint64(time.Now().UnixNano())
	s, _ := engine.New(engine.Config{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"default": {Workers: 4, Messages: 16}}})
	const senders, each = 8, 1500
	l := &pieces{handled: make([]atomic.Int32, senders*each), dead: make([]atomic.Int32, senders*each)}
	var ended atomic.Int64
	refs := make([]atomic.Pointer[engine.Ref[piece]], 6)
	peer := func() engine.Ref[piece] {
		if rand.IntN(2) == 0 {
			return *refs[rand.IntN(len(refs))].Load()
		}
		return stormGrains.Ref(s, fmt.Sprint(rand.IntN(8)))
	}
	engine.Serve(s, stormGrains, func(string) engine.Actor[piece] { return &stormActor{l: l, peer: peer} })
	spawn := func(i int) {
		r, err := engine.Spawn(s, fmt.Sprintf("p%d-%d", i, rand.Uint64()), func() engine.Actor[piece] { return &stormActor{l: l, peer: peer} },
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
		if m, ok := d.Message.(piece); ok && m.n >= 0 {
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
				m := piece{g*each + i, r.IntN(12)}
				to := peer()
				if r.IntN(4) == 0 {
					asks.Go(func() {
						_, err := engine.AskTimeout[int, piece](to, m, 3*time.Second)
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
			refs[i].Load().Tell(piece{-1, 3})
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
		var refs []engine.Ref[script]
		var build func(name string, depth int) func() engine.Actor[script]
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
		build = func(name string, depth int) func() engine.Actor[script] {
			return func() engine.Actor[script] {
				return &hooks{
					started: func(c *engine.Context[script]) {
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
				to.Tell(func(*engine.Context[script]) { panic("x") })
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
