package gate

import (
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// measured runs a gate's hot path inside a cell of its own and counts allocations.
type measured struct {
	gate *gate
	done chan float64
}

// measure begins the count.
type measure struct{ wake }

func (a measured) Handle(c *call, m Msg) {
	if _, ok := m.(measure); !ok {
		a.gate.Handle(c, m)
		return
	}
	g, now := a.gate, c.Now()
	const ahead = 100
	var waits [ahead]Msg
	for i := range waits {
		waits[i] = Wait{Campaign: "c", Run: "r", Poster: "shop/user", Path: actors.Span{Lo: uint32(i), Hi: uint32(i + 1)}, Untried: true}
	}
	g.parked.run("c", "r").tokens[provider.Push].open = now.Add(time.Hour)
	n := 0
	once := func() {
		g.Handle(c, waits[n%ahead])
		g.ended(c, Ended{Token: g.token, Endpoint: provider.Push, Verdict: provider.Accepted}, now)
		g.reports.free(Freed{Run: "r", Window: 1, Bytes: 100}, now)
		g.next(c, now)
		n++
	}
	once()
	started := g.token
	a.done <- testing.AllocsPerRun(2000, once)
	if g.token-started < 2000 {
		panic("not every call started")
	}
}

type silent struct{}

func (silent) Handle(*engine.Context[actors.PosterMsg], actors.PosterMsg) {}

// TestHotPathAllocates: parking, starting and ending a call costs at most two allocations beside the box of Start.
func TestHotPathAllocates(t *testing.T) {
	sys := enginetest.NewSystem(t, enginetest.Options{})
	engine.Serve(sys, actors.Posters, func(string) engine.Actor[actors.PosterMsg] { return silent{} })
	gs := New(sys, Deps{})
	g := newGate(gs, "shop")
	g.provider = fake{}
	g.asking.busy = true // the channel is played
	a := measured{g, make(chan float64, 1)}
	ref, err := engine.Spawn(sys, "measured", func() engine.Actor[Msg] { return a })
	if err != nil {
		t.Fatal(err)
	}
	ref.Tell(measure{})
	if got := <-a.done; got > 3 {
		t.Errorf("%v allocations per call", got)
	} else {
		t.Logf("%v allocations per call", got)
	}
}

type fake struct{ provider.Provider }
