package gate

import (
	"container/heap"
	"time"

	"hayauma.example/actors"
)

// waiter is a parked call. It is in its run's queue (ready) or in the gate's later heap, and in the map of all.
type waiter struct {
	Wait
	key  key
	run  *run
	told bool // it was asked to give back during the present hold

	place int     // index in queue
	late  int     // index in later; -1: in queue
	next  *waiter // of the spare ones
}

// key names a waiter; a path is in one window, so at one poster, at a time.
type key struct {
	run    *run
	path   actors.Span
	poster string
}

// queue holds the ready waiters of one run and endpoint, a heap of four branches: first those that can't be given back any more, which have waited
// before and whose retry key lives for a day only; then the untried. Both stand in the order of the plan, which is mostly that of their coming:
// what comes back from a node that has left has been in line already.
type queue []slot

// slot is a waiter with what it is ordered by, which is not looked for in the memory of thousands of waiters.
type slot struct {
	order uint64 // the Wait's, below all untried ones
	lo    uint32
	w     *waiter
}

const (
	untriedSlot = 1 << 63
	branches    = 4
)

func slotOf(w *waiter) slot {
	s := slot{order: uint64(max(0, w.Order)), lo: w.Path.Lo, w: w}
	if w.Untried {
		s.order |= untriedSlot
	}
	return s
}

func (s slot) before(o slot) bool { return s.order < o.order || s.order == o.order && s.lo < o.lo }

// first is the next one to start; nil: nobody waits.
func (q queue) first() *waiter {
	if len(q) == 0 {
		return nil
	}
	return q[0].w
}

func (q *queue) push(w *waiter) {
	*q = append(*q, slot{})
	q.up(len(*q)-1, slotOf(w))
}

func (q *queue) remove(w *waiter) {
	last := len(*q) - 1
	s := (*q)[last]
	(*q)[last] = slot{}
	if *q = (*q)[:last]; s.w == w {
		return
	}
	if i := w.place; i > 0 && s.before((*q)[(i-1)/branches]) {
		q.up(i, s)
	} else {
		q.down(i, s)
	}
}

// up puts s where the place i is free, or further up.
func (q queue) up(i int, s slot) {
	for i > 0 {
		above := (i - 1) / branches
		if !s.before(q[above]) {
			break
		}
		q.put(i, q[above])
		i = above
	}
	q.put(i, s)
}

// down puts s where the place i is free, or further down.
func (q queue) down(i int, s slot) {
	for {
		below := branches*i + 1
		if below >= len(q) {
			break
		}
		least := below
		for c := below + 1; c < min(below+branches, len(q)); c++ {
			if q[c].before(q[least]) {
				least = c
			}
		}
		if !q[least].before(s) {
			break
		}
		q.put(i, q[least])
		i = least
	}
	q.put(i, s)
}

func (q queue) put(i int, s slot) {
	q[i] = s
	s.w.place = i
}

// later holds waiters by NotBefore.
type later []*waiter

// Len implements heap.Interface.
func (l later) Len() int { return len(l) }

// Less implements heap.Interface.
func (l later) Less(i, j int) bool { return l[i].NotBefore.Before(l[j].NotBefore) }

// Swap implements heap.Interface.
func (l later) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].late, l[j].late = i, j
}

// Push implements heap.Interface.
func (l *later) Push(x any) {
	w := x.(*waiter)
	w.late = len(*l)
	*l = append(*l, w)
}

// Pop implements heap.Interface.
func (l *later) Pop() any {
	old := *l
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*l = old[:len(old)-1]
	w.late = -1
	return w
}

// run is what the gate knows of a run that waits or has tokens.
type run struct {
	campaign, id string
	queues       [2]queue // by endpoint
	tokens       [2]purse // by endpoint
	waiters      int      // ready and later
	untold       int      // of them, those that are to be asked to give back when the run is held
	held         bool     // the channel's last word on it while it had waiters
	order        int      // of its priority; 0 is the highest
	weight       int      // so many calls are its turn
	turn         int      // how many of them it has had
	place        int      // in the gate's ring; -1: it has no waiters
}

// parked are all waiters of a gate.
type parked struct {
	all   map[key]*waiter
	runs  map[string]*run
	ring  []*run                 // runs with waiters, in turn
	turn  [actors.Priorities]int // whose turn it is in ring, by priority
	ready int                    // waiters in queues
	later later
	spare *waiter // chain of used waiters by next
}

func newParked() parked { return parked{all: make(map[key]*waiter), runs: make(map[string]*run)} }

func (p *parked) run(campaign, id string) *run {
	r := p.runs[id]
	if r == nil {
		r = &run{campaign: campaign, id: id, place: -1, order: actors.PriorityNormal.Order(), weight: actors.DefaultWeight}
		p.runs[id] = r
	}
	return r
}

// add parks a call, in the place of an earlier one of the same key.
func (p *parked) add(m Wait, now time.Time) *waiter {
	r := p.run(m.Campaign, m.Run)
	k := key{r, m.Path, m.Poster}
	if old := p.all[k]; old != nil {
		p.remove(old)
	}
	w := p.spare
	if w == nil {
		w = &waiter{}
	} else {
		p.spare = w.next
	}
	*w = waiter{Wait: m, key: k, run: r, late: -1}
	if !m.NotBefore.After(now) {
		w.NotBefore = now // since when it waits for a token
	}
	p.all[k] = w
	if w.Untried {
		r.untold++
	}
	if r.waiters++; r.place < 0 {
		r.place = len(p.ring)
		p.ring = append(p.ring, r)
	}
	if m.NotBefore.After(now) {
		heap.Push(&p.later, w)
		return w
	}
	p.enqueue(w)
	return w
}

func (p *parked) enqueue(w *waiter) {
	w.run.queues[w.Endpoint].push(w)
	p.ready++
}

// remove forgets a waiter; it must not be used any more.
func (p *parked) remove(w *waiter) {
	if w.late >= 0 {
		heap.Remove(&p.later, w.late)
	} else {
		w.run.queues[w.Endpoint].remove(w)
		p.ready--
	}
	delete(p.all, w.key)
	if w.Untried && !w.told {
		w.run.untold--
	}
	if w.run.waiters--; w.run.waiters == 0 {
		p.leave(w.run)
	}
	*w = waiter{next: p.spare}
	p.spare = w
}

// leave takes a run without waiters out of the ring; the turns of the others stay as they are.
func (p *parked) leave(r *run) {
	p.ring = append(p.ring[:r.place], p.ring[r.place+1:]...)
	for i := r.place; i < len(p.ring); i++ {
		p.ring[i].place = i
	}
	for i := range p.turn {
		if p.turn[i] > r.place {
			p.turn[i]--
		}
	}
	r.place, r.turn = -1, 0
}

// ripen makes waiters ready whose time has come.
func (p *parked) ripen(now time.Time) {
	for len(p.later) > 0 && !p.later[0].NotBefore.After(now) {
		p.enqueue(heap.Pop(&p.later).(*waiter))
	}
}

// of are the waiters of a run.
func (p *parked) of(r *run) []*waiter {
	ws := make([]*waiter, 0, r.waiters)
	for k, w := range p.all {
		if k.run == r {
			ws = append(ws, w)
		}
	}
	return ws
}
