package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// after answers n once d has passed.
func after(d time.Duration, n int) script {
	return func(c *engine.Context[script]) {
		reply := c.Reply()
		time.AfterFunc(d, func() { reply.Send(n) })
	}
}

// Whatever came before on the same ask, earlier timers and answers included, a question ends exactly when it has to.
func TestAskTimeoutIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := scripts.Ref(scriptSystem(t), "a")
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 0))
		for i := range 3000 {
			limit := time.Duration(rng.IntN(100)+1) * time.Second
			answered := time.Duration(rng.IntN(100))*time.Second + 500*time.Millisecond
			began := time.Now()
			n, err := engine.AskTimeout[int](r, after(answered, i), limit)
			took := time.Since(began)
			if answered < limit && (n != i || err != nil || took != answered) {
				t.Fatalf("seed %d, question %d: got %d, %v after %v, the answer came after %v", seed, i, n, err, took, answered)
			}
			if answered > limit && (!errors.Is(err, context.DeadlineExceeded) || took != limit) {
				t.Fatalf("seed %d, question %d: got %d, %v after %v, its timeout is %v", seed, i, n, err, took, limit)
			}
		}
	})
}

func TestAskTimeoutOfManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				began, limit := time.Now(), time.Duration(i+1)*time.Millisecond
				_, err := engine.AskTimeout[int](scripts.Ref(s, fmt.Sprint(i)), after(time.Hour, i), limit)
				if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != limit {
					t.Errorf("got %v after %v, the timeout is %v", err, took, limit)
				}
			})
		}
		wg.Wait()
	})
}

func TestAskTimeoutEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit time.Duration
		f     script
		want  error
		took  time.Duration
	}{
		{"at once without an answer to come", time.Hour, func(*engine.Context[script]) {}, engine.ErrNoAnswer, 0},
		{"with the answer, however long that may take", math.MaxInt64, after(1000*time.Hour, 1), nil, 1000 * time.Hour},
		{"at once without any time", 0, after(time.Second, 1), context.DeadlineExceeded, 0},
		{"at once when its time is over", -time.Hour, after(time.Second, 1), context.DeadlineExceeded, 0},
		{"with the system", time.Hour, func(c *engine.Context[script]) {
			c.Reply()
			time.AfterFunc(time.Second, c.System().Kill)
		}, engine.ErrKilled, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := scriptSystem(t)
				r := scripts.Ref(s, "a")
				for range 100 { // timers are left behind, and the system's clock is not at its beginning
					if _, err := engine.AskTimeout[int](r, after(time.Millisecond, 1), time.Minute); err != nil {
						t.Fatal(err)
					}
				}
				began := time.Now()
				_, err := engine.AskTimeout[int](r, c.f, c.limit)
				if took := time.Since(began); !errors.Is(err, c.want) || took != c.took {
					t.Fatalf("got %v after %v, want %v after %v", err, took, c.want, c.took)
				}
				want, took := context.DeadlineExceeded, time.Second
				if errors.Is(c.want, engine.ErrKilled) {
					want, took = engine.ErrKilled, 0
				}
				for range 100 { // what comes after it is as exact as ever
					began = time.Now()
					_, err = engine.AskTimeout[int](r, after(time.Hour, 1), time.Second)
					if got := time.Since(began); !errors.Is(err, want) || got != took {
						t.Fatalf("afterwards got %v after %v, want %v after %v", err, got, want, took)
					}
				}
			})
		})
	}
}

func TestAnswerAfterTheTimeoutReachesNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := scripts.Ref(scriptSystem(t), "a")
		for i := range 200 {
			if _, err := engine.AskTimeout[int](r, after(1500*time.Millisecond, -1), time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v", err)
			}
			if n, err := engine.AskTimeout[int](r, after(time.Second, i), time.Minute); n != i || err != nil {
				t.Fatalf("question %d: got %d, %v", i, n, err)
			}
			if n, err := engine.Ask[int](t.Context(), r, after(time.Second, i)); n != i || err != nil {
				t.Fatalf("question %d without a timeout: got %d, %v", i, n, err)
			}
		}
	})
}

// racers take what callers send that don't wait for the last question to be handled.
var racers = engine.NewKind[script](engine.KindConfig{Name: "racer", Mailbox: engine.Unbounded})

// Timeouts and answers that meet: a caller gets its own answer or the timeout, never another's and never nothing.
func TestTimeoutsRaceWithAnswers(t *testing.T) {
	s := enginetest.NewSystem(t, enginetest.Options{})
	engine.Serve(s, racers, func(string) engine.Actor[script] { return &hooks{} })
	const callers, each = 32, 150
	var wg sync.WaitGroup
	var mu sync.Mutex
	var answers, timeouts int // guarded by mu
	for caller := range callers {
		wg.Go(func() {
			r := racers.Ref(s, fmt.Sprint(caller))
			for i := range each {
				own := caller*each + i
				d := time.Duration(rand.IntN(400)) * time.Microsecond
				n, err := engine.AskTimeout[int](r, after(time.Duration(rand.IntN(400))*time.Microsecond, own), d)
				mu.Lock()
				switch {
				case err == nil && n == own:
					answers++
				case errors.Is(err, context.DeadlineExceeded):
					timeouts++
				default:
					t.Errorf("question %d: got %d, %v", own, n, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if answers == 0 || timeouts == 0 {
		t.Fatalf("%d answers and %d timeouts did not meet", answers, timeouts)
	}
}

// A timer that was left for later questions doesn't keep a system that has ended.
func TestAskTimeoutKeepsNoSystem(t *testing.T) {
	ended := func() weak.Pointer[engine.System] {
		s, err := engine.New(engine.Config{})
		if err != nil {
			t.Fatal(err)
		}
		engine.Serve(s, scripts, func(string) engine.Actor[script] { return &hooks{} })
		r := scripts.Ref(s, "a")
		if n, err := engine.AskTimeout[int](r, func(c *engine.Context[script]) { c.Respond(1) }, time.Hour); n != 1 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		s.Kill()
		return weak.Make(s)
	}()
	for range 100 {
		if ended.Value() == nil {
			return
		}
		runtime.GC()
		runtime.Gosched()
	}
	t.Fatal("the system is still in memory")
}
