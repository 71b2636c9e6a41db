package cluster_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/cluster/objects"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// memberSeeds: more of them for a long look.
var memberSeeds = flag.Int("member-seeds", 5, "seeds of the members' simulation")

// voyage is a fleet whose store fails by a seed, whose members die, are cut off and are started again, while grains count.
type voyage struct {
	*fleet
	rng  *rand.Rand // owned by the test's goroutine
	calm atomic.Bool

	at     sync.Mutex
	ships  []*ship // guarded by at; nil while a node is down
	asked  atomic.Int64
	failed atomic.Int64
}

var stormy = objects.Odds{
	LoseRequest: 0.02, LoseAnswer: 0.03, Busy: 0.03, Blind: 0.3, Interrupt: 0.01, Straggle: 0.03, Latency: 5 * time.Millisecond, Late: 3 * time.Second,
}

func newVoyage(t *testing.T, seed uint64) *voyage {
	v := &voyage{fleet: newFleet(t), rng: rand.New(rand.NewPCG(seed, 3)), ships: make([]*ship, 3)}
	faults := objects.Seeded(seed, stormy)
	v.store.Faults = func(c objects.Call) objects.Fault {
		if v.calm.Load() {
			return objects.Fault{Request: time.Millisecond, Answer: time.Millisecond}
		}
		return faults(c)
	}
	v.journal.Fault = v.journalFault(seed)
	for n := range v.ships {
		v.launch(n)
	}
	return v
}

// journalFault loses answers of appends, and refuses some as busy.
func (v *voyage) journalFault(seed uint64) journal.Fault {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 4))
	return func(c journal.Call) error {
		mu.Lock()
		defer mu.Unlock()
		if v.calm.Load() || c.Op != "append" {
			return nil
		}
		switch p := rng.Float64(); {
		case c.Done && p < 0.01:
			return context.DeadlineExceeded
		case !c.Done && p < 0.01:
			return journal.ErrBusy
		}
		return nil
	}
}

// launch starts a node until it has joined.
func (v *voyage) launch(n int) {
	for {
		s := v.build(fmt.Sprint("n", n), func(c *cluster.MemberConfig) {
			c.Predecessor = true
			c.Writer = journal.WriterOptions{AttemptFor: 200 * time.Millisecond, UnclearFor: 500 * time.Millisecond}
		})
		ctx, cancel := context.WithTimeout(v.t.Context(), 20*time.Second)
		err := s.Start(ctx, s.sys)
		cancel()
		if err == nil {
			v.at.Lock()
			v.ships[n] = s
			v.at.Unlock()
			return
		}
		if v.t.Context().Err() != nil {
			v.t.Error("never joined:", err)
			return
		}
		s.die()
	}
}

func (v *voyage) ship(n int) *ship {
	v.at.Lock()
	defer v.at.Unlock()
	return v.ships[n]
}

func (v *voyage) sink(n int) {
	v.at.Lock()
	s := v.ships[n]
	v.ships[n] = nil
	v.at.Unlock()
	s.die()
}

func (v *voyage) some(d time.Duration) time.Duration { return time.Duration(v.rng.Int64N(int64(d))) }

// misbehave does one fault, and mends it.
func (v *voyage) misbehave() {
	n := v.rng.IntN(len(v.ships))
	s := v.ship(n)
	switch v.rng.IntN(6) {
	case 0:
		v.sink(n)
		if v.rng.IntN(2) == 0 {
			for other := range v.ships {
				if o := v.ship(other); o != nil {
					o.Suspect(s.me)
				}
			}
		}
		time.Sleep(v.some(4 * time.Second))
		v.launch(n)
	case 1:
		s.client.Cut()
		time.Sleep(v.some(4 * time.Second))
		s.client.Heal()
	case 2:
		v.store.Forget()
	case 3:
		v.store.Away(v.some(3 * time.Second))
	case 4:
		ctx, cancel := context.WithTimeout(v.t.Context(), 3*time.Second)
		_ = s.Stop(ctx) // as far as it gets
		cancel()
		v.sink(n)
		v.launch(n)
	case 5:
		s.client.Lag(v.some(3 * time.Second))
		time.Sleep(v.some(4 * time.Second))
		s.client.Lag(0)
	}
	v.restart()
}

// restart starts those anew that have ended.
func (v *voyage) restart() {
	synctest.Wait()
	for n := range v.ships {
		if s := v.ship(n); len(s.endings()) > 0 {
			v.sink(n)
			v.launch(n)
		}
	}
}

// count has a grain count to the end, by way of any node; an unanswered number is asked again. Each is counted once.
func (v *voyage) count(ctx context.Context, g int) (last int) {
	for i := 1; ctx.Err() == nil; {
		s := v.ship((g + i) % len(v.ships))
		if s == nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		v.asked.Add(1)
		n, err := s.ask(fmt.Sprint("g", g), i)
		switch {
		case err != nil:
			v.failed.Add(1)
		case n != i:
			v.t.Errorf("grain %d: %d numbers were counted, want %d", g, n, i)
			return i
		default:
			last = i
			i++
		}
		time.Sleep(20 * time.Millisecond)
	}
	return last
}

// watchOwners looks that no two members act for one grain at one time.
func (v *voyage) watchOwners(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(3 * time.Millisecond)
		for g := range 12 {
			for _, s := range v.crew() {
				if who := s.strange(fmt.Sprint("g", g)); who != "" {
					v.t.Errorf("%s names %s before it knows its address", s.node, who)
					return
				}
			}
			if n := v.acting(fmt.Sprint("g", g)); n > 1 {
				v.t.Errorf("%d members act for grain %d", n, g)
				return
			}
		}
	}
}

// crew is who runs.
func (v *voyage) crew() (ships []*ship) {
	v.at.Lock()
	defer v.at.Unlock()
	for _, s := range v.ships {
		if s != nil {
			ships = append(ships, s)
		}
	}
	return ships
}

func (v *voyage) acting(grain string) (n int) {
	for _, s := range v.crew() {
		if s.May() && s.Locate("checker", grain).Answer == engine.Here {
			n++
		}
	}
	return n
}

// TestMembersThroughStorms: through every fault each number is counted once, and when they are over everything is owned again.
func TestMembersThroughStorms(t *testing.T) {
	for seed := range uint64(*memberSeeds) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { sail(t, seed) })
		})
	}
}

func sail(t *testing.T, seed uint64) {
	v := newVoyage(t, seed)
	ctx, done := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	last := make([]int, 12)
	for g := range last {
		asking.Go(func() { last[g] = v.count(ctx, g) })
	}
	asking.Go(func() { v.watchOwners(ctx) })
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); {
		v.misbehave()
		time.Sleep(v.some(3 * time.Second))
	}
	v.calm.Store(true)
	time.Sleep(13 * time.Second)
	v.restart()
	v.until(15*time.Second, "everything is owned", whole(v.ships...))
	done()
	asking.Wait()
	sum := 0
	for g, n := range last {
		sum += n
		if got, err := v.ships[0].ask(fmt.Sprint("g", g), n); got != n && got != n+1 || err != nil {
			t.Errorf("grain %d: %d, %v at the end, want %d, or one more whose answer was lost", g, got, err, n)
		}
	}
	if sum < 1000 {
		t.Errorf("only %d numbers were counted", sum)
	}
	t.Logf("%d incarnations; %d numbers; %d of %d questions asked again; epoch %d", v.started, sum, v.failed.Load(), v.asked.Load(), v.ships[0].Status().Epoch)
}
