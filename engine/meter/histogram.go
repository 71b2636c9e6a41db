package meter

import (
	"math"
	"slices"
	"sync/atomic"
	"time"
)

const (
	lowest, highest = -20, 20 // powers of two
	durations       = 18      // powers of four, from 1 ms / 4^5 on
	ranges          = highest - lowest + 1 + durations
)

var bounds = func() (b [ranges]float64) {
	for i := range highest - lowest + 1 {
		b[i] = math.Ldexp(1, lowest+i)
	}
	for i, v := highest-lowest+1, 0.001/1024; i < ranges; i, v = i+1, 4*v {
		b[i] = v
	}
	slices.Sort(b[:])
	return b
}()

// Bounds are the highest values of the ranges, rising. What is beyond the last has a range of its own. The caller must not change them.
func Bounds() []float64 { return bounds[:] }

// Histogram counts values by range. The zero value is empty; it is safe for concurrent use and must not be copied.
type Histogram struct {
	counts [ranges + 1]atomic.Uint64
	sum    atomic.Uint64 // bits of a float64
}

// Observe counts a value.
func (h *Histogram) Observe(v float64) {
	at, _ := slices.BinarySearch(bounds[:], v)
	h.counts[at].Add(1)
	for {
		old := h.sum.Load()
		if h.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// Took counts a duration, in seconds.
func (h *Histogram) Took(d time.Duration) { h.Observe(max(0, d).Seconds()) }

// Read returns what was counted.
func (h *Histogram) Read() (r Reading) {
	for i := range h.counts {
		r.Counts[i] = h.counts[i].Load()
	}
	r.Sum = math.Float64frombits(h.sum.Load())
	return r
}

// Reading is what a Histogram has counted.
type Reading struct {
	Counts [ranges + 1]uint64 // by range; the last is beyond Bounds
	Sum    float64
}

// Add adds another's figures.
func (r *Reading) Add(o Reading) {
	for i, n := range o.Counts {
		r.Counts[i] += n
	}
	r.Sum += o.Sum
}

// Count is the number of values.
func (r *Reading) Count() (n uint64) {
	for _, c := range r.Counts {
		n += c
	}
	return n
}

// Below is the number of values up to a bound, which is one of Bounds.
func (r *Reading) Below(bound float64) (n uint64) {
	for i, b := range bounds {
		if b > bound {
			break
		}
		n += r.Counts[i]
	}
	return n
}
