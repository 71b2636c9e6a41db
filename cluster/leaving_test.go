package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
)

type (
	// Parting is a traveller's last word.
	Parting struct{ From string }
	// Work has a traveller do something that takes so long; less than 0: it is done.
	Work struct{ Long time.Duration }
	// Diary asks for what was stored.
	Diary struct{}
)

// traveller stores where it has left from.
type traveller struct {
	at     string
	diary  []string
	doing  int
	leaves func(doing int)
}

var travellers = engine.NewKind[any](engine.KindConfig{Name: "traveller", Role: "checker", Idle: -1})

func (r *traveller) Apply(e Parting) { r.diary = append(r.diary, e.From) }

func (r *traveller) Handle(c *engine.Context[any], m any) {
	switch m := m.(type) {
	case Diary:
		c.Respond(fmt.Sprint(r.diary))
	case Work:
		if m.Long < 0 {
			r.doing--
			return
		}
		r.doing++
		c.Go(func(ctx context.Context) any {
			select {
			case <-time.After(m.Long):
			case <-ctx.Done():
			}
			return Work{-1}
		})
	}
}

// Leaving implements engine.Leaving.
func (r *traveller) Leaving(c *engine.Context[any]) {
	r.leaves(r.doing)
	engine.Persist(c, []Parting{{r.at}}, func() {})
}

// TestALastWordIsStored: a grain that goes to another member stores what its next activation reads; what it still does is waited for, up
// to the patience of Vacate. A grain whose shard was dropped loses its word, and nothing else.
func TestALastWordIsStored(t *testing.T) {
	for name, tt := range map[string]struct {
		orderly bool
		work    time.Duration
		takes   time.Duration // the move, on a store that takes 1 ms for each request
		doing   int           // at the last word
		diary   string
	}{
		"at rest":         {true, 0, 2 * time.Millisecond, 0, "[A]"},
		"waited for":      {true, 100 * time.Millisecond, 102 * time.Millisecond, 0, "[A]"},
		"no longer":       {true, time.Hour, 802 * time.Millisecond, 1, "[A]"},
		"of a lost shard": {false, 0, 1 * time.Millisecond, 0, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				var mu sync.Mutex
				var doing []int
				for at, s := range p.systems {
					engine.ServeDurable(s, travellers, func(string) engine.Durable[any, Parting] {
						return &traveller{at: at, leaves: func(n int) {
							mu.Lock()
							defer mu.Unlock()
							doing = append(doing, n)
						}}
					})
				}
				p.move("B", "A", true)
				r := travellers.Ref(p.systems["A"], "x")
				if tt.work > 0 {
					r.Tell(Work{tt.work})
				}
				if got, err := engine.AskTimeout[string, any](r, Diary{}, time.Second); err != nil || got != "[]" {
					t.Fatal(got, err)
				}
				began := time.Now()
				p.moveWithin(800*time.Millisecond, "A", "B", tt.orderly)
				if took := time.Since(began); took != tt.takes {
					t.Errorf("the move took %v, want %v", took, tt.takes)
				}
				if got, err := engine.AskTimeout[string, any](r, Diary{}, time.Second); err != nil || got != tt.diary {
					t.Errorf("the diary is %s, want %s, %v", got, tt.diary, err)
				}
				mu.Lock()
				defer mu.Unlock()
				if !slices.Equal(doing, []int{tt.doing}) {
					t.Errorf("last words while it did %v things, want %d", doing, tt.doing)
				}
			})
		})
	}
}

func registerTravels(r *codec.Registry) {
	codec.Register[Parting](r, "parting")
	codec.Register[Work](r, "work")
	codec.Register[Diary](r, "diary")
}
