package enginetest

import (
	"flag"
	"math/rand/v2"
	"testing"
)

var seedFlag = flag.Uint64("enginetest.seed", 0, "seed of random tests; 0: a new one each time")

// Rand returns random numbers and their seed, which is printed when the test fails; -enginetest.seed repeats it.
func Rand(t testing.TB) (*rand.Rand, uint64) {
	t.Helper()
	seed := *seedFlag
	for seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with -enginetest.seed=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, seed)), seed
}
