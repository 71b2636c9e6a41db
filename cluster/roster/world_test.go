package roster_test

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster/roster"
)

// The simulation: a store, a network and members whose only logic is the pure cores. Time is a variable. What the members do
// around the cores is what the package's documentation asks of a caller.

const (
	simRole   = "poster"
	simShards = 12 // of 64: the rest behaves alike
)

// mutant switches rules off.
type mutant struct{ noLease, noGap, noEpoch, noBar, noProof bool }

// weather is what the network and the machines do.
type weather struct {
	loss     float64 // of one request or answer
	straggle float64 // share of requests that take up to 3 s
	drift    float64 // clocks run between 1-drift and 1+drift
	faults   []string
	spaced   time.Duration // between two outages of the store
	mutant   mutant
}

type world struct {
	rng     *rand.Rand
	weather weather
	now     time.Duration // true time
	queue   events
	count   int
	store   *store
	procs   []*proc // all that ever ran
	current []*proc // by node; nil while it is down
	calm    bool    // faults are over

	problems []string
	falsely  int // evictions of a member whose process ran
}

type event struct {
	at    time.Duration
	order int
	run   func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

func newWorld(seed uint64, nodes int, c weather) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 7)), weather: c, current: make([]*proc, nodes)}
	w.store = &store{w: w, records: map[string]roster.Found{}}
	for n := range nodes {
		w.after(w.between(0, time.Second), func() { w.start(n) })
	}
	return w
}

func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rng.Int64N(int64(to-from)))
}

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

func (w *world) after(d time.Duration, f func()) {
	w.count++
	heap.Push(&w.queue, event{w.now + d, w.count, f})
}

// run lets the time pass and looks at the invariant after every event: between them, leases only end.
func (w *world) run(d time.Duration) {
	end := w.now + d
	for len(w.queue) > 0 && w.queue[0].at <= end && len(w.problems) == 0 {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.run()
		w.check()
	}
	w.now = end
}

// check: no two members act for one shard at one true time.
func (w *world) check() {
	for s := range simShards {
		var first *proc
		for _, p := range w.current {
			if p == nil || !p.acts(s) {
				continue
			}
			if first != nil {
				w.problem("shard %d has two owners: %s and %s", s, first, p)
			}
			first = p
		}
	}
}

func (w *world) problem(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf("%v: ", w.now)+fmt.Sprintf(format, args...))
}

func (w *world) start(n int) {
	if w.current[n] != nil {
		return
	}
	id := ulid.ULID{}
	_ = id.SetTime(uint64(w.now/time.Millisecond) + 1)
	id[15], id[14] = byte(len(w.procs)), byte(len(w.procs)>>8)
	p := newProc(w, n, id.String())
	w.procs = append(w.procs, p)
	w.current[n] = p
	p.tick()
}

// kill ends a process; the others may see its connection close and its port refuse.
func (w *world) kill(p *proc, seen bool) {
	p.dead = true
	w.current[p.node] = nil
	for _, o := range w.current {
		if o != nil && seen {
			w.after(w.between(time.Millisecond, 5*time.Millisecond), func() { o.run(func() { o.watch.Died(p.me) }) })
		}
	}
}

func (w *world) restart(p *proc, seen bool, after time.Duration) {
	w.kill(p, seen)
	w.after(after, func() { w.start(p.node) })
}

// some is a running process, or nil.
func (w *world) some() *proc { return w.current[w.rng.IntN(len(w.current))] }

// misbehave does one fault, which ends by itself.
func (w *world) misbehave() {
	p := w.some()
	if p == nil {
		return
	}
	long := w.between(100*time.Millisecond, 6*time.Second)
	switch w.weather.faults[w.rng.IntN(len(w.weather.faults))] {
	case "crash":
		w.restart(p, w.chance(0.8), long)
	case "pause":
		p.pausedTo = w.now + long
	case "cut":
		p.cut = true
		w.after(long, func() { p.cut = false; p.rewatch() })
	case "lag":
		p.lag = long
		w.after(long, func() { p.lag = 0 })
	case "drain":
		p.leaving = true
	case "away":
		w.outage(w.between(time.Second, 13*time.Second))
	case "forget":
		w.store.forget()
	}
}

// outage: the servers elect a leader. Another one can begin at once, or a while after the last, in which everybody has renewed.
func (w *world) outage(long time.Duration) {
	if w.now < w.store.back {
		return
	}
	w.store.away, w.store.back = true, w.now+long+w.weather.spaced
	w.after(long, func() { w.store.away = false })
}

// store is the NATS of the model: one that answers truly, or not at all.
type store struct {
	w        *world
	records  map[string]roster.Found
	revision uint64
	view     roster.View
	viewRev  uint64
	fences   [simShards]roster.Fence
	at       [simShards]uint64
	position uint64
	away     bool
	back     time.Duration // when the next outage may begin
}

func (s *store) putRecord(r roster.Record, expect uint64) (uint64, bool) {
	if s.records[r.Incarnation].Revision != expect {
		return 0, false
	}
	s.revision++
	f := roster.Found{Record: r, Revision: s.revision}
	s.records[r.Incarnation] = f
	for _, p := range s.w.current {
		if p != nil {
			p.push(func() { p.watch.Observe(f.Record, f.Revision, p.clock()) })
		}
	}
	return s.revision, true
}

func (s *store) putView(v roster.View, expect uint64) bool {
	if s.viewRev != expect {
		return false
	}
	for _, m := range roster.Between(s.view, v).Went {
		for _, p := range s.w.current {
			if p != nil && p.me == m.Incarnation && !p.leaving && !p.replaced(v) {
				s.w.falsely++
			}
		}
	}
	s.view, s.viewRev = v, s.viewRev+1
	rev := s.viewRev
	for _, p := range s.w.current {
		if p != nil {
			p.push(func() { p.see(v, rev) })
		}
	}
	return true
}

func (s *store) putFence(n int, f roster.Fence, expect uint64) (uint64, bool) {
	if s.at[n] != expect {
		return 0, false
	}
	s.position++
	s.fences[n], s.at[n] = f, s.position
	return s.position, true
}

// forget loses what is in memory, as a restart does. Revisions go on above all earlier ones: the caller's duty.
func (s *store) forget() {
	s.records, s.revision = map[string]roster.Found{}, uint64(s.w.now)
	for _, p := range s.w.current {
		if p != nil {
			p.rewatch()
		}
	}
}

// replaced tells whether the view holds the node's next start: then it was no eviction.
func (p *proc) replaced(v roster.View) bool {
	_, ok := v.Node(fmt.Sprint("n", p.node))
	return ok
}
