package remote_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/engine"
)

// payload is a packet of these bytes.
type payload []byte

// AppendPacket implements engine.Packet.
func (p payload) AppendPacket(dst []byte) ([]byte, error) { return append(dst, p...), nil }

// counter counts what it receives, and tells when it has so many.
type counter struct {
	n    atomic.Int64
	want atomic.Int64
	full chan struct{}
}

func newCounter() *counter { return &counter{full: make(chan struct{}, 1)} }

// Receive implements engine.Receiver.
func (c *counter) Receive(_ string, _ engine.Lane, packets iter.Seq[[]byte]) {
	for range packets {
		if c.n.Add(1) == c.want.Load() {
			c.full <- struct{}{}
		}
	}
}

// Returned implements engine.Receiver.
func (c *counter) Returned(string, engine.Lane, []byte, bool) {}

// flood sends n packets of 100 bytes, and waits a little where the backlog is full.
func flood(tb testing.TB, from *remote.Transport, to string, n int) {
	var p engine.Packet = payload(make([]byte, 100))
	for range n {
		for {
			err := from.Send(to, engine.Data, p)
			if err == nil {
				break
			}
			if !errors.Is(err, engine.ErrBacklog) {
				tb.Fatal(err)
			}
			time.Sleep(50 * time.Microsecond)
		}
	}
}

// BenchmarkOneWay sends packets of 100 bytes from one member to another in the same process, over loopback.
func BenchmarkOneWay(b *testing.B) {
	n, mallocs := 0, uint64(0)
	one, _, received := twoMembers(b)
	b.ReportAllocs()
	for b.Loop() {
		const batch = 1 << 16
		received.want.Store(received.n.Load() + batch)
		mallocs -= allocated()
		flood(b, one, "two", batch)
		<-received.full
		mallocs += allocated()
		n += batch
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(mallocs)/float64(n), "allocs/packet")
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

func twoMembers(tb testing.TB) (one, two *remote.Transport, received *counter) {
	one, two, received = listen(tb, "one"), listen(tb, "two"), newCounter()
	one.Start(newCounter())
	two.Start(received)
	one.SetPeers(map[string]string{"two": two.Addr().String()})
	two.SetPeers(map[string]string{"one": one.Addr().String()})
	return one, two, received
}

func listen(tb testing.TB, incarnation string) *remote.Transport {
	t, err := remote.Listen(tb.Context(), remote.Config{Incarnation: incarnation, Listen: "127.0.0.1:0"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = t.Close() })
	return t
}

// floodVariable has the test's program be the sending process of BenchmarkTwoProcesses.
const floodVariable = "REMOTE_FLOOD"

func TestMain(m *testing.M) {
	if address := os.Getenv(floodVariable); address != "" {
		floodProcess(address)
		return
	}
	os.Exit(m.Run())
}

// floodProcess prints its address, and sends to address for ever.
func floodProcess(address string) {
	t, err := remote.Listen(context.Background(), remote.Config{Incarnation: "one", Listen: "127.0.0.1:0"})
	if err != nil {
		panic(err)
	}
	t.Start(newCounter())
	fmt.Println(t.Addr())
	t.SetPeers(map[string]string{"two": address})
	flood(nil, t, "two", 1<<40)
}

// BenchmarkTwoProcesses receives packets of 100 bytes from another process.
func BenchmarkTwoProcesses(b *testing.B) {
	two, received := listen(b, "two"), newCounter()
	two.Start(received)
	sender := exec.CommandContext(b.Context(), os.Args[0])
	sender.Env = append(os.Environ(), floodVariable+"="+two.Addr().String())
	out, err := sender.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := sender.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = sender.Process.Kill(); _ = sender.Wait() }()
	lines := bufio.NewScanner(out)
	lines.Scan()
	received.want.Store(1)
	two.SetPeers(map[string]string{"one": lines.Text()})
	<-received.full
	n := received.n.Load()
	for b.Loop() {
		received.want.Store(received.n.Load() + 1<<18)
		<-received.full
	}
	b.ReportMetric(float64(received.n.Load()-n)/b.Elapsed().Seconds(), "packets/s")
}

// echo sends back what it receives.
type echo struct{ from *remote.Transport }

// Receive implements engine.Receiver.
func (e echo) Receive(from string, lane engine.Lane, packets iter.Seq[[]byte]) {
	for packet := range packets {
		_ = e.from.Send(from, lane, payload(packet))
	}
}

// Returned implements engine.Receiver.
func (e echo) Returned(string, engine.Lane, []byte, bool) {}

// answers wakes the caller that the packet's first byte names.
type answers [64]chan struct{}

// Receive implements engine.Receiver.
func (a *answers) Receive(_ string, _ engine.Lane, packets iter.Seq[[]byte]) {
	for packet := range packets {
		a[packet[0]] <- struct{}{}
	}
}

// Returned implements engine.Receiver.
func (a *answers) Returned(string, engine.Lane, []byte, bool) {}

// BenchmarkRoundTrips has 64 callers, each with one packet of 100 bytes on its way, to another member in the process and back.
func BenchmarkRoundTrips(b *testing.B) {
	one, two := listen(b, "one"), listen(b, "two")
	var a answers
	one.Start(&a)
	two.Start(echo{two})
	one.SetPeers(map[string]string{"two": two.Addr().String()})
	two.SetPeers(map[string]string{"one": one.Addr().String()})
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range a {
		a[i] = make(chan struct{}, 1)
		wg.Go(func() {
			var p engine.Packet = payload(append([]byte{byte(i)}, make([]byte, 99)...))
			for n.Add(1) <= int64(b.N) {
				_ = one.Send("two", engine.Data, p)
				<-a[i]
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "roundtrips/s")
}
