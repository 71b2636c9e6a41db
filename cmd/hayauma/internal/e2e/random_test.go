package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestKillAtRandom kills the daemon at random moments of a campaign's life; each life goes on where the last one stopped.
func TestKillAtRandom(t *testing.T) {
	seed := number(t, "HAYAUMA_SEED", int(time.Now().UnixNano()&0xffffff))
	kills := number(t, "HAYAUMA_KILLS", 6)
	if testing.Short() {
		kills = min(kills, 2)
	}
	t.Parallel()
	t.Logf("HAYAUMA_SEED=%d HAYAUMA_KILLS=%d", seed, kills)
	chance := rand.New(rand.NewPCG(uint64(seed), 1))
	w := newWorld(t, "--faults", fmt.Sprintf("%s,latency=20ms,seed=%d", killFaults, seed))
	w.open()
	w.daemon.kill()
	for n := range (kills + 2) / 3 {
		pair := w.pair(n)
		for range min(3, kills-3*n) {
			w.serve("")
			moment := time.After(time.Duration(chance.IntN(700)) * time.Millisecond)
			submitted := make(chan struct{})
			go func() {
				defer close(submitted)
				w.submitAll(pair)
			}()
			<-moment
			w.daemon.kill()
			<-submitted
		}
		w.survive(pair)
	}
}

// number is a setting of the test.
func number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q is not a number", name, text)
	}
	return n
}
