package actors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
)

// Variant is one of several messages of a campaign: each recipient gets one.
type Variant struct {
	Name     string
	Weight   int // its share of the recipients is this of the sum of all weights
	Messages json.RawMessage
}

// Bounds of variants.
const (
	MinVariants      = 2
	MaxVariants      = 10
	MaxVariantWeight = 1000
)

// VariantTotals is what has come of one variant.
type VariantTotals struct {
	Name   string
	Weight int
	Totals Totals // all zero before the run is planned
}

// VariantOf is the number of the variant that a user gets. It follows from the seed, the user and the weights alone, so that it is the same on every
// machine, after every restart, and in every campaign with that seed.
func VariantOf(seed, user string, variants []Variant) uint8 {
	sum := sha256.Sum256([]byte(seed + "\x00" + user))
	total := uint64(0)
	for _, v := range variants {
		total += uint64(max(0, v.Weight))
	}
	if total == 0 {
		return 0
	}
	at := binary.BigEndian.Uint64(sum[:]) % total // 2^64 is so much more than any total that no variant gains by it
	for i, v := range variants {
		if weight := uint64(max(0, v.Weight)); at < weight {
			return uint8(i)
		} else {
			at -= weight
		}
	}
	return 0
}

// ExperimentID is the identity of a channel's experiment, which adds the results of variants up over all campaigns that name it.
func ExperimentID(channel, experiment string) string { return channel + "/" + experiment }
