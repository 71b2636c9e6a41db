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

	prev, next *waiter // in queue
	late       int     // index in later; -1: in queue
}

// key names a waiter; a path is in one window, so at one poster, at a time.
type key struct {
	run    *run
	path   actors.Span
	poster string
}

// queue holds the ready waiters of one run and endpoint: first those that can't be given back any more, then the untried ones, both in the
// order of their coming. Whoever was lost with a node, or got no answer, has waited before, and its retry key lives for a day only.
type queue struct {
	first, last *waiter
	tried       *waiter // the last one that can't be given back; nil: there is none
	n           int
}

func (q *queue) push(w *waiter) {
	after := q.last
	if !w.Untried {
		after, q.tried = q.tried, w
	}
	w.prev, w.next = after, q.first
	if after != nil {
		w.next, after.next = after.next, w
	} else {
		q.first = w
	}
	if w.next != nil {
		w.next.prev = w
	} else {
		q.last = w
	}
	q.n++
}

func (q *queue) remove(w *waiter) {
	if q.tried == w {
		q.tried = w.prev // whoever stands before it is of its kind
	}
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
	q.n--
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
	place        int      // in the gate's ring; -1: it has no waiters
}

// parked are all waiters of a gate.
type parked struct {
	all   map[key]*waiter
	runs  map[string]*run
	ring  []*run // runs with waiters, in turn
	turn  int    // whose turn it is in ring
	ready int    // waiters in queues
	later later
	spare *waiter // chain of used waiters by next
}

func newParked() parked { return parked{all: make(map[key]*waiter), runs: make(map[string]*run)} }

func (p *parked) run(campaign, id string) *run {
	r := p.runs[id]
	if r == nil {
		r = &run{campaign: campaign, id: id, place: -1}
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
	if p.turn > r.place {
		p.turn--
	}
	r.place = -1
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
