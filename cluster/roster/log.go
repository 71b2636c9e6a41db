package roster

import "math/bits"

// The logarithm's table: log2(1 + i/2^tableBits), with fractionBits bits after the point.
const (
	tableBits    = 10
	fractionBits = 56
)

var log2Table = makeLog2Table()

// negLog2 is -log2(x/2^64), with 56 bits after the point: 0 to 64·2^56. x = 0 counts as 1. It is exact at the table's points and
// linear in between: within 2^-20 of the truth, and never rising where x rises.
func negLog2(x uint64) uint64 {
	x = max(x, 1)
	shift := bits.LeadingZeros64(x)
	x = x << shift << 1 // the bits after the leading one: a fraction of 2^64
	i := x >> (64 - tableBits)
	low, high := log2Table[i], log2Table[i+1]
	part, _ := bits.Mul64(high-low, x<<tableBits) // rounded down
	return uint64(shift+1)<<fractionBits - (low + part)
}

func makeLog2Table() *[1<<tableBits + 1]uint64 {
	var t [1<<tableBits + 1]uint64
	for i := range 1 << tableBits {
		t[i] = log2Fraction(1<<63 | uint64(i)<<(63-tableBits))
	}
	t[1<<tableBits] = 1 << fractionBits
	return &t
}

// log2Fraction finds log2(m/2^63), for m from 2^63 to 2^64-1, bit by bit: squaring doubles the logarithm, and where that passes
// 1, the bit is set and the number halved.
func log2Fraction(m uint64) uint64 {
	var out uint64
	for range fractionBits {
		hi, lo := bits.Mul64(m, m)
		out <<= 1
		if hi >= 1<<63 {
			out |= 1
			m = hi
		} else {
			m = hi<<1 | lo>>63
		}
	}
	return out
}
