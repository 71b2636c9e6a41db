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
