package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

type (
	// Tick asks a tally to count a number, once.
	Tick struct{ N int }
	// Ticked is its event.
	Ticked struct{ N int }
	// Rings is its reminder: due says when.
	Rings struct{ Due time.Time }
)

// tally counts the numbers that it has not seen, and is reminded of the first. A reminder may come twice where a shard was dropped; the
// event that it came is stored once.
type tally struct {
	seen map[int]bool
	rung func()
}

// came is the number of the event that the reminder came, which counts for none.
const came = -1

var tallies = func() *engine.Kind[any] {
	k := engine.NewKind[any](engine.KindConfig{Name: "tally", Role: "checker"})
	engine.OnReminder(k, func(_ string, due time.Time, _ []byte) any { return Rings{due} })
	return k
}()

// Apply implements engine.Durable.
func (y *tally) Apply(e Ticked) { y.seen[e.N] = true }

// Handle answers how many numbers there are.
func (y *tally) Handle(c *engine.Context[any], m any) {
	switch m := m.(type) {
	case Tick:
		if y.seen[m.N] {
			c.Respond(y.count())
			return
		}
		if len(y.seen) == 0 {
			c.Remind("first", time.Now().Add(time.Second), nil)
		}
		engine.Persist(c, []Ticked{{m.N}}, func() { c.Respond(y.count()) })
	case Rings:
		c.Forget("first", m.Due)
		if y.seen[came] {
			engine.Persist[Ticked](c, nil, nil)
			return
		}
		engine.Persist(c, []Ticked{{came}}, y.rung)
	}
}

func (y *tally) count() int {
	if y.seen[came] {
		return len(y.seen) - 1
	}
	return len(y.seen)
}

// pair is two members with an engine each.
type pair struct {
	t       *testing.T
	store   *journal.Memory
	ledgers map[string]*cluster.Ledgers
	systems map[string]*engine.System
	dirs    map[string]*enginetest.Directory

	mu   sync.Mutex
	rung int // guarded by mu
}

func newPair(t *testing.T) *pair {
	p := &pair{
		t: t, store: journal.NewMemory(uuid.New()), ledgers: map[string]*cluster.Ledgers{},
		systems: map[string]*engine.System{}, dirs: map[string]*enginetest.Directory{},
	}
	p.store.Latency = time.Millisecond
	net := enginetest.NewNetwork(t, 1)
	for _, name := range []string{"A", "B"} {
		p.join(name, net.Join(name))
	}
	return p
}

func (p *pair) join(name string, m *enginetest.Member) {
	messages := codec.NewRegistry()
	codec.Register[Tick](messages, "tick")
	codec.Register[Ticked](messages, "ticked")
	codec.Register[Rings](messages, "rings")
	registerTravels(messages)
	p.dirs[name] = &enginetest.Directory{}
	p.believe(name, engine.Place{Answer: engine.Soon})
	p.ledgers[name] = cluster.NewLedgers(p.t.Context(), p.store, cluster.Config{})
	s, err := engine.New(engine.Config{
		Log: enginetest.Silence, Incarnation: name, Messages: messages, Journal: p.ledgers[name], Directory: p.dirs[name], Transport: m,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	engine.ServeDurable(s, tallies, func(string) engine.Durable[any, Ticked] { return &tally{map[int]bool{}, p.ring} })
	m.SetPeers("A", "B")
	p.systems[name] = s
	p.t.Cleanup(s.Kill)
	p.t.Cleanup(p.ledgers[name].Kill)
}

func (p *pair) ring() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rung++
}

func (p *pair) believe(name string, place engine.Place) {
	p.dirs[name].Place(func(string, string) engine.Place { return place })
}

func every() []journal.Shard { return shardsOf("checker") }

// move hands every shard over, as a fleet does.
func (p *pair) move(from, to string, orderly bool) { p.moveWithin(time.Minute, from, to, orderly) }

// moveWithin is move with a bound on what grains still do.
func (p *pair) moveWithin(patience time.Duration, from, to string, orderly bool) {
	ctx := p.t.Context()
	p.believe(from, engine.Place{Answer: engine.Elsewhere, Member: to})
	if !orderly {
		p.ledgers[from].Drop(every())
	}
	within, cancel := context.WithTimeout(ctx, patience)
	p.systems[from].Vacate(within, engine.Departure{Role: "checker", Group: func(string) int { return 0 }})
	cancel()
	err := p.ledgers[from].Close(ctx, every())
	claims, errClaim := p.store.Claim(ctx, to, every())
	if err = errors.Join(err, errClaim, p.ledgers[to].Open(ctx, claims)); err != nil {
		p.t.Fatal(err)
	}
	p.believe(to, engine.Place{Answer: engine.Here})
	if err := p.ledgers[to].Fire(ctx, every()); err != nil {
		p.t.Fatal(err)
	}
}

// TestGrainsFollowTheirShards: grains count while their shards go back and forth. In an orderly hand-over no question fails, and no
// number is lost or counted twice; where shards are dropped, an append in flight may fail, and asking again settles it.
func TestGrainsFollowTheirShards(t *testing.T) {
	for _, orderly := range []bool{true, false} {
		t.Run(fmt.Sprint("orderly=", orderly), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.move("B", "A", true)
				if failed := p.count(20, 200, orderly); orderly && failed > 0 {
					t.Errorf("%d questions failed", failed)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				p.mu.Lock()
				defer p.mu.Unlock()
				if p.rung != 20 {
					t.Errorf("%d of 20 reminders were handled", p.rung)
				}
			})
		})
	}
}

// count has grains count up to n while the shards move, and returns how many questions had to be asked again.
func (p *pair) count(grains, n int, orderly bool) (failed int) {
	ctx, done := context.WithCancel(p.t.Context())
	var asking, moving sync.WaitGroup
	moves := 0
	var mu sync.Mutex
	for g := range grains {
		asking.Go(func() {
			ref := tallies.Ref(p.systems["A"], fmt.Sprint("grain", g))
			for i := 1; i <= n; i++ {
				count, err := engine.AskTimeout[int, any](ref, Tick{i}, time.Minute)
				if err != nil {
					i--
					mu.Lock()
					failed++
					mu.Unlock()
				} else if count != i {
					p.t.Errorf("grain %d: %d numbers after %d", g, count, i)
				}
				time.Sleep(time.Millisecond + time.Duration(g)*100*time.Microsecond)
			}
		})
	}
	moving.Go(func() {
		from, to := "A", "B"
		for ctx.Err() == nil {
			time.Sleep(47 * time.Millisecond)
			p.move(from, to, orderly)
			from, to = to, from
			moves++
		}
	})
	asking.Wait()
	done()
	moving.Wait()
	p.t.Logf("%d moves; %d of %d questions were asked again", moves, failed, grains*n)
	return failed
}
