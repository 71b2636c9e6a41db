package gate

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestQueueAgainstModel: what can't be given back stands before the untried, both in the order of their coming, whoever leaves in between.
func TestQueueAgainstModel(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	var q queue
	var tried, untried []*waiter
	for range 20_000 {
		if all := len(tried) + len(untried); all > 0 && chance.IntN(20) < 9 || all > 50 {
			from := &tried
			if i := chance.IntN(all); i >= len(tried) {
				from = &untried
			}
			i := chance.IntN(len(*from))
			q.remove((*from)[i])
			*from = slices.Delete(*from, i, i+1)
		} else if w := (&waiter{Wait: Wait{Untried: chance.IntN(2) == 0}}); w.Untried {
			untried = append(untried, w)
			q.push(w)
		} else {
			tried = append(tried, w)
			q.push(w)
		}
		var forward, backward []*waiter
		for w := q.first; w != nil; w = w.next {
			forward = append(forward, w)
		}
		for w := q.last; w != nil; w = w.prev {
			backward = append(backward, w)
		}
		slices.Reverse(backward)
		want := slices.Concat(tried, untried)
		if !slices.Equal(forward, want) || !slices.Equal(backward, want) || q.n != len(want) {
			t.Fatalf("the queue has %d waiters, %d from behind, and counts %d; want %d", len(forward), len(backward), q.n, len(want))
		}
	}
}
