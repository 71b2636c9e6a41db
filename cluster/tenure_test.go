package cluster_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// stuck is a tally whose handler can be held up before it appends: by a negative number.
type stuck struct {
	tally
	gate <-chan struct{}
}

var stuckTallies = engine.NewKind[any](engine.KindConfig{Name: "stuck", Role: "checker"})

// Handle waits, and then does what a tally does.
func (s *stuck) Handle(c *engine.Context[any], m any) {
	if tick, ok := m.(Tick); ok && tick.N < 0 {
		<-s.gate
		m = Tick{-tick.N}
	}
	if tick, ok := m.(Tick); ok && !s.seen[tick.N] {
		engine.Persist(c, []Ticked{{tick.N}}, func() { c.Respond(len(s.seen)) })
		return
	}
	c.Respond(len(s.seen))
}

// shift hands every shard over, and doesn't wait for handlers that are stuck.
func (p *pair) shift(from, to string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 100*time.Millisecond)
	defer cancel()
	p.believe(from, engine.Place{Answer: engine.Elsewhere, Member: to})
	p.systems[from].Vacate(ctx, engine.Departure{Role: "checker", Group: func(string) int { return 0 }})
	err := p.ledgers[from].Close(p.t.Context(), every())
	claims, errClaim := p.store.Claim(p.t.Context(), to, every())
	if err = errors.Join(err, errClaim, p.ledgers[to].Open(p.t.Context(), claims)); err != nil {
		p.t.Fatal(err)
	}
	p.believe(to, engine.Place{Answer: engine.Here})
}

// TestAStuckHandlerAppendsNothingAfterItsShardCameBack: it was replayed under a claim that is over, and another member has appended since.
func TestAStuckHandlerAppendsNothingAfterItsShardCameBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		gate := make(chan struct{})
		for _, name := range []string{"A", "B"} {
			engine.ServeDurable(p.systems[name], stuckTallies, func(string) engine.Durable[any, Ticked] {
				return &stuck{tally{map[int]bool{}, func() {}}, gate}
			})
		}
		ask := func(by string, n int) (int, error) {
			return engine.AskTimeout[int, any](stuckTallies.Ref(p.systems[by], "g"), Tick{n}, 10*time.Second)
		}
		p.shift("B", "A")
		if n, err := ask("A", 1); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		late := make(chan error, 1)
		go func() {
			_, err := ask("A", -2)
			late <- err
		}()
		synctest.Wait()
		p.shift("A", "B")
		for _, n := range []int{3, 4} {
			if _, err := ask("B", n); err != nil {
				t.Fatal(err)
			}
		}
		p.shift("B", "A")
		close(gate)
		if err := <-late; err == nil {
			t.Error("a handler appended under a claim that its grain was not replayed under")
		}
		p.shift("A", "B")
		if n, err := ask("B", 4); n != 3 || err != nil {
			t.Errorf("%d, %v: want 1, 3 and 4", n, err)
		}
	})
}

// TestAppendsCarryTheirTenure: the same at the seam.
func TestAppendsCarryTheirTenure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.shift("B", "A")
		before := p.ledgers["A"].Tenure("checker", "g")
		p.shift("A", "B")
		if p.ledgers["A"].Tenure("checker", "g") != 0 {
			t.Error("a tenure of a shard that is not open")
		}
		p.shift("B", "A")
		for tenure, want := range map[uint64]error{before: cluster.ErrOldTenure, p.ledgers["A"].Tenure("checker", "g"): nil} {
			got := make(chan error, 1)
			u := engine.Unit{Grain: journal.Grain{Kind: "k", ID: "g"}, Role: "checker", Key: "g", First: 1, Count: 1, Data: []byte("x"), Tenure: tenure}
			p.ledgers["A"].Append(u, func(err error) { got <- err })
			if err := <-got; !errors.Is(err, want) || want != nil && !errors.Is(err, journal.ErrFenced) {
				t.Errorf("tenure %d: %v, want %v", tenure, err, want)
			}
		}
	})
}
