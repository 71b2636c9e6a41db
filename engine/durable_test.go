package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

type (
	accountMsg interface{ accountMsg() }
	deposit    struct{ amount int }
	twice      struct{ amount int } // persists again in the continuation
	balance    struct{}
	nothing    struct{} // persists no event
	careless   struct{} // sets a reminder without Persist
	forgetful  struct{} // fails after its event is stored
	compact    struct{} // stores the state instead of its events; the answer tells whether that was so before
)

func (deposit) accountMsg()   {}
func (twice) accountMsg()     {}
func (balance) accountMsg()   {}
func (nothing) accountMsg()   {}
func (careless) accountMsg()  {}
func (forgetful) accountMsg() {}
func (compact) accountMsg()   {}

type accountEvent interface{ accountEvent() }

type deposited struct{ Amount int }

func (deposited) accountEvent() {}

type accountState struct{ Balance int }

// account is a durable grain.
type account struct {
	balance int
}

func (a *account) Apply(e accountEvent) {
	if d, ok := e.(deposited); ok {
		a.balance += d.Amount
	}
}

func (a *account) Snapshot() any { return accountState{a.balance} }

func (a *account) Restore(s any) { a.balance = s.(accountState).Balance }

func (a *account) Handle(c *engine.Context[accountMsg], m accountMsg) {
	switch m := m.(type) {
	case deposit:
		engine.Persist(c, []accountEvent{deposited{m.amount}}, func() { c.Respond(a.balance) })
	case twice:
		engine.Persist(c, []accountEvent{deposited{m.amount}}, func() {
			engine.Persist(c, []accountEvent{deposited{m.amount}, deposited{1}}, func() { c.Respond(a.balance) })
		})
	case balance:
		c.Respond(a.balance)
	case nothing:
		engine.Persist[accountEvent](c, nil, func() { c.Respond(a.balance) })
	case careless:
		c.Remind("x", c.Now(), nil)
	case compact:
		done := 0
		if c.Compacted() {
			done = 1
		}
		c.Compact()
		c.Respond(done)
	case forgetful:
		engine.Persist(c, []accountEvent{deposited{1000}}, func() { panic("after the event") })
	}
}

var accounts = engine.NewKind[accountMsg](engine.KindConfig{Name: "account", Role: "test", Idle: time.Hour, SnapshotEvery: 10})

func accountSystem(t testing.TB, o enginetest.Options) *engine.System {
	o.Messages = codec.NewRegistry()
	codec.Register[deposited](o.Messages, "account.deposited")
	codec.Register[accountState](o.Messages, "account.state")
	o.Log = slog.New(slog.DiscardHandler)
	s := enginetest.NewSystem(t, o)
	engine.ServeDurable(s, accounts, func(string) engine.Durable[accountMsg, accountEvent] { return &account{} })
	return s
}

func ask(t testing.TB, s *engine.System, m accountMsg) (int, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return engine.Ask[int](ctx, accounts.Ref(s, "a"), m)
}

func mustAsk(t testing.TB, s *engine.System, m accountMsg, want int) {
	t.Helper()
	if n, err := ask(t, s, m); n != want || err != nil {
		t.Fatalf("%T: got %d, %v; want %d", m, n, err, want)
	}
}

func TestEventsOutliveTheirSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		sum := 0
		for range 4 {
			s := accountSystem(t, enginetest.Options{Store: store})
			mustAsk(t, s, balance{}, sum)
			for range 7 { // with snapshots on the way
				sum += 5
				mustAsk(t, s, deposit{5}, sum)
			}
			mustAsk(t, s, nothing{}, sum)
			sum += 2*3 + 1
			mustAsk(t, s, twice{3}, sum)
			s.Kill()
		}
	})
}

// Compact leaves one record of a grain, and what follows is replayed behind it; one that failed is seen by the next activation.
func TestCompact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		var refuse atomic.Bool
		store.Fault = func(c journal.Call) error {
			if c.Op == "append" && !c.Done && refuse.Load() {
				return journal.ErrFull
			}
			return nil
		}
		records := func() (n int) {
			stats, err := store.Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return int(stats.Records)
		}
		s := accountSystem(t, enginetest.Options{Store: store})
		mustAsk(t, s, compact{}, 1) // there is nothing yet
		base := records()
		mustAsk(t, s, deposit{5}, 5)
		mustAsk(t, s, deposit{6}, 11)
		refuse.Store(true)
		mustAsk(t, s, compact{}, 0)
		synctest.Wait()
		refuse.Store(false)
		s.Kill()
		s = accountSystem(t, enginetest.Options{Store: store})
		mustAsk(t, s, compact{}, 0)
		synctest.Wait()
		if n := records() - base; n != 1 {
			t.Errorf("%d records are left, want the snapshot", n)
		}
		mustAsk(t, s, compact{}, 1)
		mustAsk(t, s, deposit{1}, 12)
		s.Kill()
		s = accountSystem(t, enginetest.Options{Store: store})
		mustAsk(t, s, balance{}, 12)
		mustAsk(t, s, compact{}, 0)
	})
}

func TestRefusedAppendDropsTheStateAndKeepsTheMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		var refuse atomic.Bool
		store.Fault = func(c journal.Call) error {
			if c.Op == "append" && !c.Done && refuse.Load() {
				return journal.ErrFull
			}
			return nil
		}
		s := accountSystem(t, enginetest.Options{Store: store})
		mustAsk(t, s, deposit{1}, 1)
		synctest.Wait()
		refuse.Store(true)
		failed := make(chan error)
		go func() { _, err := ask(t, s, deposit{10}); failed <- err }()
		accounts.Ref(s, "a").Tell(balance{})
		err := <-failed
		var e *engine.PersistError
		if !errors.As(err, &e) || !errors.Is(err, journal.ErrFull) {
			t.Fatalf("got %v", err)
		}
		synctest.Wait()
		refuse.Store(false)
		began := time.Now()
		mustAsk(t, s, balance{}, 1)
		if d := time.Since(began); d < 75*time.Millisecond || d > 100*time.Millisecond {
			t.Fatalf("activated again after %v, want 75 to 100 ms", d)
		}
		mustAsk(t, s, deposit{2}, 3)
		if k := statsOf(s, "account"); len(k.DeadLetters) > 0 || k.Restarts != 1 {
			t.Fatalf("%+v", k)
		}
	})
}

func TestFencedGrainLosesItsMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		store.Latency = time.Second
		s := accountSystem(t, enginetest.Options{Store: store})
		mustAsk(t, s, deposit{1}, 1)
		second := accountSystem(t, enginetest.Options{Store: store}) // claims the shard
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := ask(t, s, deposit{1})
				var dead *engine.DeadLetterError
				if !errors.Is(err, journal.ErrFenced) && (!errors.As(err, &dead) || dead.Reason != "lost") {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if n := statsOf(s, "account").DeadLetters["lost"]; n != 2 {
			t.Errorf("%d dead letters for the lost shard, want 2", n)
		}
		mustAsk(t, second, balance{}, 1)
	})
}

func TestBetweenPersistAndContinuationNothingIsHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		s := accountSystem(t, enginetest.Options{Store: store})
		store.Latency = time.Second
		var got [3]int
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { got[i], _ = ask(t, s, deposit{1}) })
			synctest.Wait()
		}
		wg.Wait()
		if got != [3]int{1, 2, 3} {
			t.Fatalf("got %v", got)
		}
	})
}

func TestPanicsAroundPersist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := accountSystem(t, enginetest.Options{})
		var e *engine.PanicError
		if _, err := ask(t, s, careless{}); !errors.As(err, &e) {
			t.Fatalf("a reminder without Persist: %v", err)
		}
		if _, err := ask(t, s, forgetful{}); !errors.As(err, &e) {
			t.Fatalf("a panic in the continuation: %v", err)
		}
		mustAsk(t, s, balance{}, 1000)
	})
}

// TestCrashPoints kills the system at each point: an event that was not stored is not there, one that was is.
func TestCrashPoints(t *testing.T) {
	for point, want := range map[string]int{"account.persist.before": 1, "account.persist.after": 11} {
		for _, inside := range []bool{true, false} {
			t.Run(fmt.Sprint(point, inside), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := enginetest.NewStore()
					var s *engine.System
					var armed atomic.Bool
					s = accountSystem(t, enginetest.Options{Store: store, Crash: func(p string) {
						if p != point || !armed.Load() {
							return
						}
						if inside {
							s.Kill()
							return
						}
						go s.Kill()
						<-s.Done() // the other goroutine waits for this worker meanwhile
					}})
					mustAsk(t, s, deposit{1}, 1)
					armed.Store(true)
					if _, err := ask(t, s, deposit{10}); !errors.Is(err, engine.ErrKilled) {
						t.Fatalf("got %v", err)
					}
					second := accountSystem(t, enginetest.Options{Store: store})
					mustAsk(t, second, balance{}, want)
				})
			})
		}
	}
}

func TestStopFinishesAppendsAndBuriesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		s := accountSystem(t, enginetest.Options{Store: store})
		mustAsk(t, s, deposit{1}, 1)
		store.Latency = time.Second
		var results [2]error
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { _, results[i] = ask(t, s, deposit{10}) })
			synctest.Wait()
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if results[0] != nil || results[1] == nil {
			t.Fatalf("the append in flight: %v, the message behind it: %v", results[0], results[1])
		}
		store.Latency = 0
		mustAsk(t, accountSystem(t, enginetest.Options{Store: store}), balance{}, 11)
	})
}

func TestRandomOperationsAgainstAModel(t *testing.T) {
	rnd, _ := enginetest.Rand(t)
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		var fail atomic.Bool
		store.Fault = func(c journal.Call) error {
			if c.Op == "append" && !c.Done && fail.Load() {
				return journal.ErrFull
			}
			return nil
		}
		s := accountSystem(t, enginetest.Options{Store: store})
		sum := 0
		var log []string
		for range 300 {
			op := rnd.IntN(10)
			log = append(log, fmt.Sprint(op))
			switch {
			case op == 0:
				s.Kill()
				s = accountSystem(t, enginetest.Options{Store: store})
			case op == 1:
				fail.Store(true)
				if _, err := ask(t, s, deposit{1}); err == nil {
					t.Fatalf("a refused append was answered: %v", log)
				}
				fail.Store(false)
			case op < 5:
				n := rnd.IntN(9)
				sum += 2*n + 1
				mustAsk(t, s, twice{n}, sum)
			default:
				n := rnd.IntN(9)
				sum += n
				mustAsk(t, s, deposit{n}, sum)
			}
			mustAsk(t, s, balance{}, sum)
		}
	})
}
