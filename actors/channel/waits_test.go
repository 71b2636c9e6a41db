package channel_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
)

// TestLostDemandIsNoWaiting: whoever waits for demand waits its turn as long as some is given back or a call waits at a gate; demand that
// was lost with its holders ends that.
func TestLostDemandIsNoWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		w.standing("a", actors.RunActive)
		w.standing("b", actors.RunActive)
		w.tell(actors.WantDemand{Composer: "a/1", Campaign: "c-a", Run: "a", Window: 1, Bytes: 1000})
		w.tell(actors.WantDemand{Composer: "a/2", Campaign: "c-a", Run: "a", Window: 2, Bytes: 100})
		waits := func() bool {
			return must[actors.ChannelInfo](w, actors.DescribeChannel{Standing: actors.RunStanding{Campaign: "c-a", Run: "a", Standing: actors.RunActive}}).Waiting
		}
		if !waits() {
			t.Error("its turn will come")
		}
		time.Sleep(actors.StallAfter)
		w.tokens(actors.WantTokens{Waiting: waiting("b")})
		if !waits() {
			t.Error("a call waits at a gate, and may hold the demand")
		}
		time.Sleep(3 * time.Second)
		if waits() {
			t.Error("nobody holds the demand any more")
		}
		w.tell(actors.FreeDemand{Run: "a", Window: 1, Bytes: 1})
		if !waits() {
			t.Error("demand is given back")
		}
	})
}

// TestANodeThatComesAndGoesFreesDemandAFewTimes: else each time would put the whole budget out once more.
func TestANodeThatComesAndGoesFreesDemandAFewTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		w.standing("a", actors.RunActive)
		window := uint32(0)
		granted := func(when string, want int, gone ...string) {
			t.Helper()
			window++
			w.tell(actors.WantDemand{Composer: "a/1", Campaign: "c-a", Run: "a", Window: window, Bytes: 1000}) // all there is
			if len(gone) > 0 {
				w.tell(actors.NodeGone{Nodes: gone})
			}
			synctest.Wait()
			if got := take(w, &w.grants); len(got) != want {
				t.Errorf("%s: granted %v, want %d times", when, got, want)
			}
		}
		granted("first", 1)
		granted("it is out", 0)
		granted("n1 went", 1, "n1")
		time.Sleep(time.Second)
		granted("n1 went again", 1, "n1")
		granted("n1 went for the third time", 1, "n1")
		granted("n1 went too often", 0, "n1")
		granted("n2 went too", 1, "n1", "n2")
		time.Sleep(actors.StallAfter - 2*time.Second)
		granted("n1 went once more, too soon", 0, "n1")
		time.Sleep(time.Second)
		granted("n1 went a while after the first time", 1, "n1")
		granted("n1 went again, too soon after the second", 0, "n1")
	})
}
