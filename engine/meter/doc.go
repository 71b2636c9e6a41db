// Package meter counts in hot paths what is read seldom: values in ranges, with nothing to allocate and no lock.
//
// A [Histogram] has one set of bounds for everything, so that any two can be added up and nobody has to agree on them:
//
//	2^-20 … 2^20             every power of two: a reader can make base-two buckets of them
//	0.001·4^-5 … 0.001·4^12  1 µs to 4.7 h by factors of four: what dashboards show of durations, in seconds
//
// A [By] has figures by a name, such as a channel, and is bounded: whoever makes names up makes no series.
//
// A reading is not a moment's: what is observed meanwhile may be in it or not, but nothing is lost or counted twice.
package meter
