package linesim

import "time"

// channel is what LINE keeps per channel access token.
type channel struct {
	number  uint32
	buckets [endpoints]bucket
	tried   map[[16]byte]int64 // keys whose requests came so far without acceptance: Unix ns of the first
	month   int                // of used
	used    int64              // billed recipients
}

func newChannel(number int) *channel {
	return &channel{number: uint32(number), tried: map[[16]byte]int64{}}
}

// japan is where LINE's months begin and end.
var japan = time.FixedZone("JST", 9*60*60)

// turn starts a new month's bill.
func (c *channel) turn(now time.Time) {
	year, month, _ := now.In(japan).Date()
	if m := year*12 + int(month); m != c.month {
		c.month, c.used = m, 0
	}
}

// keySince is when a key's life began, given a request that reached its endpoint now.
func (c *channel) keySince(key [16]byte, now time.Time) int64 {
	since, ok := c.tried[key]
	if !ok || now.UnixNano()-since >= int64(KeyLife) {
		return now.UnixNano()
	}
	return since
}

// try remembers a key whose request isn't accepted.
func (c *channel) try(key [16]byte, now time.Time) {
	if key != ([16]byte{}) {
		c.tried[key] = c.keySince(key, now)
	}
}

// bucket holds one second's worth of requests and refills continuously.
type bucket struct {
	level float64
	last  time.Time // zero: full
}

// take lets one request through if there is room. Time that goes back refills nothing.
func (b *bucket) take(now time.Time, perSecond float64) bool {
	switch past := now.Sub(b.last); {
	case b.last.IsZero():
		b.level, b.last = perSecond, now
	case past > 0:
		b.level, b.last = min(perSecond, b.level+past.Seconds()*perSecond), now
	}
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
