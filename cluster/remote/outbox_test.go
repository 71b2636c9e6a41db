package remote

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/engine"
)

func TestLimitsOfAPacket(t *testing.T) {
	o := box(Config{MaxPacket: 1 << 10, MaxBatch: 4 << 10, Backlog: 4 << 10})
	put(t, o, strings.Repeat("x", 1<<10))
	if err := o.send(words(strings.Repeat("x", 1<<10+1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	put(t, o, strings.Repeat("y", 1<<10), strings.Repeat("z", 1<<10))
	if err := o.send(words(strings.Repeat("x", 1<<10))); !errors.Is(err, engine.ErrBacklog) {
		t.Errorf("over the backlog: %v", err)
	}
	put(t, o, "a small one has room")
	if s := o.stats(); s.QueuedPackets != 4 || s.QueuedBytes > 4<<10 {
		t.Errorf("stats %+v", s)
	}
}

// own is a packet that doesn't append but brings a slice of its own, and one that panics when it is empty.
type own []byte

// AppendPacket implements engine.Packet.
func (p own) AppendPacket([]byte) ([]byte, error) {
	if len(p) == 0 {
		panic("own")
	}
	return p, nil
}

func TestPacketThatPanicsLeavesNothing(t *testing.T) {
	o := box(Config{})
	put(t, o, "one")
	func() {
		defer func() { _ = recover() }()
		_ = o.send(own(nil))
	}()
	if err := o.send(own("two")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(drain(t, o)); got != "[1:one 2:two]" {
		t.Errorf("batches hold %s", got)
	}
}

func TestAcknowledgementAheadIsMalformed(t *testing.T) {
	o := box(Config{})
	put(t, o, "one", "two")
	var want *MalformedError
	if err := o.acknowledge(1); !errors.As(err, &want) {
		t.Errorf("nothing was written: %v", err)
	}
	drain(t, o)
	if err := o.acknowledge(2); err != nil {
		t.Error(err)
	}
	if err := o.acknowledge(1); !errors.As(err, &want) {
		t.Errorf("backwards: %v", err)
	}
	if err := o.resume(3); !errors.As(err, &want) {
		t.Errorf("resumed ahead: %v", err)
	}
}

// drain takes all batches; it returns their packets with their numbers.
func drain(t rapid.TB, o *outbox) (got []string) {
	for {
		message, ok := o.take()
		if !ok {
			return got
		}
		got = append(got, unpack(t, message)...)
	}
}

func unpack(t rapid.TB, message []byte) (got []string) {
	number, packets, err := cutHeader(message)
	for err == nil && len(packets) > 0 {
		var p []byte
		p, packets, err = cutPacket(packets, 1<<20)
		got = append(got, fmt.Sprintf("%d:%s", number, p))
		number++
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestOutboxAgainstAModel has random Sends, writes, acknowledgements and reconnects; the model is a list of packets.
func TestOutboxAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := model{o: box(Config{MaxPacket: 6 << 10, MaxBatch: minBatch, Backlog: 32 << 10})}
		t.Repeat(map[string]func(*rapid.T){
			"send": m.send, "take": m.take, "acknowledge": m.acknowledge, "reconnect": m.reconnect, "": m.check,
		})
		m.close(t)
	})
}

type model struct {
	o       *outbox
	sent    []string // all packets that were taken
	acked   int
	reached int // by this connection
	written int // by any
}

func (m *model) send(t *rapid.T) {
	n := rapid.SampledFrom([]int{0, 1, 10, 60, 70, 100, 1000, 4000, 4095, 5000, 6 << 10}).Draw(t, "length")
	p := fmt.Sprint(len(m.sent))
	p += strings.Repeat("x", max(0, n-len(p)))
	switch err := m.o.send(words(p)); {
	case err == nil:
		m.sent = append(m.sent, p)
	case !errors.Is(err, engine.ErrBacklog) || len(m.sent)-m.acked < 4:
		t.Fatal(err)
	}
}

func (m *model) take(t *rapid.T) {
	message, ok := m.o.take()
	if ok != (m.reached < len(m.sent)) {
		t.Fatalf("a batch: %v, after %d of %d", ok, m.reached, len(m.sent))
	}
	if !ok {
		return
	}
	for _, got := range unpack(t, message) {
		if want := fmt.Sprintf("%d:%s", m.reached+1, m.sent[m.reached]); got != want {
			t.Fatalf("got %.20s, want %.20s", got, want)
		}
		m.reached++
	}
	m.written = max(m.written, m.reached)
}

func (m *model) acknowledge(t *rapid.T) {
	m.acked = rapid.IntRange(m.acked, max(m.acked, m.reached)).Draw(t, "acknowledged")
	if err := m.o.acknowledge(uint64(m.acked)); err != nil {
		t.Fatal(err)
	}
}

// reconnect: the peer may have received more than was acknowledged. Batches are written again as they were.
func (m *model) reconnect(t *rapid.T) {
	m.acked = rapid.IntRange(m.acked, m.written).Draw(t, "received")
	if err := m.o.resume(uint64(m.acked)); err != nil {
		t.Fatal(err)
	}
	m.reached = m.acked
	if m.o.queue.n > 0 {
		m.reached = int(m.o.queue.at(0).first) - 1
	}
	if m.reached > m.acked {
		t.Fatalf("packets %d to %d are gone", m.acked+1, m.reached)
	}
}

func (m *model) check(t *rapid.T) {
	s := m.o.stats()
	if s.QueuedPackets != uint64(len(m.sent)-m.acked) || s.QueuedBytes > 32<<10+minBatch || (s.QueuedPackets > 0) && s.QueuedBytes == 0 {
		t.Fatalf("%+v, sent %d, acknowledged %d", s, len(m.sent), m.acked)
	}
	if len(m.sent) == m.acked && m.reached == m.acked {
		_, _ = m.o.take() // tells that the last batch is written
		if held := m.o.stats().QueuedBytes; held != 0 {
			t.Fatalf("%d bytes of nothing", held)
		}
	}
}

func (m *model) close(t *rapid.T) {
	left, acked := m.o.close()
	if int(acked) != m.acked {
		t.Fatalf("acknowledged %d, want %d", acked, m.acked)
	}
	next := m.acked
	for _, b := range left {
		for i, p := range unpack(t, b.message) {
			if number := int(b.first) + i; number > m.acked {
				if want := fmt.Sprintf("%d:%s", next+1, m.sent[next]); p != want || b.written != (number <= m.written) {
					t.Fatalf("got %.20s, written %v; want %.20s", p, b.written, want)
				}
				next++
			}
		}
	}
	if next != len(m.sent) {
		t.Fatalf("%d of %d came back", next-m.acked, len(m.sent)-m.acked)
	}
}

// back keeps what is returned.
type back struct {
	receiver
	got []string
}

// Returned implements engine.Receiver.
func (b *back) Returned(to string, _ engine.Lane, packet []byte, unsure bool) {
	b.got = append(b.got, fmt.Sprint(to, " ", string(packet), " ", unsure))
}

// A batch that is acknowledged in part comes back in part.
func TestGivenBackInPart(t *testing.T) {
	o := box(Config{})
	put(t, o, "one", "two", "three")
	drain(t, o)
	put(t, o, "four")
	if err := o.acknowledge(1); err != nil {
		t.Fatal(err)
	}
	var b back
	transport := Transport{receiver: &b, cfg: Config{}.withDefaults()}
	left, acked := o.close()
	transport.giveBack("two", engine.Data, left, acked)
	if got := strings.Join(b.got, ", "); got != "two two true, two three true, two four false" {
		t.Errorf("returned %s", got)
	}
	if again, _ := o.close(); len(again) > 0 {
		t.Error("closed twice, it gives back twice")
	}
}

// A peer may acknowledge a batch before its write has returned: the memory is the writer's until then.
func TestBatchStaysWhileItIsWritten(t *testing.T) {
	o := box(Config{})
	put(t, o, "one")
	message, _ := o.take()
	if err := o.acknowledge(1); err != nil {
		t.Fatal(err)
	}
	put(t, o, "two")
	if got := fmt.Sprint(unpack(t, message)); got != "[1:one]" {
		t.Errorf("what is being written became %s", got)
	}
	if got := fmt.Sprint(drain(t, o)); got != "[2:two]" {
		t.Errorf("then %s", got)
	}
}

// AppendPacket stays within its room where it can: the bytes are not copied.
func TestPacketIsEncodedInPlace(t *testing.T) {
	o := box(Config{})
	put(t, o, "one")
	p := peek{}
	if err := o.send(&p); err != nil {
		t.Fatal(err)
	}
	message, _ := o.take()
	copy(p.at, "TWO")
	if got := fmt.Sprint(unpack(t, message)); got != "[1:one 2:TWO]" {
		t.Errorf("batch holds %s", got)
	}
	if binary.BigEndian.Uint64(message) != 1 {
		t.Errorf("header of %x", message)
	}
}

type peek struct{ at []byte }

// AppendPacket implements engine.Packet.
func (p *peek) AppendPacket(dst []byte) ([]byte, error) {
	dst = append(dst, "two"...)
	p.at = dst
	return dst, nil
}
