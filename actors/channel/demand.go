package channel

import (
	"slices"

	"hayauma.example/actors"
)

// windowKey names a window of a run.
type windowKey struct {
	run    string
	window uint32
}

// request is a composer's question that waits for room.
type request struct {
	composer string
	window   uint32
	bytes    int
	piece    uint32 // comes back with the grant
	campaign string
}

// demand is the channel's byte budget. Requests of one run are granted in order. The run whose turn it is waits for its room before the next:
// nothing is passed over because it is big. It is one of the highest priority that asks, and of these the one that got the fewest bytes by
// its weight.
type demand struct {
	budget  int
	out     int // sum of windows
	windows map[windowKey]int
	queues  map[string][]request
	turns   []string // runs with requests; of equals the first is next
	head    string   // the run whose turn it was when there was no room
	rank    func(run string) (order, weight int)
	had     map[string]float64         // bytes by weight that a run with requests got, made level with the others when it begins to ask
	floors  [actors.Priorities]float64 // where it begins, by priority
	freed   bool                       // something was given back since the channel looked
}

// grant is leave to render, for a composer.
type grant struct {
	composer string
	run      string
	window   uint32
	bytes    int
	piece    uint32
}

func newDemand(budget int) *demand {
	return &demand{
		budget: budget, windows: make(map[windowKey]int), queues: make(map[string][]request), had: make(map[string]float64),
		rank: func(string) (int, int) { return actors.PriorityNormal.Order(), actors.DefaultWeight },
	}
}

// want queues a request. A composer asks for one thing at a time: its later request takes the place of the one that waits.
func (d *demand) want(m actors.WantDemand) {
	if m.Anew {
		d.void(m.Run, m.Window)
	}
	r := request{m.Composer, m.Window, max(0, m.Bytes), m.Piece, m.Campaign}
	q := d.queues[m.Run]
	if len(q) == 0 {
		d.turns = append(d.turns, m.Run)
		order, _ := d.rank(m.Run)
		d.had[m.Run] = max(d.had[m.Run], d.floors[order])
	}
	if i := slices.IndexFunc(q, func(o request) bool { return o.composer == r.composer }); i >= 0 {
		q[i] = r
		return
	}
	d.queues[m.Run] = append(q, r)
}

// void forgets what a window holds and asks for.
func (d *demand) void(run string, window uint32) {
	d.free(run, window, d.windows[windowKey{run, window}])
	q := slices.DeleteFunc(d.queues[run], func(r request) bool { return r.window == window })
	d.keep(run, q)
}

// keepOpen voids a run's windows up to last that are not open: what came after their WindowDone, or was lost with its holder.
func (d *demand) keepOpen(run string, last uint32, open []uint32) {
	for k := range d.windows {
		if k.run == run && k.window <= last && !slices.Contains(open, k.window) {
			d.void(run, k.window)
		}
	}
}

// forget gives everything back: with a node went the word on what is free of it, and what the other nodes hold can't be told apart. For the
// time in which that settles, twice the budget may be out, and with each time that it is done meanwhile once more.
func (d *demand) forget() {
	d.freed = d.freed || d.out > 0
	d.out = 0
	clear(d.windows)
}

// over forgets everything of a run.
func (d *demand) over(run string) {
	for k, n := range d.windows {
		if k.run == run {
			d.free(k.run, k.window, n)
		}
	}
	d.keep(run, nil)
	delete(d.had, run)
}

// keep replaces a run's queue.
func (d *demand) keep(run string, q []request) {
	if len(q) > 0 {
		d.queues[run] = q
		return
	}
	if _, ok := d.queues[run]; ok {
		delete(d.queues, run)
		d.rest(run)
		d.turns = slices.DeleteFunc(d.turns, func(r string) bool { return r == run })
	}
}

// free gives back bytes of a window, at most what it holds.
func (d *demand) free(run string, window uint32, bytes int) {
	k := windowKey{run, window}
	n := min(max(0, bytes), d.windows[k])
	d.out -= n
	d.freed = d.freed || n > 0
	if d.windows[k] -= n; d.windows[k] == 0 {
		delete(d.windows, k)
	}
}

// next takes the request that is granted now, of the runs that may have demand; false: none, or there is no room for it yet.
func (d *demand) next(active func(run string) bool) (grant, bool) {
	i := d.first(active)
	if i < 0 {
		return grant{}, false
	}
	run := d.turns[i]
	q := d.queues[run]
	order, weight := d.rank(run)
	r := q[0]
	if d.head = run; d.out > 0 && d.out+r.bytes > d.budget {
		return grant{}, false
	}
	d.head = ""
	d.windows[windowKey{run, r.window}] += r.bytes
	d.out += r.bytes
	d.turns = slices.Delete(d.turns, i, i+1)
	d.floors[order] = max(d.floors[order], d.had[run])
	d.had[run] += float64(max(1, r.bytes)) / float64(weight)
	if q = q[1:]; len(q) > 0 {
		d.queues[run] = q
		d.turns = append(d.turns, run)
	} else {
		delete(d.queues, run)
		d.rest(run)
	}
	return grant{r.composer, run, r.window, r.bytes, r.piece}, true
}

// first is where the run stands in turns whose turn it is, of those that may have demand; -1: there is none.
func (d *demand) first(active func(run string) bool) int {
	best, bestOrder := -1, 0
	for i, run := range d.turns {
		if !active(run) {
			continue
		}
		order, _ := d.rank(run)
		if best < 0 || order < bestOrder || order == bestOrder && d.before(run, d.turns[best]) {
			best, bestOrder = i, order
		}
	}
	return best
}

// before tells whether it is the turn of one run rather than of another of its priority that stands before it in turns.
func (d *demand) before(run, other string) bool {
	return run == d.head || other != d.head && d.had[run] < d.had[other]
}

// rest forgets what runs had by now that ask for nothing, unless it is more than others had.
func (d *demand) rest(run string) {
	if order, _ := d.rank(run); d.had[run] <= d.floors[order] {
		delete(d.had, run)
	}
}

// requests are the questions that wait, as they were asked.
func (d *demand) requests() (all []actors.WantDemand) {
	for _, run := range d.turns {
		for _, r := range d.queues[run] {
			all = append(all, actors.WantDemand{Composer: r.composer, Campaign: r.campaign, Run: run, Window: r.window, Bytes: r.bytes, Piece: r.piece})
		}
	}
	return all
}

// waits tells whether any request is queued.
func (d *demand) waits() bool { return len(d.turns) > 0 }
