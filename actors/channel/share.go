package channel

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// Times of gates.
const (
	gateWaits  = 1500 * time.Millisecond // so long a gate that got less than it wanted keeps its turn at most
	gateGrace  = 300 * time.Millisecond  // … after the moment at which it was to ask again: its node may be gone
	gateForget = time.Minute             // so long a silent gate is remembered
)

// gate is what the channel knows of one gate.
type gate struct {
	seq   uint64 // the last question whose reports were applied
	heard bool
	seen  time.Duration
	until time.Duration    // so long it keeps its turn
	lanes map[string]*lane // by run, of those that had something waiting at its last question
}

// lane is what one run has waiting at one gate.
type lane struct {
	order int     // of the run's priority at the gate's last question
	lacks [2]bool // by endpoint: it got less than it wanted
	used  [2]int  // by endpoint: tokens granted, made level with the run's other gates when it begins to lack
}

// gates shares tokens between nodes.
type gates struct{ by map[string]*gate }

// hear notes a question. It tells whether its reports are new: a question that failed comes again under its number.
func (g *gates) hear(id string, seq uint64, now time.Duration) (*gate, bool) {
	k := g.by[id]
	if k == nil {
		for other, o := range g.by {
			if now-o.seen > gateForget {
				delete(g.by, other)
			}
		}
		k = &gate{}
		g.by[id] = k
	}
	fresh := !k.heard || seq != k.seq
	k.heard, k.seq, k.seen = true, seq, now
	return k, fresh
}

// gone has nobody wait for the gates of nodes that are no more: what lacked tokens there is sent from elsewhere. The places of the tokens that
// they have are kept for as long as any's.
func (g *gates) gone(incarnations []string) {
	for id, k := range g.by {
		if node, _, _ := strings.Cut(id, "/"); slices.Contains(incarnations, node) {
			k.until, k.lanes = 0, nil
		}
	}
}

// keep has a gate's lanes be those of the runs that wait there now.
func (k *gate) keep(active []actors.RunWaiting) {
	lanes := make(map[string]*lane, len(active))
	for _, w := range active {
		if lanes[w.Run] = k.lanes[w.Run]; lanes[w.Run] == nil {
			lanes[w.Run] = &lane{}
		}
	}
	k.lanes = lanes
}

// claim is what one run has waiting at the gate that asks.
type claim struct {
	id   string
	run  *run
	lane *lane
	want int
	most int // what it may have, so that others have their turn
	got  int
}

// rival is a run that got less than it wanted at another gate.
type rival struct {
	run  *run
	lane *lane
}

// contest is one gate's question about one endpoint, with everybody who lacks tokens of it.
type contest struct {
	endpoint provider.Endpoint
	burst    int
	claims   []claim // the highest priority first
	rivals   []rival
}

// rivals are those who lack tokens of an endpoint at other gates that were heard a moment ago.
func (g *granter) rivals(k *gate, e provider.Endpoint, now time.Duration) (rivals []rival) {
	for _, o := range g.gates.by {
		if o == k || now > o.until {
			continue
		}
		for id, l := range o.lanes {
			if r := g.runs.by[id]; l.lacks[e] && r != nil && r.may() == Allowed {
				rivals = append(rivals, rival{r, l})
			}
		}
	}
	return rivals
}

// begin makes runs level that begin to lack tokens: what they did not need before gives them no right to more than the others now.
func (x *contest) begin(floors *[actors.Priorities]float64) {
	e := x.endpoint
	for i := range x.claims {
		c := &x.claims[i]
		order := c.run.order()
		goesOn := c.lane.lacks[e] && c.lane.order == order
		if !goesOn && !x.lacksElsewhere(c.run) {
			c.run.pass[order][e] = max(c.run.pass[order][e], x.level(order, floors[order]))
		}
		if least, ok := x.least(c.run); ok && !goesOn {
			c.lane.used[e] = max(c.lane.used[e], least)
		}
	}
	for i := range x.claims {
		x.claims[i].lane.order = x.claims[i].run.order()
	}
}

// lacksElsewhere tells whether a run lacks tokens at another gate, in the priority that it has now.
func (x *contest) lacksElsewhere(r *run) bool {
	return slices.ContainsFunc(x.rivals, func(o rival) bool { return o.run == r && o.lane.order == r.order() })
}

// level is where the runs of a priority stand that lack tokens; floor where none does.
func (x *contest) level(order int, floor float64) float64 {
	level, any := floor, false
	see := func(r *run, l *lane) {
		if pass := r.pass[order][x.endpoint]; l.order == order && r.order() == order && l.lacks[x.endpoint] && (!any || pass < level) {
			level, any = pass, true
		}
	}
	for _, o := range x.rivals {
		see(o.run, o.lane)
	}
	for _, c := range x.claims {
		see(c.run, c.lane)
	}
	return level
}

// least is the smallest number of tokens that a run had at another gate where it lacks some.
func (x *contest) least(r *run) (least int, ok bool) {
	for _, o := range x.rivals {
		if n := o.lane.used[x.endpoint]; o.run == r && (!ok || n < least) {
			least, ok = n, true
		}
	}
	return least, ok
}

// divide gives at most n tokens: to the highest priority what it wants, and nothing to a lower one while a higher one lacks some anywhere; in
// one priority in proportion to the weights. It tells how many it gave, and why not more.
func (x *contest) divide(n int, floors *[actors.Priorities]float64) (given int, why Reason) {
	for lo := 0; lo < len(x.claims) && given < n; {
		order, hi := x.claims[lo].run.order(), lo+1
		for hi < len(x.claims) && x.claims[hi].run.order() == order {
			hi++
		}
		if slices.ContainsFunc(x.rivals, func(o rival) bool { return o.run.order() < order }) {
			return given, OthersTurn
		}
		class := x.claims[lo:hi]
		x.bound(class)
		given += shareOut(n-given, class, x.endpoint, &floors[order])
		if slices.ContainsFunc(class, func(c claim) bool { return c.got < c.want }) {
			if given < n {
				why = OthersTurn
			}
			return given, cmp.Or(why, Allowed)
		}
		lo = hi
	}
	return given, Allowed
}

// bound sets how far the claims of one priority may go on before rivals at other gates have had their share. Each may be ahead by its part
// of a burst, and at each gate by a burst.
func (x *contest) bound(class []claim) {
	order, e := class[0].run.order(), x.endpoint
	total, seen := 0, map[*run]bool{}
	weigh := func(r *run) {
		if !seen[r] {
			seen[r] = true
			total += r.weight()
		}
	}
	for _, c := range class {
		weigh(c.run)
	}
	for _, o := range x.rivals {
		if o.run.order() == order {
			weigh(o.run)
		}
	}
	for i := range class {
		c := &class[i]
		c.most = c.want
		for _, o := range x.rivals {
			if o.run == c.run || o.run.order() != order {
				continue
			}
			lead := max(1, float64(x.burst*c.run.weight())/float64(total))
			behind := (o.run.pass[order][e] - c.run.pass[order][e]) * float64(c.run.weight())
			c.most = min(c.most, max(0, int(math.Floor(min(behind+lead, float64(c.want))+1e-6))))
		}
		if least, ok := x.least(c.run); ok {
			c.most = min(c.most, max(0, least+x.burst-c.lane.used[e]))
		}
	}
}

// shares is into how many parts what is given at once is cut at most: what is odd is made good the next time.
const shares = 64

// shareOut gives n tokens to claims of one priority: again and again to the run that has had least by its weight. The floor follows.
func shareOut(n int, class []claim, e provider.Endpoint, floor *float64) (given int) {
	for part := max(1, n/shares); given < n; {
		next := -1
		for i, c := range class {
			if c.got < min(c.want, c.most) && (next < 0 || c.pass(e) < class[next].pass(e)) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		c := &class[next]
		k := min(part, min(c.want, c.most)-c.got, n-given)
		*floor = max(*floor, c.pass(e))
		c.run.pass[c.run.order()][e] += float64(k) / float64(c.run.weight())
		c.got += k
		given += k
	}
	return given
}

func (c claim) pass(e provider.Endpoint) float64 { return c.run.pass[c.run.order()][e] }
