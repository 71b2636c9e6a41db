package remote

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"storj.io/drpc/drpcconn"
	"storj.io/drpc/drpcstream"

	"hayauma.example/engine/enginetest"
)

// hosted is the member "two", with "one" in its view, to be dialled by hand.
func hosted(t *testing.T, r *receiver) (*Transport, *enginetest.Log) {
	t.Helper()
	log := &enginetest.Log{}
	two, err := Listen(t.Context(), Config{
		Incarnation: "two", Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(log, nil)), RetryMin: time.Hour, RetryMax: time.Hour,
		HandshakeTimeout: 300 * time.Millisecond, DeadAfter: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = two.Close() })
	two.Start(r)
	two.SetPeers(map[string]string{"one": "127.0.0.1:1"})
	return two, log
}

// knock dials and says hello.
func knock(t *testing.T, to *Transport, first []byte) *drpcstream.Stream {
	t.Helper()
	conn, err := net.Dial("tcp", to.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := drpcconn.New(conn)
	t.Cleanup(func() { _ = client.Close() })
	opened, err := client.NewStream(t.Context(), method, raw{})
	if err != nil {
		t.Fatal(err)
	}
	stream := opened.(*drpcstream.Stream)
	_ = transmit(stream, first) // drpc calls it cancelled where the listener has read it and hung up already
	return stream
}

func answered(t *testing.T, s *drpcstream.Stream) (a answer) {
	t.Helper()
	if err := receive(s, func(m []byte) (err error) { a, err = decodeAnswer(m); return err }); err != nil {
		t.Fatal(err)
	}
	return a
}

func greeting() hello {
	return hello{version: Version, maxMessage: 1 << 10, session: 5, oldest: 1, from: "one", to: "two"}
}

// ends waits for the connection's end.
func ends(t *testing.T, s *drpcstream.Stream) {
	t.Helper()
	for {
		err := receive(s, func([]byte) error { return nil })
		if err != nil {
			return
		}
	}
}

func TestVerdicts(t *testing.T) {
	two, _ := hosted(t, &receiver{})
	cases := []struct {
		edit func(*hello)
		want Verdict
	}{
		{func(*hello) {}, Welcome},
		{func(h *hello) { h.version = 9 }, Welcome},
		{func(h *hello) { h.from = "another" }, Stranger},
		{func(h *hello) { h.to = "too" }, Mistaken},
		{func(h *hello) { h.session = 4 }, Stale},
		{func(h *hello) { h.maxMessage = 1<<32 - 1 }, Oversize},
	}
	for _, c := range cases {
		h := greeting()
		c.edit(&h)
		s := knock(t, two, h.append(nil))
		a := answered(t, s)
		if a.verdict != c.want || a.listener != "two" || a.version != Version {
			t.Errorf("%+v: answer %+v", h, a)
		}
		if c.want != Welcome {
			ends(t, s)
		}
	}
}

func TestSessionsAndNumbers(t *testing.T) {
	var r receiver
	two, _ := hosted(t, &r)
	o := box(Config{})
	put(t, o, "1", "2")
	first, _ := o.take()
	send := func(h hello, message []byte, want uint64) {
		t.Helper()
		s := knock(t, two, h.append(nil))
		answered(t, s)
		if err := transmit(s, message); err != nil {
			t.Fatal(err)
		}
		for got := uint64(0); got != want; {
			if err := receive(s, func(m []byte) (err error) { got, err = decodeAck(m); return err }); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(greeting(), first, 2)
	send(greeting(), first, 2) // duplicates
	put(t, o, "3")
	third, _ := o.take()
	again := greeting()
	again.session++
	send(again, first, 2) // a new session has other packets of the same numbers
	later := again
	later.session, later.oldest = 9, 3
	send(later, third, 3) // the dialler has none of those before
	if got := string(bytes.Join(r.packets, []byte(" "))); got != "1 2 1 2 3" {
		t.Errorf("received %s", got)
	}
	peers, _ := two.Stats()
	if s := peers["one"]; s.Duplicates != 2 || s.Received != 5 {
		t.Errorf("stats %+v", s)
	}
}

func TestMalformedInputClosesAndIsLoggedOnce(t *testing.T) {
	var r receiver
	two, log := hosted(t, &r)
	batches := map[string]string{
		"short": "x", "number 0": "\x00\x00\x00\x00\x00\x00\x00\x00", "gap": "\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00",
		"long packet":  "\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff",
		"cut packet":   "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x09abc",
		"bytes behind": "\x00\x00\x00\x00\x00\x00\x00\x01ab",
	}
	for _, b := range batches {
		s := knock(t, two, greeting().append(nil))
		answered(t, s)
		_ = transmit(s, []byte(b)) // likewise
		ends(t, s)
	}
	for range 3 {
		ends(t, knock(t, two, []byte("no hello")))
	}
	if len(r.packets) > 0 {
		t.Errorf("received %q", r.packets)
	}
	for late := time.Now().Add(10 * time.Second); log.String() == "" && time.Now().Before(late); {
		time.Sleep(time.Millisecond) // the connection ends before it is logged
	}
	_ = two.Close()
	if n := strings.Count(log.String(), "malformed"); n != 1 {
		t.Errorf("%d lines of malformed input, want 1:\n%s", n, log)
	}
}

// Bytes that are no DRPC, and connections that say nothing, end; the listener goes on.
func TestConnectionsOfOthersEnd(t *testing.T) {
	var r receiver
	two, _ := hosted(t, &r)
	for _, b := range []string{"", "GET / HTTP/1.1\r\n\r\n", strings.Repeat("\xff", 1<<20), "\x03\x01\x01\x04nope", "\x0f\x01\x01\x00", "\x07\x01\x01\x00"} {
		conn, err := net.Dial("tcp", two.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(b))
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
			t.Errorf("a connection that wrote %.20q stays open", b)
		}
		_ = conn.Close()
	}
	if a := answered(t, knock(t, two, greeting().append(nil))); a.verdict != Welcome {
		t.Errorf("afterwards: %+v", a)
	}
}

// FuzzConnection writes anything to a listener: nothing of it ends the process.
func FuzzConnection(f *testing.F) {
	two, err := Listen(f.Context(), Config{Incarnation: "two", Listen: "127.0.0.1:0", HandshakeTimeout: 5 * time.Millisecond})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = two.Close() })
	two.receiver = &receiver{}
	two.SetPeers(map[string]string{"one": "127.0.0.1:1"})
	frame := func(kind byte, id byte, b []byte) []byte {
		return append([]byte{kind<<1 | 1, 1, id, byte(len(b))}, b...)
	}
	invoke := frame(1, 1, []byte(method))
	f.Add(invoke)
	f.Add(append(invoke, frame(2, 2, greeting().append(nil))...))
	f.Add(append(append(invoke, frame(2, 2, greeting().append(nil))...), frame(2, 3, []byte("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01a"))...))
	for kind := range byte(9) {
		f.Add(append(invoke, frame(kind, 2, []byte("abc"))...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		client, server := net.Pipe()
		two.knocks <- struct{}{}
		var wg sync.WaitGroup
		wg.Go(func() { two.serve(server) })
		wg.Go(func() { _, _ = io.Copy(io.Discard, client) })
		_ = client.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = client.Write(b)
		_ = client.Close()
		wg.Wait()
	})
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// A listener that acknowledges what was not written, or answers nonsense, is left.
func TestLyingListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	log := &enginetest.Log{}
	one, err := Listen(t.Context(), Config{
		Incarnation: "one", Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(log, nil)), RetryMin: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	one.Start(&receiver{})
	one.SetPeers(map[string]string{"two": l.Addr().String()})
	for range 5 {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		a := answer{version: Version, received: 1 << 60, listener: "two"}.append(nil)
		message := append([]byte{0x05, 1, 1, byte(len(a))}, a...) // DRPC's frame: a complete message, stream 1, number 1
		_, _ = conn.Write(message)
		_, _ = io.Copy(io.Discard, conn) // until it is closed
		_ = conn.Close()
	}
	if err := one.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "packet 1152921504606846976 is acknowledged") {
		t.Errorf("logged:\n%s", log)
	}
}
