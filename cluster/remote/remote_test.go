package remote_test

import (
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/engine"
	"hayauma.example/engine/transporttest"
)

func open(t *testing.T, c remote.Config) *remote.Transport {
	t.Helper()
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	transport, err := remote.Listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = transport.Close() })
	return transport
}

// acquaint starts two members that know each other.
func acquaint(one, two *remote.Transport) (first, second *transporttest.Recorder) {
	first, second = transporttest.NewRecorder(), transporttest.NewRecorder()
	one.Start(first)
	two.Start(second)
	one.SetPeers(map[string]string{"two": two.Addr().String()})
	two.SetPeers(map[string]string{"one": one.Addr().String()})
	return first, second
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConfigIsRefused(t *testing.T) {
	bad := map[string]remote.Config{
		"no incarnation": {Listen: "127.0.0.1:0"},
		"no port":        {Incarnation: "one", Listen: "127.0.0.1"},
		"small batch":    {Incarnation: "one", Listen: "127.0.0.1:0", MaxBatch: 1},
		"negative":       {Incarnation: "one", Listen: "127.0.0.1:0", MaxPacket: -1},
		"small backlog":  {Incarnation: "one", Listen: "127.0.0.1:0", Backlog: 1 << 20},
		"no time":        {Incarnation: "one", Listen: "127.0.0.1:0", DeadAfter: 1},
	}
	for name, c := range bad {
		if transport, err := remote.Listen(t.Context(), c); err == nil {
			t.Errorf("%s: no error", name)
			_ = transport.Close()
		}
	}
	var plain *remote.PlainError
	for _, address := range []string{":0", "0.0.0.0:0", "192.0.2.1:7000", "host.example:7000"} {
		c := remote.Config{Incarnation: "one", Listen: address}
		if err := c.Validate(); !errors.As(err, &plain) || plain.Address != address {
			t.Errorf("%s: %v", address, err)
		}
		c.Insecure = true
		if err := c.Validate(); err != nil {
			t.Errorf("%s, insecure: %v", address, err)
		}
	}
	for _, address := range []string{"localhost:0", "[::1]:0", "127.1.2.3:0"} {
		if err := (remote.Config{Incarnation: "one", Listen: address}).Validate(); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A receiver that is slow for longer than DeadAfter is not taken for dead.
func TestSlowIsNotDead(t *testing.T) {
	c := remote.Config{Incarnation: "one", DeadAfter: 400 * time.Millisecond, RetryMin: time.Millisecond}
	one := open(t, c)
	c.Incarnation = "two"
	two := open(t, c)
	_, received := acquaint(one, two)
	must(t, one.Send("two", engine.Data, payload("first")))
	received.Wait(t, 1)
	release := received.Hold("one", engine.Data)
	must(t, one.Send("two", engine.Data, payload("held")))
	received.WaitHeld(t)
	time.Sleep(3 * c.DeadAfter)
	peers, _ := one.Stats()
	if s := peers["two"]; s.Reconnects != 0 || s.Acknowledged != 1 || s.QueuedPackets != 1 {
		t.Errorf("stats %+v", s)
	}
	release()
	must(t, one.Send("two", engine.Data, payload("last")))
	received.Wait(t, 3)
}

// A connection that brings nothing any more is noticed and made again, at both sides.
func TestSilenceIsDeath(t *testing.T) {
	c := remote.Config{Incarnation: "one", DeadAfter: 200 * time.Millisecond, RetryMin: time.Millisecond, HandshakeTimeout: 50 * time.Millisecond}
	one := open(t, c)
	c.Incarnation = "two"
	two := open(t, c)
	p := newProxy(t, func() string { return two.Addr().String() })
	defer p.close()
	_, received := acquaint(one, two)
	one.SetPeers(nil)
	one.SetPeers(map[string]string{"two": p.listener.Addr().String()})
	must(t, one.Send("two", engine.Data, payload("before")))
	must(t, one.Send("two", engine.Control, payload("before")))
	received.Wait(t, 2) // both lanes are connected
	p.forth.set(true)
	p.back.set(true)
	must(t, one.Send("two", engine.Data, payload("after")))
	began := time.Now()
	eventually(t, func() bool { return p.dialled.Load() > 4 }) // two were alive, two are tried now
	if took := time.Since(began); took < c.DeadAfter/2 || took > 10*c.DeadAfter {
		t.Errorf("noticed after %v", took)
	}
	p.forth.set(false)
	p.back.set(false)
	received.Wait(t, 3)
	eventually(t, func() bool { peers, _ := one.Stats(); return peers["two"].Reconnects >= 2 })
}

func eventually(t *testing.T, f func() bool) {
	t.Helper()
	for late := time.Now().Add(10 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("it didn't happen within 10 s")
		}
	}
}

// A peer that moved is found at its new address, and gets what waited for it.
func TestAddressChanges(t *testing.T) {
	one, two := open(t, remote.Config{Incarnation: "one"}), open(t, remote.Config{Incarnation: "two"})
	_, received := acquaint(one, two)
	one.SetPeers(nil)
	one.SetPeers(map[string]string{"two": "127.0.0.1:1"})
	must(t, one.Send("two", engine.Data, payload("waits")))
	one.SetPeers(map[string]string{"two": two.Addr().String()})
	received.Wait(t, 1)
}

// Another incarnation at the same address gets nothing that was meant for the one before.
func TestAnotherIncarnationAtTheAddress(t *testing.T) {
	one, two := open(t, remote.Config{Incarnation: "one"}), open(t, remote.Config{Incarnation: "two"})
	back, received := acquaint(one, two)
	one.SetPeers(map[string]string{"two": two.Addr().String(), "earlier": two.Addr().String()})
	must(t, one.Send("earlier", engine.Data, payload("x")))
	must(t, one.Send("two", engine.Data, payload("y")))
	received.Wait(t, 1)
	time.Sleep(50 * time.Millisecond)
	one.SetPeers(map[string]string{"two": two.Addr().String()})
	if b := back.Back(); len(b) != 1 || b[0].Packet != "x" || b[0].Unsure {
		t.Errorf("returned %+v", b)
	}
	if got := received.Got(); len(got) != 1 || got[0].Packet != "y" {
		t.Errorf("received %+v", got)
	}
}

func TestStats(t *testing.T) {
	one, two := open(t, remote.Config{Incarnation: "one"}), open(t, remote.Config{Incarnation: "two"})
	_, received := acquaint(one, two)
	for range 10 {
		must(t, one.Send("two", engine.Data, payload("data")))
		must(t, one.Send("two", engine.Control, payload("control")))
	}
	received.Wait(t, 20)
	var sent, arrived uint64
	want := remote.Stats{Written: 20, Acknowledged: 20}
	eventually(t, func() bool {
		peers, _ := one.Stats()
		sent = peers["two"].SentBytes
		want.SentBytes = sent
		return peers["two"] == want
	})
	eventually(t, func() bool {
		peers, _ := two.Stats()
		arrived = peers["one"].ReceivedBytes
		return peers["one"] == remote.Stats{Received: 20, ReceivedBytes: arrived}
	})
	if least := uint64(10*len("data") + 10*len("control")); sent != arrived || sent < least {
		t.Errorf("%d bytes were sent, %d received, of at least %d", sent, arrived, least)
	}
	one.SetPeers(nil)
	if peers, gone := one.Stats(); len(peers) > 0 || gone != want {
		t.Errorf("afterwards %v, gone %+v", peers, gone)
	}
}

// Large packets and small ones pass in order, whatever the batches' size.
func TestSizes(t *testing.T) {
	c := remote.Config{Incarnation: "one", MaxBatch: 4 << 10}
	one := open(t, c)
	c.Incarnation = "two"
	two := open(t, c)
	_, received := acquaint(one, two)
	sizes := []int{1 << 20, 0, 1, 4 << 10, 4<<10 - 12, 4<<10 - 11, 100 << 10, 63, 64, 65, 1 << 20}
	for i, n := range sizes {
		p := make(payload, n)
		for j := range p {
			p[j] = byte(i)
		}
		must(t, one.Send("two", engine.Data, p))
	}
	if err := one.Send("two", engine.Data, make(payload, 1<<20+1)); !errors.Is(err, remote.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	received.Wait(t, len(sizes))
	for i, got := range received.Got() {
		if len(got.Packet) != sizes[i] || len(got.Packet) > 0 && (got.Packet[0] != byte(i) || got.Packet[len(got.Packet)-1] != byte(i)) {
			t.Errorf("packet %d has %d bytes, want %d", i, len(got.Packet), sizes[i])
		}
	}
}

// Sends, views, stats and Close from many goroutines: the race detector watches, and all ends.
func TestConcurrentUse(t *testing.T) {
	one, two := open(t, remote.Config{Incarnation: "one"}), open(t, remote.Config{Incarnation: "two"})
	acquaint(one, two)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				_ = one.Send("two", engine.Data, payload("x"))
				_ = two.Send("one", engine.Control, payload("y"))
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			one.SetPeers(nil)
			one.SetPeers(map[string]string{"two": two.Addr().String()})
			_, _ = one.Stats()
		}
	})
	wg.Go(func() { time.Sleep(5 * time.Millisecond); _ = two.Close() })
	wg.Wait()
}

// No packet costs an allocation, at either side.
func TestAllocations(t *testing.T) {
	one, _, received := twoMembers(t)
	var per float64
	for range 5 { // the first grows the buffers
		const n = 100_000
		received.want.Store(received.n.Load() + n)
		before := allocated()
		flood(t, one, "two", n)
		<-received.full
		if per = float64(allocated()-before) / n; per <= 0.05 {
			return
		}
	}
	t.Errorf("%.3f allocations for each packet, want at most 0.05", per)
}
