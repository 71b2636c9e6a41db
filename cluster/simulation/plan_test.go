package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Times of a play.
const (
	workFrom = 2500 * time.Millisecond // clients begin
	faultsAt = 4 * time.Second         // faults begin between here
	faultsTo = 15 * time.Second        // and here
	calmAt   = 18 * time.Second        // all have ended
	settleIn = 30 * time.Second        // in which all has to be well again
)

// Roles: registers live in one, lines in the other.
const (
	roleRegisters = "ledger"
	roleLines     = "post"
)

// what is a kind of fault.
type what string

const (
	crash     what = "crash"
	hang      what = "hang"
	partition what = "partition"
	split     what = "split"
	cut       what = "cut"
	lag       what = "lag"
	slow      what = "slow"
	away      what = "away"
	forget    what = "forget"
	drain     what = "drain"
	join      what = "join"
	clock     what = "clock"
)

// planned are those in which no process fails.
var planned = []what{slow, drain, join}

// fault is one of a plan.
type fault struct {
	what  what
	at    time.Duration // when it begins
	long  time.Duration // until it ends, or until the node is started again
	node  int
	other int
	order [5]int        // of a crash's steps
	flag  bool          // crash, drain: the next start knows its predecessor; partition: one way only; drain: see word
	seen  bool          // crash: the others hear of it at once; drain: by another's word
	group uint64        // split: one side's nodes, by bits
	delay time.Duration // slow: of each packet, and up to a third more
	ahead time.Duration // clock: what the wall's clock of the node is set to, beside the right time
}

func (f fault) String() string {
	return fmt.Sprintf("%s node=%d other=%d at=%v long=%v flag=%t seen=%t group=%b delay=%v ahead=%v", f.what, f.node, f.other, f.at, f.long, f.flag, f.seen, f.group,
		f.delay, f.ahead)
}

// hits tells whether the fault concerns a node.
func (f fault) hits(node int) bool {
	switch f.what {
	case slow, away, forget, split:
		return true
	case partition:
		return node == f.node || node == f.other
	case join:
		return false // nothing is hit by it but what moves
	}
	return node == f.node
}

// plan is all that a seed decides beforehand.
type plan struct {
	seed    uint64
	roles   [][]string // of each node
	weights []uint32
	late    []bool // nodes that a join brings
	brisk   bool   // slow links are faster than a member that leaves waits for
	latency time.Duration
	peace   bool    // nothing but planned faults
	eager   bool    // senders tell twenty times as much, and more lines
	rough   float64 // how often requests to the store fail: times the usual odds
	faults  []fault
}

func newPlan(seed uint64) *plan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := &plan{seed: seed, latency: between(r, 200*time.Microsecond, 4*time.Millisecond)}
	nodes := 3 + r.IntN(5)
	p.late = make([]bool, nodes)
	p.drawRoles(r, nodes)
	for range nodes {
		p.weights = append(p.weights, []uint32{0, 1, 1, 3}[r.IntN(4)])
	}
	p.peace, p.brisk = r.IntN(6) == 0, r.IntN(2) == 0
	calm, smooth := p.peace && r.IntN(3) == 0, p.peace && r.IntN(2) == 0
	if p.rough = []float64{0, 1, 1, 1, 4}[r.IntN(5)]; calm || smooth {
		p.rough, p.brisk = 0, true
	}
	p.drawFaults(r, func(f fault) bool { return !calm || f.what == slow })
	return p
}

// newOrderlyPlan has nodes come and go as they should, and nothing else; senders tell much.
func newOrderlyPlan(seed uint64) *plan {
	r := rand.New(rand.NewPCG(seed, 2))
	p := &plan{seed: seed, latency: between(r, 200*time.Microsecond, 8*time.Millisecond), peace: true, brisk: true, eager: true}
	nodes := 4 + r.IntN(4)
	p.late = make([]bool, nodes)
	p.drawRoles(r, nodes)
	for range nodes {
		p.weights = append(p.weights, 1+r.Uint32N(3))
	}
	p.drawFaults(r, func(fault) bool { return true })
	return p
}

func (p *plan) drawFaults(r *rand.Rand, fits func(fault) bool) {
	for range 3 + r.IntN(6) {
		if f := p.draw(r); fits(f) {
			p.add(f)
		}
	}
	slices.SortStableFunc(p.faults, func(a, b fault) int { return cmp.Compare(a.at, b.at) })
}

// drawRoles gives every node both roles, or some of them one; each has two nodes at least.
func (p *plan) drawRoles(r *rand.Rand, nodes int) {
	both := []string{roleRegisters, roleLines}
	alike := nodes < 4 || r.IntN(2) == 0
	for n := range nodes {
		roles := both
		if !alike && n >= 2 {
			roles = [][]string{both, both[:1], both[1:]}[r.IntN(3)]
		}
		p.roles = append(p.roles, roles)
	}
}

func (p *plan) draw(r *rand.Rand) fault {
	kinds := []what{crash, crash, crash, hang, hang, hang, partition, partition, split, cut, cut, cut, lag, slow, away, forget, drain, drain, join, clock, clock}
	if p.peace {
		kinds = planned
	}
	nodes := len(p.roles)
	f := fault{
		what: kinds[r.IntN(len(kinds))], at: between(r, faultsAt, faultsTo), long: between(r, 500*time.Millisecond, 6*time.Second),
		node: r.IntN(nodes), flag: r.IntN(2) == 0, seen: r.IntN(2) == 0, group: 1 + r.Uint64N(1<<nodes-2),
	}
	f.other = (f.node + 1 + r.IntN(nodes-1)) % nodes
	copy(f.order[:], r.Perm(len(f.order)))
	if f.delay = between(r, 50*time.Millisecond, 300*time.Millisecond); p.brisk {
		f.delay /= 4
	}
	f.ahead = []time.Duration{time.Second, time.Minute, 3 * time.Hour}[r.IntN(3)]
	if f.flag {
		f.ahead = -f.ahead
	}
	f.long = min(f.long, calmAt-f.at)
	if f.what == crash && r.IntN(3) == 0 {
		f.long = between(r, 10*time.Millisecond, 500*time.Millisecond)
	}
	return f
}

// add takes a fault unless two go on already, or its node has one of its own kind.
func (p *plan) add(f fault) {
	if f.what == join {
		if f.node < 3 || p.touched(f.node) {
			return
		}
		p.late[f.node] = true
	} else if p.late[f.node] || f.what != slow && f.what != away && f.what != forget && p.touched(f.node) {
		return
	}
	over := 0
	for _, o := range p.faults {
		if o.what == f.what && f.what == slow && f.at < o.at+o.long && o.at < f.at+f.long {
			return // its end would be the end of both
		}
		if f.at < o.at+o.long && o.at < f.at+f.long {
			over++
		}
	}
	if over < 2 {
		p.faults = append(p.faults, f)
	} else if f.what == join {
		p.late[f.node] = false
	}
}

// touched: a node has one fault of its own in a play, but links and stores may fail around it.
func (p *plan) touched(node int) bool {
	return slices.ContainsFunc(p.faults, func(o fault) bool {
		return o.node == node && (o.what == crash || o.what == drain || o.what == join)
	})
}

// smooth: nothing that anybody has to notice happens; somebody carries the registers' role all the time.
func (p *plan) smooth() bool {
	stays := false
	for n, roles := range p.roles {
		stays = stays || slices.Contains(roles, roleRegisters) && !p.late[n] && !p.touched(n)
	}
	return p.peace && p.brisk && p.rough == 0 && stays
}

// orderly: shards move only because nodes come and go as they should.
func (p *plan) orderly() bool { return p.peace && p.brisk && p.rough == 0 }

// reaches: whoever leaves can wait, in the half second that it does, until all others have seen it and received what it has sent.
func (p *plan) reaches() bool {
	return !slices.ContainsFunc(p.faults, func(f fault) bool {
		return !slices.Contains([]what{slow, drain, join, crash, forget}, f.what) || f.what == slow && !p.brisk
	})
}

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d nodes, latency %v, rough %v, peace %t, roles %v, weights %v, late %v\n", p.seed, len(p.roles), p.latency, p.rough, p.peace,
		p.roles, p.weights, p.late)
	for _, f := range p.faults {
		fmt.Fprintln(&b, " ", f)
	}
	return b.String()
}

func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}
