package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"hayauma.example/engine"
)

// tiny is an actor with 16 bytes of state.
type tiny struct{ a, b int64 }

func (t *tiny) Handle(_ *engine.Context[*sync.WaitGroup], m *sync.WaitGroup) {
	t.a, t.b = t.a+1, t.a
	m.Done()
}

var tinies = engine.NewKind[*sync.WaitGroup](engine.KindConfig{Name: "tiny", Idle: time.Hour})

func TestMemoryOfAnIdleGrain(t *testing.T) {
	const n = 200_000
	most := 205.0
	if raceEnabled {
		most = 256
	}
	s := benchSystem(t)
	engine.Serve(s, tinies, func(string) engine.Actor[*sync.WaitGroup] { return &tiny{} })
	before := inUse()
	var wg sync.WaitGroup
	wg.Add(n)
	for i := range n {
		tinies.Ref(s, fmt.Sprintf("U%032d", i)).Tell(&wg)
	}
	wg.Wait()
	each := float64(inUse()-before) / n
	t.Logf("%.0f bytes in use per idle grain: %.1f million per GiB", each, (1<<30)/each/1e6)
	if each > most {
		t.Fatalf("%.0f bytes per idle grain, want at most %.0f", each, most)
	}
	count := 0
	for range s.Cells {
		count++
	}
	if count != n {
		t.Fatalf("%d cells, want %d", count, n)
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func TestAllocationsOfTellAndAsk(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := benchSystem(t)
	r := active(t, s, "a")
	pid := r.PID()
	question := counterMsg(get{})
	ctx := context.Background()
	for _, c := range []struct {
		name string
		most float64
		f    func()
	}{
		{"Tell", 0.1, func() { r.Tell(one) }},
		{"Tell by name", 0.1, func() { sinks.Ref(s, "a").Tell(one) }},
		{"Hollywood's Send", 0.1, func() { s.Engine().Send(pid, one) }},
		{"Ask", 1.1, func() {
			if _, err := engine.Ask[bool](ctx, r, question); err != nil {
				t.Fatal(err)
			}
		}},
		{"AskTimeout", 1.1, func() {
			if _, err := engine.AskTimeout[bool](r, question, time.Minute); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		if got := testing.AllocsPerRun(5000, c.f); got > c.most {
			t.Errorf("%s: %.2f allocations, want at most %.0f", c.name, got, c.most)
		}
	}
}
