package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	"hayauma.example/engine"
)

const (
	clientCount = 10
	readerCount = 4 // of the clients: they only read, and so never wait for a store that is away
	senderCount = 2
	askFor      = 900 * time.Millisecond
	lastChance  = 15 * time.Second // after which a command is given up for good
)

// client gives commands, one after another, at its node.
type client struct {
	w    *world
	n    int
	node int
	seen map[string]int // newest value that it saw, by key
}

// employ has clients and senders begin.
func (w *world) employ() {
	for n := range clientCount {
		c := &client{w: w, n: n, node: n % len(w.plan.roles), seen: map[string]int{}}
		w.crew.Go(c.run)
	}
	for n := range senderCount {
		w.crew.Go(func() { w.sender(n) })
	}
}

func (w *world) isCalm() bool {
	select {
	case <-w.calm:
		return true
	default:
		return false
	}
}

// rand is for one decision: it doesn't hang on the order in which others decide.
func (w *world) rand(of any) *rand.Rand {
	return rand.New(rand.NewPCG(w.plan.seed, hash(fmt.Sprint(of))))
}

func (c *client) run() {
	for i := 0; !c.w.isCalm(); i++ {
		r := rand.New(rand.NewPCG(c.w.plan.seed, uint64(c.n+1)<<32|uint64(i)))
		c.w.rest(between(r, 5*time.Millisecond, 110*time.Millisecond))
		c.give(r, c.draw(r, i))
	}
}

func (c *client) draw(r *rand.Rand, i int) *operation {
	o := &operation{client: c.n, node: c.node, key: keys(c.w.plan.keys)[r.IntN(c.w.plan.keys)]}
	o.in = Do{ID: fmt.Sprintf("%d-%d", c.n, i), Op: opRead}
	kind := r.IntN(5)
	if c.n < readerCount {
		kind = 3
	}
	switch kind {
	case 0, 1:
		o.in.Op, o.in.Value = opWrite, (c.n+1)*10000+i
	case 2:
		o.in.Op, o.in.Value, o.in.Expect = opCAS, (c.n+1)*10000+i, c.seen[o.key]
	}
	return o
}

// give repeats a command until it is answered, or until its client loses patience.
func (c *client) give(r *rand.Rand, o *operation) {
	w := c.w
	o.at = w.now()
	w.history.called(o)
	impatient := r.IntN(20) == 0 || o.in.Op == opRead && r.IntN(3) > 0 // a read that was given up says nothing, and costs nothing
	for tries := 1; ; tries++ {
		out, err := c.ask(o)
		if err == nil {
			w.history.ended(o, &out, w.now())
			c.learn(o)
			w.log.add("%v, %d tries", o, tries)
			return
		}
		if impatient || w.now()-o.at > lastChance {
			w.history.ended(o, nil, 0)
			w.log.add("%v, given up after %d tries: %v", o, tries, err)
			return
		}
		w.rest(between(r, 10*time.Millisecond, 60*time.Millisecond))
	}
}

var errDown = fmt.Errorf("simulation: the node is down")

func (c *client) ask(o *operation) (Done, error) {
	p := c.w.current(c.node)
	if p == nil || p.sys == nil {
		return Done{}, errDown
	}
	return engine.AskTimeout[Done, any](registers.Ref(p.sys, o.key), o.in, askFor)
}

func (c *client) learn(o *operation) {
	switch {
	case o.in.Op == opRead:
		c.seen[o.key] = o.out.Value
	case o.out.OK:
		c.seen[o.key] = o.in.Value
	}
}

// sender tells two lines numbers, one after another.
func (w *world) sender(n int) {
	node := (2*n + 1) % len(w.plan.roles)
	for i := 0; !w.isCalm(); i++ {
		w.rest(time.Duration(20+7*n) * time.Millisecond)
		p := w.current(node)
		if p == nil || p.sys == nil {
			continue
		}
		id := fmt.Sprint("line", i%2)
		lines.Ref(p.sys, id).Tell(Numbered{From: p.me, N: w.orders.next(id, p.me)})
	}
}
