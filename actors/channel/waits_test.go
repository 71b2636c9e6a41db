package channel_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
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

// TestDemandIsForgottenForNodesThatGo: at once, and once more when the others know, and not without a bound.
func TestDemandIsForgottenForNodesThatGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		w.standing("a", actors.RunActive)
		window := uint32(0)
		granted := func(when string, want int, tell ...actors.ChannelMsg) {
			t.Helper()
			window++
			w.tell(actors.WantDemand{Composer: "a/1", Campaign: "c-a", Run: "a", Window: window, Bytes: 1000}) // all there is
			for _, m := range tell {
				w.tell(m)
			}
			synctest.Wait()
			if got := take(w, &w.grants); len(got) != want {
				t.Errorf("%s: granted %v, want %d times", when, got, want)
			}
		}
		granted("first", 1)
		granted("it is out", 0)
		granted("a node went", 1, actors.NodeGone{})
		granted("it is out again", 0)
		time.Sleep(channel.SettleFor - time.Millisecond)
		granted("others may not know yet", 0)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := take(w, &w.grants); len(got) != 1 {
			t.Errorf("all know: granted %v, want once", got)
		}
		time.Sleep(2 * channel.SettleFor)
		granted("once more is enough", 0)
		for range channel.MaxForgot - 2 {
			granted("another node went", 1, actors.NodeGone{})
		}
		granted("too many went", 0, actors.NodeGone{})
		time.Sleep(actors.StallAfter)
		granted("a while later", 1, actors.NodeGone{})
	})
}
