package remote

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hayauma.example/engine"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files of this version")

// golden compares bytes with those of the file: they are what released members write.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".hex")
	if *rewrite {
		if err := os.WriteFile(file, []byte(hex.Dump(got)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if hex.Dump(got) != string(want) {
		t.Errorf("%s:\n%swant:\n%s", name, hex.Dump(got), want)
	}
}

var (
	someHello = hello{
		version: 1, lane: engine.Control, maxMessage: 0x0010000c, session: 7, oldest: 0x1122334455667788,
		from: "01KAJ3QZ7Y0000000000000001", to: "01KAJ3QZ7Y0000000000000002",
	}
	someAnswer = answer{version: 1, verdict: Welcome, received: 0x1122334455667787, listener: someHello.to}
	refusal    = answer{version: 1, verdict: Stranger, listener: someHello.to}
)

// words is a packet.
type words string

// AppendPacket implements engine.Packet.
func (w words) AppendPacket(dst []byte) ([]byte, error) { return append(dst, w...), nil }

func box(c Config) *outbox {
	c = c.withDefaults()
	return newOutbox(c, newSpares(c.MaxBatch))
}

func put(t *testing.T, o *outbox, packets ...string) {
	t.Helper()
	for _, p := range packets {
		if err := o.send(words(p)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGoldenBytes(t *testing.T) {
	o := box(Config{})
	put(t, o, "one", "", strings.Repeat("three", 20))
	batch, ok := o.take()
	if !ok {
		t.Fatal("no batch")
	}
	golden(t, "hello", someHello.append(nil))
	golden(t, "welcome", someAnswer.append(nil))
	golden(t, "refusal", refusal.append(nil))
	golden(t, "batch", batch)
	golden(t, "ping", o.ping(nil))
	golden(t, "ack", appendAck(nil, 0x1122334455667788))
}

func TestHandshakeRoundTrip(t *testing.T) {
	h, err := decodeHello(someHello.append(nil))
	if err != nil || h != someHello {
		t.Errorf("%+v, %v", h, err)
	}
	for _, want := range []answer{someAnswer, refusal} {
		if a, err := decodeAnswer(want.append(nil)); err != nil || a != want {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

func TestNewerHelloIsUnderstood(t *testing.T) {
	newer := someHello
	newer.version = 2
	h, err := decodeHello(append(newer.append(nil), "what version 2 adds"...))
	if err != nil || h != newer {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestMalformedHandshakes(t *testing.T) {
	good := someHello.append(nil)
	edit := func(at int, b byte) []byte {
		bad := slices.Clone(good)
		bad[at] = b
		return bad
	}
	hellos := map[string][]byte{
		"empty": nil, "magic": edit(0, 'X'), "version 0": edit(4, 0), "lane": edit(5, 2),
		"more behind": append(slices.Clone(good), 0), "no name": edit(26, 0), "long name": edit(26, 255),
		"session 0": (func() []byte { h := someHello; h.session = 0; return h.append(nil) })(),
		"oldest 0":  (func() []byte { h := someHello; h.oldest = 0; return h.append(nil) })(),
	}
	for n := range good {
		hellos["cut at "+string(rune('0'+n))] = good[:n]
	}
	var want *MalformedError
	for name, b := range hellos {
		if h, err := decodeHello(b); !errors.As(err, &want) {
			t.Errorf("hello, %s: %+v, %v", name, h, err)
		}
	}
	for _, a := range []answer{{version: 2, listener: "x"}, {version: 0, listener: "x"}, {version: 1, verdict: verdicts, listener: "x"}} {
		if got, err := decodeAnswer(a.append(nil)); !errors.As(err, &want) {
			t.Errorf("answer %+v: %+v, %v", a, got, err)
		}
	}
}

func FuzzHandshake(f *testing.F) {
	f.Add(someHello.append(nil))
	f.Add(someAnswer.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := decodeHello(b); err == nil && h.version == Version && !bytes.Equal(h.append(nil), b) {
			t.Errorf("%x is %+v, which is %x", b, h, h.append(nil))
		}
		if a, err := decodeAnswer(b); err == nil && !bytes.Equal(a.append(nil), b) {
			t.Errorf("%x is %+v, which is %x", b, a, a.append(nil))
		}
		_, _ = decodeAck(b) // it doesn't panic
	})
}

// FuzzBatch reads batches as a listener does: none panics, and what is delivered lies in the input, in its order.
func FuzzBatch(f *testing.F) {
	o := box(Config{})
	for _, p := range []string{"one", "", "three"} {
		if err := o.send(words(p)); err != nil {
			f.Fatal(err)
		}
	}
	batch, _ := o.take()
	f.Add(uint64(0), batch)
	f.Add(uint64(2), batch)
	f.Add(uint64(9), []byte("01234567"))
	f.Fuzz(func(t *testing.T, received uint64, b []byte) {
		c := Config{MaxPacket: 1 << 10}
		in, conn := newInbox("peer", engine.Data, c, mark{1, received}), &inbound{}
		in.live.Store(conn)
		var got receiver
		err := in.deliver(conn, b, &got)
		var want *MalformedError
		if err != nil && !errors.As(err, &want) {
			t.Errorf("%x: %v", b, err)
		}
		if in.received.Load() != received+uint64(len(got.packets)) {
			t.Errorf("%x: %d packets, from %d to %d", b, len(got.packets), received, in.received.Load())
		}
		rest := b
		for _, p := range got.packets {
			at := bytes.Index(rest, p)
			if at < 0 {
				t.Fatalf("%x: %x is not in it", b, p)
			}
			rest = rest[at+len(p):]
		}
	})
}

// receiver keeps what it gets.
type receiver struct {
	packets [][]byte
	panics  bool
	leaves  bool // it takes one packet only
}

// Receive implements engine.Receiver.
func (r *receiver) Receive(_ string, _ engine.Lane, packets iter.Seq[[]byte]) {
	for packet := range packets {
		r.packets = append(r.packets, bytes.Clone(packet))
		if r.panics {
			panic("receiver")
		}
		if r.leaves {
			return
		}
	}
}

// Returned implements engine.Receiver.
func (r *receiver) Returned(string, engine.Lane, []byte, bool) {}

// replacing is a receiver during whose first packet its connection is replaced.
type replacing struct {
	receiver
	in *inbox
}

// Receive implements engine.Receiver.
func (r *replacing) Receive(from string, lane engine.Lane, packets iter.Seq[[]byte]) {
	for packet := range packets {
		r.receiver.Receive(from, lane, slices.Values([][]byte{packet}))
		r.in.live.Store(nil)
	}
}

func TestReplacedConnectionDeliversNothingMore(t *testing.T) {
	o := box(Config{})
	put(t, o, "one", "two")
	batch, _ := o.take()
	in, conn := newInbox("peer", engine.Data, Config{}.withDefaults(), mark{}), &inbound{}
	in.live.Store(conn)
	r := replacing{in: in}
	for range 2 {
		if err := in.deliver(conn, batch, &r); !errors.Is(err, errSuperseded) || len(r.packets) != 1 || in.received.Load() != 1 {
			t.Errorf("received %q, error %v", r.packets, err)
		}
	}
}

func TestPanicOfTheReceiver(t *testing.T) {
	o := box(Config{})
	put(t, o, "one", "two")
	batch, _ := o.take()
	in, conn := newInbox("peer", engine.Data, Config{}.withDefaults(), mark{}), &inbound{}
	in.live.Store(conn)
	r := receiver{panics: true}
	var want *PanicError
	if err := in.deliver(conn, batch, &r); !errors.As(err, &want) || in.received.Load() != 1 {
		t.Errorf("error %v after packet %d", err, in.received.Load())
	}
	r.panics = false
	if err := in.deliver(conn, batch, &r); err != nil || string(bytes.Join(r.packets, []byte(" "))) != "one two" {
		t.Errorf("received %q, error %v", r.packets, err)
	}
}

// TestReceiverThatLeaves has a receiver that takes one packet of a batch: it gets the next one with the next connection.
func TestReceiverThatLeaves(t *testing.T) {
	o := box(Config{})
	put(t, o, "one", "two")
	batch, _ := o.take()
	in, conn := newInbox("peer", engine.Data, Config{}.withDefaults(), mark{}), &inbound{}
	in.live.Store(conn)
	r := receiver{leaves: true}
	if err := in.deliver(conn, batch, &r); !errors.Is(err, errLeft) || in.received.Load() != 1 {
		t.Errorf("error %v after packet %d", err, in.received.Load())
	}
	if err := in.deliver(conn, batch, &r); !errors.Is(err, errLeft) || string(bytes.Join(r.packets, []byte(" "))) != "one two" {
		t.Errorf("received %q, error %v", r.packets, err)
	}
}
