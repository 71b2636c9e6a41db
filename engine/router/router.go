package router

import (
	"hash/fnv"
	"slices"
	"sync/atomic"

	"hayauma.example/engine"
)

// Router sends each message to some of its routees. It is safe for concurrent use.
type Router[M any] struct {
	routees atomic.Pointer[routees[M]]
	choose  func(among *routees[M], m M) []engine.Ref[M] // not called without routees
}

// routees are never written to after they were set.
type routees[M any] struct {
	refs   []engine.Ref[M]
	hashes []uint64 // of their identities
}

// RoundRobin sends to each routee in turn.
func RoundRobin[M any](to ...engine.Ref[M]) *Router[M] {
	var next atomic.Uint64
	return newRouter(to, func(among *routees[M], _ M) []engine.Ref[M] {
		i := int((next.Add(1) - 1) % uint64(len(among.refs)))
		return among.refs[i : i+1]
	})
}

// Hash sends all messages with the same key to the same routee. Routees are told apart by their identities, so the choice is the same in
// every process.
func Hash[M any](key func(M) string, to ...engine.Ref[M]) *Router[M] {
	return newRouter(to, func(among *routees[M], m M) []engine.Ref[M] {
		i := rendezvous(among.hashes, key(m))
		return among.refs[i : i+1]
	})
}

// Broadcast sends to all routees.
func Broadcast[M any](to ...engine.Ref[M]) *Router[M] {
	return newRouter(to, func(among *routees[M], _ M) []engine.Ref[M] { return among.refs })
}

func newRouter[M any](to []engine.Ref[M], choose func(*routees[M], M) []engine.Ref[M]) *Router[M] {
	r := &Router[M]{choose: choose}
	r.Set(to...)
	return r
}

// Set replaces the routees.
func (r *Router[M]) Set(to ...engine.Ref[M]) {
	next := &routees[M]{refs: slices.Clone(to)}
	for _, ref := range to {
		next.hashes = append(next.hashes, hash(ref.ID()))
	}
	r.routees.Store(next)
}

// Choose returns the routees that m is for, to Ask or Forward to; the slice is not to be written to. It is empty when there are none, and
// for RoundRobin it is another one at each call.
func (r *Router[M]) Choose(m M) []engine.Ref[M] {
	among := r.routees.Load()
	if len(among.refs) == 0 {
		return nil
	}
	return r.choose(among, m)
}

// Tell sends m; false: there are no routees.
func (r *Router[M]) Tell(m M) bool {
	to := r.Choose(m)
	for _, ref := range to {
		ref.Tell(m)
	}
	return len(to) > 0
}

// rendezvous returns which of the hashes a key falls to: the one whose hash together with the key's is the greatest.
func rendezvous(hashes []uint64, key string) int {
	k := hash(key)
	best, most := 0, uint64(0)
	for i, h := range hashes {
		if w := mix(h ^ k); i == 0 || w > most {
			best, most = i, w
		}
	}
	return best
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s)) // a hash doesn't fail
	return mix(h.Sum64())
}

// mix is the finalizer of SplitMix64: each bit of the result depends on all bits of x.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
