package actors

import "iter"

// Shards is a set of a role's shards, by number: a bit for each of the 64.
type Shards uint64

// ShardsOf is the set of some numbers, each below 64.
func ShardsOf(numbers ...int) Shards {
	var s Shards
	for _, n := range numbers {
		s |= 1 << n
	}
	return s
}

// Has tells whether a shard is in the set.
func (s Shards) Has(n int) bool { return n >= 0 && n < 64 && s>>n&1 == 1 }

// All yields the numbers in the set, in order.
func (s Shards) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for n := range 64 {
			if s.Has(n) && !yield(n) {
				return
			}
		}
	}
}
