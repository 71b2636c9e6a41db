package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"hayauma.example/engine"
)

const (
	clientCount = 10
	readerCount = 4 // of the clients: they only read, and wait for nothing for long
	readFor     = 150 * time.Millisecond
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

func (c *client) run() {
	for i := 0; !c.w.isCalm(); i++ {
		r := rand.New(rand.NewPCG(c.w.plan.seed, uint64(c.n+1)<<32|uint64(i)))
		c.w.rest(between(r, 5*time.Millisecond, 110*time.Millisecond))
		c.give(r, c.draw(r, i))
	}
}

func (c *client) draw(r *rand.Rand, i int) *operation {
	o := &operation{client: c.n, node: c.node, key: keys[r.IntN(len(keys))]}
	o.in = Do{ID: fmt.Sprintf("%d-%d", c.n, i), Op: opRead}
	kind := r.IntN(5)
	if c.reads() {
		kind = 3
	}
	if often := keys[:len(keys)/2]; kind < 3 && r.IntN(12) > 0 {
		o.key = often[r.IntN(len(often))]
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
	impatient := c.reads() || r.IntN(20) == 0
	for tries := 1; ; tries++ {
		out, err := c.ask(o)
		if err == nil {
			w.history.ended(o, &out, w.now())
			c.learn(o)
			w.log.add("%v, %d tries", o, tries)
			return
		}
		c.excuse(o, err)
		if impatient || w.now()-o.at > lastChance {
			w.history.ended(o, nil, 0)
			w.log.add("%v, given up after %d tries: %v", o, tries, err)
			return
		}
		w.rest(between(r, 10*time.Millisecond, 60*time.Millisecond))
	}
}

// excuse looks at a failed try: where nothing but joins, drains and slow links happens, a hand-off is nothing but latency. Who asks at a
// node that is drained may see its end.
func (c *client) excuse(o *operation, err error) {
	own := errors.Is(err, errDown) || errors.Is(err, engine.ErrKilled) || errors.Is(err, engine.ErrStopped)
	if c.w.plan.smooth() && !c.reads() && (!own || !c.w.plan.touched(c.node)) {
		c.w.problem("command %s at node %d to %s failed, though no process did: %v", o.in.ID, c.node, o.key, err)
	}
}

var errDown = errors.New("simulation: the node is down")

func (c *client) ask(o *operation) (Done, error) {
	p := c.w.current(c.node)
	if p == nil {
		return Done{}, errDown
	}
	patience := askFor
	if c.reads() {
		patience = readFor
	}
	return engine.AskTimeout[Done, any](registers.Ref(p.sys, o.key), o.in, patience)
}

// reads: a reader only reads, and gives up at once; a read that nobody saw the end of says nothing.
func (c *client) reads() bool { return c.n < readerCount }

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
	every, among := time.Duration(20+7*n)*time.Millisecond, 2
	if w.plan.eager {
		every, among = every/20, 12
	}
	for i := 0; !w.isCalm(); i++ {
		w.rest(every)
		p := w.current(node)
		if p == nil {
			continue
		}
		id := fmt.Sprint("line", i%among)
		lines.Ref(p.sys, id).Tell(Numbered{From: p.me, N: w.orders.next(id, p.me)})
	}
}
