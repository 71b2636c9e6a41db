package enginetest_test

import (
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/transporttest"
)

// network gives the suite its shape of a Network.
type network struct{ *enginetest.Network }

func (n network) Join(incarnation string) transporttest.Member {
	return networkMember{n.Network.Join(incarnation)}
}

type networkMember struct{ *enginetest.Member }

func (m networkMember) View(incarnations ...string) { m.SetPeers(incarnations...) }

func TestNetworkConforms(t *testing.T) {
	weathers := []struct{ latency, jitter time.Duration }{
		{}, {latency: time.Millisecond}, {latency: 10 * time.Millisecond, jitter: 30 * time.Millisecond},
	}
	for _, w := range weathers {
		t.Run(fmt.Sprint(w.latency, "±", w.jitter), func(t *testing.T) {
			const backlog = 64 << 10
			transporttest.Run(t, transporttest.Subject{Bubble: true, Backlog: backlog, Settle: 2 * time.Second,
				New: func(t *testing.T) transporttest.Network {
					n := enginetest.NewNetwork(t, 0)
					n.SetLatency(w.latency, w.jitter)
					n.SetBacklog(backlog)
					return network{n}
				}})
		})
	}
}

// word is a packet.
type word string

// AppendPacket implements engine.Packet.
func (w word) AppendPacket(dst []byte) ([]byte, error) { return append(dst, w...), nil }

// clock notes when packets come, since it was made.
type clock struct {
	began time.Time
	log   []string // one goroutine receives at a time in these tests
}

func (c *clock) Receive(from string, _ engine.Lane, packets iter.Seq[[]byte]) {
	for packet := range packets {
		c.log = append(c.log, fmt.Sprintf("%v %s:%s", time.Since(c.began), from, packet))
	}
}

func (c *clock) Returned(to string, _ engine.Lane, packet []byte, unsure bool) {
	c.log = append(c.log, fmt.Sprintf("%v back from %s:%s unsure=%v", time.Since(c.began), to, packet, unsure))
}

func send(t *testing.T, from *enginetest.Member, to, packet string) {
	t.Helper()
	if err := from.Send(to, engine.Data, word(packet)); err != nil {
		t.Fatal(err)
	}
}

func TestNetworkKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := enginetest.NewNetwork(t, 1)
		n.SetLatency(10*time.Millisecond, 0)
		a, b := n.Join("a"), n.Join("b")
		c := &clock{began: time.Now()}
		a.Start(c)
		b.Start(c)
		a.SetPeers("b")
		b.SetPeers("a")

		send(t, a, "b", "one") // arrives after 10 ms, is acknowledged after 20
		time.Sleep(15 * time.Millisecond)
		send(t, a, "b", "two")
		n.Break("a", "b") // one's acknowledgement and two are lost; after 35 ms both are sent again
		time.Sleep(45 * time.Millisecond)
		n.Cut("a", "b")
		send(t, a, "b", "three") // at 60 ms
		time.Sleep(40 * time.Millisecond)
		n.Mend("a", "b") // at 100 ms: connected at 120
		time.Sleep(100 * time.Millisecond)
		n.Crash("b")
		send(t, a, "b", "four")
		time.Sleep(time.Second)
		a.SetPeers()

		synctest.Wait()
		want := "[10ms a:one 45ms a:two 130ms a:three 1.2s back from b:four unsure=false]"
		if got := fmt.Sprint(c.log); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		if s := b.Stats(); s.Duplicates != 1 || s.Received != 3 || a.Stats().Returned != 1 {
			t.Errorf("stats %+v, %+v", s, a.Stats())
		}
	})
}

func TestNetworkRepeatsItsSeed(t *testing.T) {
	runs := [2]string{}
	for i := range runs {
		synctest.Test(t, func(t *testing.T) {
			n := enginetest.NewNetwork(t, 42)
			n.SetLatency(time.Millisecond, time.Second)
			a, b := n.Join("a"), n.Join("b")
			c := &clock{began: time.Now()}
			a.Start(c)
			b.Start(c)
			a.SetPeers("b")
			b.SetPeers("a")
			for _, w := range []string{"x", "y", "z"} {
				send(t, a, "b", w)
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
			runs[i] = fmt.Sprint(c.log)
		})
	}
	if runs[0] != runs[1] {
		t.Errorf("%s\n%s", runs[0], runs[1])
	}
}
