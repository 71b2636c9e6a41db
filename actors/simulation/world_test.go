package simulation

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
	membership "hayauma.example/cluster/objects"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// world is everything that outlives a crash, and what was seen of it.
type world struct {
	t      *testing.T
	sc     scenario
	memory *journal.Memory
	shared *membership.Memory
	sim    *linesim.Sim
	sims   map[string]*linesim.Sim // of further channels, by name
	began  time.Time

	calm atomic.Bool // the store is in no trouble any more

	mu       sync.Mutex
	dice     *rand.Rand     // guarded by mu
	born     *sync.Cond     // of mu: live was set
	live     *incarnation   // guarded by mu; nil while the process is down
	number   int            // guarded by mu; of incarnations
	counts   map[string]int // guarded by mu; how often each point was reached
	armed    []crash        // guarded by mu
	lines    []entry        // guarded by mu; the transcript
	calls    []call         // guarded by mu
	appended []appended     // guarded by mu
	faults   []string       // guarded by mu; what was found to be wrong while it ran
	over     bool           // guarded by mu
}

// call is one start of a provider call.
type call struct {
	at       time.Duration
	endpoint int
	user     string // the first one
	n        int
	key      string
	channel  string
}

// appended is one record that the store took.
type appended struct {
	grain journal.Grain
	first uint64
	count uint32
	by    int
}

// result is what came of a scenario.
type result struct {
	faults []string // empty: all is well
	world  *world
	took   time.Duration // virtual, until every campaign was final
	ended  map[string]actors.Info
}

// play runs a scenario in a bubble of its own.
func play(t *testing.T, sc scenario) (r result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sc.begins)
		r = newWorld(t, sc.withDefaults()).run()
	})
	return r
}

func newWorld(t *testing.T, sc scenario) *world {
	w := &world{
		t: t, sc: sc, memory: enginetest.NewStore(), began: time.Now(),
		dice: rand.New(rand.NewPCG(sc.seed, 0xd1ce)), counts: map[string]int{}, armed: sc.crashes,
	}
	w.born = sync.NewCond(&w.mu)
	w.shared = membership.NewMemory(w.memory)
	w.memory.Fault = sc.journal.fault(w)
	w.sim = linesim.New(linesim.Options{Faults: sc.faults, Limits: sc.simLimits(), Order: sc.order, Tokens: []string{token}})
	return w
}

// run plays the scenario to its end, and judges it.
func (w *world) run() result {
	var keeper, people sync.WaitGroup
	stop := make(chan struct{})
	keeper.Go(func() { w.keep(stop) })
	for _, at := range w.sc.kills {
		time.AfterFunc(at, func() { w.current().die("kill") })
	}
	for _, at := range w.sc.drains {
		time.AfterFunc(at, func() { w.current().drain() })
	}
	if w.sc.quota > 0 {
		w.sim.SetQuota(w.sc.quota)
		time.AfterFunc(w.sc.larger, func() { w.sim.SetQuota(linesim.Unlimited) })
	}
	w.configure()
	w.tell(&people)
	for i := range w.sc.missions {
		m := w.sc.missions[i]
		w.sim.Forget(m.unknown...)
		people.Go(func() {
			w.submit(m)
			var operator sync.WaitGroup
			operator.Go(func() { w.obey(m) })
			w.await(m)
			operator.Wait()
			if m.redriven() {
				w.await(m)
			}
		})
	}
	people.Wait()
	took := w.now()
	time.Sleep(restWithin)
	w.judgeRest()
	time.Sleep(settleFor - restWithin)
	w.calm.Store(true)
	faults, ended := w.judge()
	w.mu.Lock()
	w.over = true
	faults = append(faults, w.faults...)
	w.mu.Unlock()
	close(stop)
	keeper.Wait()
	return result{faults: faults, world: w, took: took, ended: ended}
}

// settleFor is longer than any call that is under way at the end.
const settleFor = 90 * time.Second

// keep starts an incarnation, and another one after each death, until stop.
func (w *world) keep(stop <-chan struct{}) {
	for {
		in, err := w.start()
		if err != nil {
			w.note("start failed", err.Error(), 0)
			time.Sleep(time.Second)
			continue
		}
		select {
		case <-in.died:
			in.bury()
			time.Sleep(w.sc.downtime)
		case <-stop:
			in.die("the end")
			in.bury()
			return
		}
	}
}

func (w *world) now() time.Duration { return time.Since(w.began) }

// chance is true with probability p.
func (w *world) chance(p float64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dice.Float64() < p
}

// simOf is the provider's side of a channel.
func (w *world) simOf(channel string) *linesim.Sim {
	if s := w.sims[channel]; s != nil {
		return s
	}
	return w.sim
}

// within is a random duration below d.
func (w *world) within(d time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.dice.Int64N(int64(d) + 1))
}

// wrong notes a breach that is seen while the scenario runs.
func (w *world) wrong(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, what)
}

// current waits for a live incarnation.
func (w *world) current() *incarnation {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.live == nil {
		w.born.Wait()
	}
	return w.live
}

var errDied = errors.New("simulation: the process died: there is no answer")

// ask asks a grain of the live incarnation, as the API does. An answer of one that has died is none.
func ask[R, M any](w *world, k *engine.Kind[M], id string, m M) (R, error) {
	in := w.current()
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	r, err := engine.Ask[R](ctx, k.Ref(in.sys, id), m)
	if in.dead.Load() {
		var none R
		return none, errDied
	}
	return r, err
}

const askFor = 15 * time.Second

// insist asks until there is an answer, which may be a Problem.
func insist[R, M any](w *world, k *engine.Kind[M], id string, m M) (R, error) {
	patience := max(w.sc.bound, w.now()+time.Minute)
	for {
		r, err := ask[R](w, k, id, m)
		var p actors.Problem
		if err == nil || errors.As(err, &p) && p.Status != 503 {
			return r, err
		}
		if w.now() > patience {
			return r, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// handler puts warnings and errors of the product into the transcript; an actor that failed is a breach.
type handler struct{ in *incarnation }

// Enabled implements slog.Handler.
func (handler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle implements slog.Handler.
func (h handler) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	if r.Message == "actor failed" && !h.in.w.sc.panics {
		h.in.w.wrong("an actor failed: " + text)
	}
	h.in.w.note("log", text, h.in.number)
	return nil
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h handler) WithGroup(string) slog.Handler { return h }
