package roster

import "math/bits"

// Shards is the number of shards of each role: cluster.Shards, which a test compares.
const Shards = 64

// Owners holds the owner of each shard of one role, by incarnation; "" where nobody may own it.
type Owners [Shards]string

// Place gives each shard of a role to one of the active members that carry it: weighted rendezvous hashing, by the logarithmic
// method of C. Schindelhauer and G. Schomaker, "Weighted Distributed Hash Tables" (SPAA 2005).
//
// Each member draws, from a hash of its node's name, the role and the shard, a number u, evenly spread in (0, 1); the owner is
// the one with the smallest -log(u)/weight. That is a race of exponential clocks whose rates are the weights, so a member wins
// each shard with the probability weight / sum of weights; and as nobody's number depends on anybody else, a member that goes
// gives up its own shards only, and one that comes takes only what becomes its own.
//
// The numbers go by the node's name, not by the incarnation: a node that restarts gets its shards back and nobody else's move.
//
// Members must agree to the last bit, so there is no floating point in it: math.Log is another algorithm on amd64 than on
// arm64, and where the compiler may fuse a multiplication with an addition, rounding differs too. The logarithm here is integer
// arithmetic on a table made by integer arithmetic, and quotients are compared by multiplying crosswise in 128 bits. A tie goes to
// the smaller incarnation, whatever the order of the members. Its values may only change with all members stopped.
func Place(v View, role string) Owners {
	var owners Owners
	var best [Shards]race
	for _, m := range v.Members {
		if m.State != Active || !m.Carries(role) {
			continue
		}
		seed, share := seedOf(m.Node, role), m.Share()
		for n := range best {
			r := race{length: negLog2(mix(seed + uint64(n)*golden)), share: share}
			if owners[n] == "" || r.beats(best[n]) || r.ties(best[n]) && m.Incarnation < owners[n] {
				best[n], owners[n] = r, m.Incarnation
			}
		}
	}
	return owners
}

// race is one member's time to reach one shard: length / share.
type race struct{ length, share uint64 }

func (r race) beats(o race) bool {
	hi, lo := bits.Mul64(r.length, o.share)
	oHi, oLo := bits.Mul64(o.length, r.share)
	return hi < oHi || hi == oHi && lo < oLo
}

func (r race) ties(o race) bool { return !r.beats(o) && !o.beats(r) }

// golden is 2^64 divided by the golden ratio: the step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), as mix is its finish.
const golden = 0x9e3779b97f4a7c15

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// seedOf is FNV-1a over node, a zero byte and role, mixed. Names hold no zero byte.
func seedOf(node, role string) uint64 {
	return mix(fnv(fnv(fnvOffset, node)*fnvPrime, role))
}

const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
)

func fnv(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}
