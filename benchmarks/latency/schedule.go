package latency

import "time"

// clock is the nanoseconds since it was made.
type clock struct{ zero time.Time }

func startClock() clock { return clock{zero: time.Now()} }

func (c clock) now() int64 { return int64(time.Since(c.zero)) }

// schedule says when each of n messages is due. It is fixed before the first is sent.
type schedule struct {
	start int64 // of the clock, ns
	rate  float64
	n     int
}

// plan is as many messages as are due within the length, at least one.
func plan(start int64, rate float64, length time.Duration) schedule {
	return schedule{start: start, rate: rate, n: max(int(rate*length.Seconds()), 1)}
}

// due is when message i is to be sent.
func (s schedule) due(i int) int64 { return s.start + int64(float64(i)*1e9/s.rate) }

// share is a part of the capacity, both per second; of no capacity it is the least rate there is.
func share(capacity, part float64) float64 { return max(capacity*part, 1) }

// pick is the actor of message i: random (the finaliser of SplitMix64), and the same for every system.
func pick(i, actors int) int {
	x := uint64(i+1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x ^ x>>31) % uint64(actors))
}

// A wait is slept only while more than tooLong is left, but for early: so late may a timer be.
const (
	tooLong = 2 * time.Millisecond
	early   = 1500 * time.Microsecond
)

// nap is how long to sleep with so much left; 0: yield instead.
func nap(left time.Duration) time.Duration {
	if left <= tooLong {
		return 0
	}
	return left - early
}
