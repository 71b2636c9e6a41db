package gate

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"hayauma.example/actors"
)

// TestQueueAgainstModel: what can't be given back stands before the untried, both in the order of the plan, whoever leaves in between.
func TestQueueAgainstModel(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	var q queue
	var model []*waiter
	for n := range uint32(20_000) {
		switch {
		case len(model) > 0 && chance.IntN(20) < 5 || len(model) > 50:
			i := chance.IntN(len(model))
			q.remove(model[i])
			model = slices.Delete(model, i, i+1)
		case len(model) > 0 && chance.IntN(20) < 5:
			w := q.first()
			q.remove(w)
			if i := slices.Index(model, w); i != 0 {
				t.Fatalf("the %dth is first", i)
			}
			model = model[1:]
		default:
			w := &waiter{Wait: Wait{Untried: chance.IntN(2) == 0, Order: chance.Int64N(3), Path: actors.Span{Lo: chance.Uint32()&^0xffff | n}}}
			q.push(w)
			model = append(model, w)
			slices.SortFunc(model, func(a, b *waiter) int {
				if a.Untried != b.Untried {
					return map[bool]int{false: -1, true: 1}[a.Untried]
				}
				return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Path.Lo, b.Path.Lo))
			})
		}
		if len(q) != len(model) || len(model) > 0 && q.first() != model[0] {
			t.Fatalf("%d wait, want %d", len(q), len(model))
		}
	}
}
