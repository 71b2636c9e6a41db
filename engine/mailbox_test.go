package engine_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// depthOf is what the system says of one cell.
func depthOf(s *engine.System, id string) int {
	for c := range s.Cells {
		if c.ID == id {
			return c.Depth
		}
	}
	return 0
}

// TestDepthIsExactUnderLoad holds every reading between what the messages sent and begun before and after it allow.
func TestDepthIsExactUnderLoad(t *testing.T) {
	for _, senders := range []int{1, 4} {
		var started, done, begun atomic.Int64
		s := enginetest.NewSystem(t, enginetest.Options{})
		r, err := engine.Spawn(s, "counted", func() engine.Actor[int] {
			return handler[int](func(*engine.Context[int], int) { begun.Add(1) })
		}, engine.WithMailbox(engine.Unbounded))
		if err != nil {
			t.Fatal(err)
		}
		stop := make(chan bool)
		var running sync.WaitGroup
		for range senders {
			running.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					started.Add(1)
					r.Tell(i)
					done.Add(1)
					if i%100 == 0 { // now and then the mailbox runs empty
						for begun.Load() < done.Load() {
							time.Sleep(time.Microsecond)
						}
					}
				}
			})
		}
		for readings, end := 0, time.Now().Add(300*time.Millisecond); readings < 1000 || time.Now().Before(end); readings++ {
			doneBefore, begunBefore := done.Load(), begun.Load()
			depth := int64(depthOf(s, "counted"))
			startedAfter, begunAfter := started.Load(), begun.Load()
			if low, high := doneBefore-begunAfter, startedAfter-begunBefore+1; depth < low || depth > high {
				t.Fatalf("reading %d: depth %d, which is not within %d and %d", readings, depth, low, high)
			}
		}
		close(stop)
		running.Wait()
		for begun.Load() < done.Load() {
			time.Sleep(time.Microsecond)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestABusyActorStarvesNobody: with one worker and a million messages before it, another's message is handled after two turns of the
// busy one at most.
func TestABusyActorStarvesNobody(t *testing.T) {
	const messages = 1_000_000
	const share = 64
	s := enginetest.NewSystem(t, enginetest.Options{Dispatchers: map[string]engine.Dispatcher{"one": {Workers: 1, Messages: share}}})
	option := []engine.SpawnOption{engine.WithDispatcher("one"), engine.WithMailbox(engine.Unbounded)}
	var handled atomic.Int64
	began, hold := make(chan bool), make(chan bool)
	busy, err := engine.Spawn(s, "busy", func() engine.Actor[int] {
		return handler[int](func(*engine.Context[int], int) {
			if handled.Add(1) == 1 {
				close(began)
				<-hold
			}
		})
	}, option...)
	if err != nil {
		t.Fatal(err)
	}
	after := make(chan int64, 1)
	other, err := engine.Spawn(s, "other", func() engine.Actor[int] {
		return handler[int](func(*engine.Context[int], int) { after <- handled.Load() })
	}, option...)
	if err != nil {
		t.Fatal(err)
	}
	busy.Tell(0)
	<-began
	for i := range messages {
		busy.Tell(i)
	}
	other.Tell(0)
	close(hold)
	if n := <-after; n > 2*share {
		t.Errorf("another's message waited for %d of the busy one's", n)
	}
	busy.Stop()
}

// A system message overtakes what is queued.
func TestSystemMessagesComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		r, err := engine.Spawn(s, "r", func() engine.Actor[script] { return &hooks{} })
		if err != nil {
			t.Fatal(err)
		}
		hold := make(chan bool)
		r.Tell(func(*engine.Context[script]) { <-hold })
		for i := range 3 {
			r.Tell(func(*engine.Context[script]) { d.note("%d", i) })
		}
		synctest.Wait()
		done := r.Stop()
		close(hold)
		<-done
		d.want(t)
	})
}

// TestOrderOfEverySender: many senders to many actors, which come and go.
func TestOrderOfEverySender(t *testing.T) {
	const senders, receivers, messages = 8, 16, 2000
	type numbered struct{ from, n int }
	s := enginetest.NewSystem(t, enginetest.Options{})
	var wrong, handled atomic.Int64
	kind := engine.NewKind[numbered](engine.KindConfig{Name: "ordered", Mailbox: engine.Unbounded})
	var mu sync.Mutex
	last := map[string]*[senders]int{}
	engine.Serve(s, kind, func(id string) engine.Actor[numbered] {
		mu.Lock()
		defer mu.Unlock()
		if last[id] == nil {
			last[id] = &[senders]int{}
		}
		seen := last[id]
		return handler[numbered](func(c *engine.Context[numbered], m numbered) {
			if m.n != seen[m.from]+1 {
				wrong.Add(1)
			}
			seen[m.from] = m.n
			if m.n%50 == 0 {
				c.Passivate()
			}
			handled.Add(1)
		})
	})
	var running sync.WaitGroup
	for from := range senders {
		running.Go(func() {
			var refs []engine.Ref[numbered]
			for i := range receivers {
				refs = append(refs, kind.Ref(s, string(rune('a'+i))))
			}
			for n := range messages {
				for i := range refs {
					refs[i].Tell(numbered{from, n + 1})
				}
			}
		})
	}
	running.Wait()
	for end := time.Now().Add(time.Minute); handled.Load() < senders*receivers*messages && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := handled.Load(); wrong.Load() > 0 || n != senders*receivers*messages {
		t.Errorf("%d of %d handled, %d out of order", n, senders*receivers*messages, wrong.Load())
	}
}
