package engine_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/engine"
)

// Benchmarks beside Hollywood's own: compare only inside one run.

type (
	latch  struct{ wg *sync.WaitGroup }
	serveM struct {
		peer engine.Ref[counterMsg]
		left *atomic.Int64
		done chan struct{}
	}
)

func (*serveM) counterMsg() {}
func (latch) counterMsg()   {}

// sink counts, answers get and releases latches.
type sink struct{ n int }

func (a *sink) Handle(c *engine.Context[counterMsg], m counterMsg) {
	switch m := m.(type) {
	case add:
		a.n += m.n
	case get:
		c.Respond(true)
	case latch:
		m.wg.Done()
	case *held:
		<-m.hold
	case *serveM:
		if m.left.Add(-1) <= 0 {
			close(m.done)
			return
		}
		peer := m.peer
		m.peer = c.Self()
		peer.Tell(m)
	}
}

var sinks = engine.NewKind[counterMsg](engine.KindConfig{Name: "sink", Mailbox: engine.Unbounded, Idle: time.Hour})

func benchSystem(b testing.TB) *engine.System {
	s, err := engine.New(engine.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Kill)
	engine.Serve(s, sinks, func(string) engine.Actor[counterMsg] { return &sink{} })
	return s
}

func active(b testing.TB, s *engine.System, id string) engine.Ref[counterMsg] {
	if _, err := engine.Ask[bool, counterMsg](context.Background(), sinks.Ref(s, id), get{}); err != nil {
		b.Fatal(err)
	}
	return sinks.Ref(s, id)
}

var one counterMsg = add{1}

func barrier(r engine.Ref[counterMsg]) {
	var wg sync.WaitGroup
	wg.Add(1)
	r.Tell(latch{&wg})
	wg.Wait()
}

// round is how many messages stand between two waits for the receiver.
const round = 10_000

// flood sends rounds of messages to one receiver and waits for each to be handled.
func flood(b *testing.B, send, wait func()) {
	b.ReportAllocs()
	rounds, began := 0, cpu()
	for b.Loop() {
		for range round {
			send()
		}
		wait()
		rounds++
	}
	perMessage(b, rounds*round, began)
}

func flood8(b *testing.B, send, wait func()) {
	rounds, began := 0, cpu()
	for b.Loop() {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range round / 8 {
					send()
				}
			})
		}
		wg.Wait()
		wait()
		rounds++
	}
	perMessage(b, rounds*round, began)
}

func spray(b *testing.B, send func(i int), last func(i int, wg *sync.WaitGroup)) {
	rounds, began := 0, cpu()
	for b.Loop() {
		var wg sync.WaitGroup
		wg.Add(sprayed)
		for i := range sprayed {
			send(i)
		}
		for i := range sprayed {
			last(i, &wg)
		}
		wg.Wait()
		rounds++
	}
	perMessage(b, rounds*2*sprayed, began)
}

const sprayed = 100_000

// cpu is the processor time that the process has used; on a busy machine it tells more than the wall clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func perMessage(b *testing.B, n int, began time.Duration) {
	b.ReportMetric(float64((cpu()-began).Nanoseconds())/float64(n), "cpu-ns/msg")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/msg")
}

func BenchmarkTellOneToOne(b *testing.B) {
	r := active(b, benchSystem(b), "a")
	b.ReportAllocs()
	flood(b, func() { r.Tell(one) }, func() { barrier(r) })
}

func BenchmarkTellLookup(b *testing.B) {
	s := benchSystem(b)
	active(b, s, "a")
	flood(b, func() { sinks.Ref(s, "a").Tell(one) }, func() { barrier(sinks.Ref(s, "a")) })
}

func BenchmarkSendOneToOneHollywoodToGrain(b *testing.B) {
	s := benchSystem(b)
	r := active(b, s, "a")
	pid, e := r.PID(), s.Engine()
	b.ReportAllocs()
	flood(b, func() { e.Send(pid, one) }, func() { barrier(r) })
}

func BenchmarkTellEightToOne(b *testing.B) {
	r := active(b, benchSystem(b), "a")
	flood8(b, func() { r.Tell(one) }, func() { barrier(r) })
}

func BenchmarkSpray(b *testing.B) {
	s := benchSystem(b)
	refs := make([]engine.Ref[counterMsg], sprayed)
	for i := range refs {
		refs[i] = active(b, s, string(rune('a'+i%26))+strconv.Itoa(i))
	}
	spray(b, func(i int) { refs[i].Tell(one) }, func(i int, wg *sync.WaitGroup) { refs[i].Tell(latch{wg}) })
}

func BenchmarkPingPong(b *testing.B) {
	s := benchSystem(b)
	x, y := active(b, s, "x"), active(b, s, "y")
	var left atomic.Int64
	left.Store(2 * int64(b.N))
	m := &serveM{peer: y, left: &left, done: make(chan struct{})}
	b.ReportAllocs()
	began := cpu()
	b.ResetTimer()
	x.Tell(m)
	<-m.done
	perMessage(b, b.N, began)
}

func BenchmarkAsk(b *testing.B) {
	r := active(b, benchSystem(b), "a")
	ctx := context.Background()
	b.ReportAllocs()
	began := cpu()
	defer func() { perMessage(b, b.N, began) }()
	for b.Loop() {
		if _, err := engine.Ask[bool, counterMsg](ctx, r, get{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAsk64(b *testing.B) {
	r := active(b, benchSystem(b), "a")
	ctx := context.Background()
	b.SetParallelism(32)
	began := cpu()
	defer func() { perMessage(b, b.N, began) }()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := engine.Ask[bool, counterMsg](ctx, r, get{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAskTimeout(b *testing.B) {
	r := active(b, benchSystem(b), "a")
	b.ReportAllocs()
	began := cpu()
	defer func() { perMessage(b, b.N, began) }()
	for b.Loop() {
		if _, err := engine.AskTimeout[bool, counterMsg](r, get{}, 2*time.Second); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAskTimeout64(b *testing.B) {
	r := active(b, benchSystem(b), "a")
	b.SetParallelism(32)
	began := cpu()
	defer func() { perMessage(b, b.N, began) }()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := engine.AskTimeout[bool, counterMsg](r, get{}, 2*time.Second); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func hollywood(b *testing.B) *actor.Engine {
	e, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		b.Fatal(err)
	}
	return e
}

func hollywoodSink(e *actor.Engine, id string) *actor.PID {
	n := 0
	return e.SpawnFunc(func(c *actor.Context) {
		switch m := c.Message().(type) {
		case add:
			n += m.n
		case get:
			c.Respond(true)
		case latch:
			m.wg.Done()
		}
	}, "sink", actor.WithID(id), actor.WithInboxSize(16))
}

func hollywoodBarrier(e *actor.Engine, pid *actor.PID) {
	var wg sync.WaitGroup
	wg.Add(1)
	e.Send(pid, latch{&wg})
	wg.Wait()
}

func BenchmarkHollywoodTellOneToOne(b *testing.B) {
	e := hollywood(b)
	pid := hollywoodSink(e, "a")
	b.ReportAllocs()
	flood(b, func() { e.Send(pid, one) }, func() { hollywoodBarrier(e, pid) })
}

func BenchmarkHollywoodEightToOne(b *testing.B) {
	e := hollywood(b)
	pid := hollywoodSink(e, "a")
	flood8(b, func() { e.Send(pid, one) }, func() { hollywoodBarrier(e, pid) })
}

func BenchmarkHollywoodSpray(b *testing.B) {
	e := hollywood(b)
	pids := make([]*actor.PID, sprayed)
	for i := range pids {
		pids[i] = hollywoodSink(e, strconv.Itoa(i))
	}
	spray(b, func(i int) { e.Send(pids[i], one) }, func(i int, wg *sync.WaitGroup) { e.Send(pids[i], latch{wg}) })
}

// bounce is one side of Hollywood's ping-pong.
type bounce struct {
	left *atomic.Int64
	done chan struct{}
}

func BenchmarkHollywoodPingPong(b *testing.B) {
	e := hollywood(b)
	side := func(id string) *actor.PID {
		return e.SpawnFunc(func(c *actor.Context) {
			if m, ok := c.Message().(*bounce); ok {
				if m.left.Add(-1) <= 0 {
					close(m.done)
					return
				}
				c.Engine().SendWithSender(c.Sender(), m, c.PID())
			}
		}, "side", actor.WithID(id))
	}
	x, y := side("x"), side("y")
	var left atomic.Int64
	left.Store(2 * int64(b.N))
	m := &bounce{left: &left, done: make(chan struct{})}
	b.ReportAllocs()
	began := cpu()
	b.ResetTimer()
	e.SendWithSender(x, m, y)
	<-m.done
	perMessage(b, b.N, began)
}

func BenchmarkHollywoodAsk(b *testing.B) {
	e := hollywood(b)
	pid := hollywoodSink(e, "a")
	b.ReportAllocs()
	began := cpu()
	defer func() { perMessage(b, b.N, began) }()
	for b.Loop() {
		if _, err := e.Request(pid, get{}, time.Second).Result(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHollywoodAsk64(b *testing.B) {
	e := hollywood(b)
	pid := hollywoodSink(e, "a")
	b.SetParallelism(32)
	began := cpu()
	defer func() { perMessage(b, b.N, began) }()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := e.Request(pid, get{}, time.Second).Result(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
