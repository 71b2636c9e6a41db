package engine_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// numbered is the n-th message of a sender.
type numbered struct{ sender, n int }

// fleeting passivates after each message; what must survive it stands in the test's ledger.
type fleeting struct {
	ledger *ledger
	alive  *atomic.Int32
}

type ledger struct {
	mu      sync.Mutex
	last    map[int]int // by sender; guarded by mu
	wrong   int         // guarded by mu
	overlap atomic.Int32
	onWay   chan struct{} // one token for each message that is not handled
}

func (f *fleeting) Handle(c *engine.Context[numbered], m numbered) {
	f.ledger.mu.Lock()
	if f.ledger.last[m.sender] != m.n-1 {
		f.ledger.wrong++
	}
	f.ledger.last[m.sender] = m.n
	f.ledger.mu.Unlock()
	<-f.ledger.onWay
	c.Passivate()
}

func (f *fleeting) Started(*engine.Context[numbered]) {
	if f.alive.Add(1) > 1 {
		f.ledger.overlap.Add(1)
	}
}

func (f *fleeting) Stopped() { f.alive.Add(-1) }

var fleetings = engine.NewKind[numbered](engine.KindConfig{Name: "fleeting", Mailbox: engine.Unbounded})

func TestNoMessageIsLostWhileGrainsPassivate(t *testing.T) {
	const senders, grains = 4, 2000
	onWay := make(chan struct{}, 2*grains) // so few that most mailboxes are empty now and then
	messages := 1_000_000 / senders
	if raceEnabled || testing.Short() {
		messages /= 20
	}
	s := enginetest.NewSystem(t, enginetest.Options{})
	ledgers := map[string]*ledger{}
	alive := map[string]*atomic.Int32{}
	for g := range grains {
		ledgers[strconv.Itoa(g)] = &ledger{last: map[int]int{}, onWay: onWay}
		alive[strconv.Itoa(g)] = &atomic.Int32{}
	}
	engine.Serve(s, fleetings, func(id string) engine.Actor[numbered] { return &fleeting{ledgers[id], alive[id]} })

	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			var held [grains]engine.Ref[numbered]
			for g := range held {
				held[g] = fleetings.Ref(s, strconv.Itoa(g))
			}
			for i := range messages {
				g, n := i%grains, i/grains+1
				onWay <- struct{}{}
				if i%3 == 0 {
					fleetings.Ref(s, strconv.Itoa(g)).Tell(numbered{sender, n})
				} else {
					held[g].Tell(numbered{sender, n}) // through a stale reference, mostly
				}
			}
		})
	}
	wg.Wait()
	for range cap(onWay) {
		onWay <- struct{}{} // all are handled
	}
	wrong, overlap := 0, 0
	for _, l := range ledgers {
		l.mu.Lock()
		wrong, overlap = wrong+l.wrong, overlap+int(l.overlap.Load())
		l.mu.Unlock()
	}
	if wrong > 0 || overlap > 0 {
		t.Fatalf("%d messages out of order, %d overlapping activations", wrong, overlap)
	}
	stats := statsOf(s, "fleeting")
	if stats.Passivations < uint64(messages)/10 {
		t.Fatalf("only %d passivations: nothing was tested", stats.Passivations)
	}
	t.Logf("%d messages, %d passivations", senders*messages, stats.Passivations)
}

func statsOf(s *engine.System, kind string) engine.KindStats {
	for _, k := range s.Stats() {
		if k.Kind == kind {
			return k
		}
	}
	return engine.KindStats{}
}

// busy keeps a grain from being idle in one of the ways that count.
type busy func(c *engine.Context[busyMsg])

type (
	busyMsg interface{ busyMsg() }
	begin   struct{ f busy }
	over    struct{}
)

func (begin) busyMsg() {}
func (over) busyMsg()  {}

type busyActor struct{ stopped *atomic.Int64 }

func (a *busyActor) Handle(c *engine.Context[busyMsg], m busyMsg) {
	if b, ok := m.(begin); ok {
		b.f(c)
	}
}

func (a *busyActor) Stopped() { a.stopped.Store(time.Now().UnixMilli()) }

func TestWhatKeepsAGrainInMemory(t *testing.T) {
	const minute = time.Minute
	for name, keep := range map[string]busy{
		"a Go function": func(c *engine.Context[busyMsg]) {
			c.Go(func(context.Context) busyMsg { time.Sleep(minute); return nil })
		},
		"a timer":      func(c *engine.Context[busyMsg]) { c.After(minute, over{}) },
		"a kept reply": func(c *engine.Context[busyMsg]) { r := c.Reply(); time.AfterFunc(minute, func() { r.Send(1) }) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := enginetest.NewSystem(t, enginetest.Options{})
				kind := engine.NewKind[busyMsg](engine.KindConfig{Name: "busy", Idle: 4 * time.Second})
				var stopped atomic.Int64
				engine.Serve(s, kind, func(string) engine.Actor[busyMsg] { return &busyActor{&stopped} })
				began := time.Now().UnixMilli()
				go func() { _, _ = engine.Ask[int, busyMsg](t.Context(), kind.Ref(s, "a"), begin{keep}) }()
				time.Sleep(2 * minute)
				synctest.Wait()
				at := time.Duration(stopped.Load()-began) * time.Millisecond
				if at < minute || at > minute+5*time.Second {
					t.Fatalf("left memory after %v, want soon after a minute", at)
				}
			})
		})
	}
}

// A grain that was told to leave while something of it runs leaves as soon as that has ended, not with the next sweep.
func TestPassivateWaitsForWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		r := scripts.Ref(s, "a")
		r.Tell(func(c *engine.Context[script]) {
			c.Go(func(context.Context) script {
				time.Sleep(time.Second)
				return func(*engine.Context[script]) {}
			})
			c.Passivate()
		})
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		if n := inMemory(s.Stats(), "script"); n != 1 {
			t.Errorf("%d active while its function runs", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := inMemory(s.Stats(), "script"); n != 0 {
			t.Errorf("%d active after it has ended", n)
		}
	})
}
