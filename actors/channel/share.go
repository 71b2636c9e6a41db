package channel

import (
	"time"

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
	until time.Duration // so long it keeps its turn
	lacks [2]bool       // by endpoint: it got less than it wanted
	used  [2]int        // by endpoint: tokens granted, made level with the others when it begins to lack
	turn  [2]int        // by endpoint: whose turn it is among its runs
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

// allowance is how far a gate may go on before another gate that lacks tokens has had its share; n < 0: as far as it likes.
func (g *gates) allowance(k *gate, e provider.Endpoint, burst int, now time.Duration) int {
	least, ok := g.least(k, e, now)
	if !ok {
		return -1
	}
	if !k.lacks[e] {
		k.used[e] = max(k.used[e], least)
	}
	return max(0, least+burst-k.used[e])
}

// least is the smallest number of tokens that another gate had which lacks some.
func (g *gates) least(k *gate, e provider.Endpoint, now time.Duration) (least int, ok bool) {
	for _, o := range g.by {
		if o == k || !o.lacks[e] || now > o.until {
			continue
		}
		if !ok || o.used[e] < least {
			least, ok = o.used[e], true
		}
	}
	return least, ok
}

// share divides n between wants as evenly as they allow; what is odd goes to the first ones, beginning with first.
func share(n int, wants []int, first int) []int {
	got := make([]int, len(wants))
	for n > 0 {
		open := 0
		for i, w := range wants {
			if got[i] < w {
				open++
			}
		}
		if open == 0 {
			return got
		}
		each := max(1, n/open)
		for i := range wants {
			i = (i + first) % len(wants)
			k := min(each, wants[i]-got[i], n)
			got[i] += k
			n -= k
		}
	}
	return got
}
