package simulation

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster/objects"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
	"hayauma.example/engine/journal/journaltest"
)

// world is one play.
type world struct {
	plan    *plan
	mutant  mutant
	log     *transcript
	memory  *journal.Memory
	tap     *tap
	server  *journaltest.Server
	shared  *objects.Memory
	net     *enginetest.Network
	history *history
	orders  *orders
	ctx     context.Context
	cancel  context.CancelFunc
	work    sync.WaitGroup
	crew    sync.WaitGroup // clients and senders: they end before the nodes do
	calm    chan struct{}  // closed when clients are to finish

	mu       sync.Mutex // guards what follows
	nodes    []*process // nil while down
	starting []bool     // by node
	all      []*process
	started  int
	nodeOf   map[string]int
	dead     map[string]bool
	cuts     map[way]int
	cutOff   []int           // of each node, from the store
	ahead    []time.Duration // of each node's wall clock
	over     bool
	acting   int // sights of a process that acts for a shard
	hits     int // faults that hit an open window
	problems []string
	settled  time.Duration   // after the last fault
	abrupt   int             // processes that ended without leaving
	gone     map[string]bool // processes that ended before the play did
}

// way is one direction between two nodes.
type way struct{ from, to int }

// Odds of what happens to requests until it is calm.
func objectOdds(rough float64) objects.Odds {
	return objects.Odds{
		LoseRequest: 0.01 * rough, LoseAnswer: 0.01 * rough, Busy: 0.01 * rough, Blind: 0.1 * rough, Interrupt: 0.002 * rough,
		Straggle: 0.01 * rough, Latency: 5 * time.Millisecond, Late: 2 * time.Second,
	}
}

func journalOdds(rough float64) journaltest.Odds {
	return journaltest.Odds{
		LoseRequest: 0.01 * rough, LoseAnswer: 0.01 * rough, Busy: 0.01 * rough, Straggle: 0.02 * rough,
		Latency: 4 * time.Millisecond, Late: 1500 * time.Millisecond,
	}
}

// weather is what the store's connections do: rough until it is calm, and good afterwards.
func (w *world) weather(seed uint64) {
	roughObjects, goodObjects := objects.Seeded(seed, objectOdds(w.plan.rough)), objects.Seeded(seed, objectOdds(0))
	roughJournal, goodJournal := journaltest.Seeded(seed, journalOdds(w.plan.rough)), journaltest.Seeded(seed, journalOdds(0))
	w.shared.Faults = func(c objects.Call) objects.Fault {
		switch {
		case c.Client == observer:
			return objects.Fault{}
		case w.now() < calmAt:
			return roughObjects(c)
		}
		return goodObjects(c)
	}
	w.server.Hitches = func(q journaltest.Question) journaltest.Hitch {
		if w.now() < calmAt {
			return roughJournal(q)
		}
		return goodJournal(q)
	}
}

func newWorld(t *testing.T, p *plan, m mutant) *world {
	seed, n := p.seed, len(p.roles)
	w := &world{
		plan: p, mutant: m, log: &transcript{began: time.Now()}, memory: journal.NewMemory(uuid.MustParse("5a7c1f0e-54a4-4d0b-8f2e-8a1f6b3c9d21")),
		history: newHistory(), orders: newOrders(), calm: make(chan struct{}), net: enginetest.NewNetwork(t, seed+1),
		nodes: make([]*process, n), starting: make([]bool, n), nodeOf: map[string]int{}, dead: map[string]bool{}, cuts: map[way]int{}, cutOff: make([]int, n),
		ahead: make([]time.Duration, n),
	}
	w.ctx, w.cancel = context.WithCancel(t.Context())
	w.tap = newTap(m.base(w.memory), w.memory)
	w.server = &journaltest.Server{Store: w.tap}
	w.shared = objects.NewMemory(w.memory)
	w.weather(seed)
	w.net.SetLatency(p.latency, p.latency)
	return w
}

// observer is the test's own connection, which never fails.
const observer = "observer"

// play plays one seed to its end.
func play(t *testing.T, seed uint64, m mutant) *world {
	t.Helper()
	return playPlan(t, newPlan(seed), m)
}

func playPlan(t *testing.T, p *plan, m mutant) (w *world) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("repeat with: %s", p.command())
			panic(v)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(t, p, m)
		w.run()
	})
	w.problems = append(w.problems, w.tap.found()...)
	w.problems = append(w.problems, w.orders.check(w.plan, w.abrupt, w.gone)...)
	w.problems = append(w.problems, w.history.linearizable()...)
	return w
}

func (p *plan) command() string {
	test := "TestSeeds"
	if p.eager {
		test = "TestOrderly"
	}
	return fmt.Sprintf("go test ./cluster/simulation -run '%s$' -count=1 -args -sim.seed=%d", test, p.seed)
}

func (w *world) now() time.Duration { return time.Since(w.log.began) }

func (w *world) problem(format string, args ...any) {
	w.log.add("PROBLEM "+format, args...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// rest lets virtual time pass.
func (w *world) rest(d time.Duration) { time.Sleep(d) }

func (w *world) until(at time.Duration) { w.rest(at - w.now()) }

// run is the play: nodes start, clients begin, faults come and go, all has to be well again.
func (w *world) run() {
	for n, late := range w.plan.late {
		if !late {
			time.AfterFunc(time.Duration(n)*37*time.Millisecond, func() { w.start(n, true) })
		}
	}
	w.until(workFrom)
	w.employ()
	w.work.Go(w.watchOwners)
	for _, f := range w.plan.faults {
		w.until(f.at)
		w.strike(f)
	}
	w.until(calmAt)
	w.log.add("calm")
	w.settle()
	close(w.calm)
	w.crew.Wait()
	w.checkReads()
	w.stop()
}

// stop ends everything, and lets what is under way come to nothing.
func (w *world) stop() {
	w.mu.Lock()
	w.over = true
	w.gone = maps.Clone(w.dead)
	all := w.all
	w.mu.Unlock()
	w.cancel()
	for _, p := range all {
		p.die(anyOrder, true)
	}
	w.work.Wait()
	w.rest(20 * time.Second)
}

func (w *world) current(node int) *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nodes[node]
}

func (w *world) running() (out []*process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.nodes {
		if p != nil {
			out = append(out, p)
		}
	}
	return out
}

// probe is what a connection attempt shows: a process that has ended refuses.
func (w *world) probe(_ context.Context, _, incarnation string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead[incarnation]
}
