package peer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

func FuzzReadFrame(f *testing.F) {
	f.Add(appendFrame(nil, frame{7, []byte("body")}))
	f.Add(appendFrame(nil, frame{0, nil}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(stream), readBuffer)
		var again []byte
		for readFrame(r, func(f frame) { again = appendFrame(again, f) }) == nil {
		}
		if !bytes.HasPrefix(stream, again) {
			t.Fatalf("%x was read as %x", stream, again)
		}
	})
}

func TestFrameError(t *testing.T) {
	r := bufio.NewReaderSize(bytes.NewReader(bytes.Repeat([]byte{0xff}, 20)), readBuffer)
	var wrong *FrameError
	if err := readFrame(r, func(frame) {}); !errors.As(err, &wrong) {
		t.Fatal(err)
	}
}

// heard gathers what a sender is told.
type heard struct {
	mu      sync.Mutex
	dropped []string
	notices int
	answers chan string
}

func (h *heard) events() Events {
	h.answers = make(chan string, 100)
	return Events{
		Answer: func(body []byte) { h.answers <- string(body) },
		Dropped: func(body []byte) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.dropped = append(h.dropped, string(body))
		},
		Notice: func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.notices++
		},
	}
}

func echo(body []byte) []byte { return append([]byte("re: "), body...) }

func TestClient(t *testing.T) {
	for _, row := range []string{"tcp", "drpc"} {
		t.Run(row, func(t *testing.T) {
			spec, err := Find(row)
			if err != nil {
				t.Fatal(err)
			}
			addr, err := FreeAddr()
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if err := spec.Peer.Listen(ctx, addr, echo); err != nil {
				t.Fatal(err)
			}
			var h heard
			s, err := spec.Peer.Dial(ctx, addr, h.events())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Mark([]byte("mark")); err != nil {
				t.Fatal(err)
			}
			if got := <-h.answers; got != "re: mark" {
				t.Errorf("got %q", got)
			}
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					body := bytes.Repeat([]byte{byte(i)}, i*1000)
					if got, err := s.Ask(ctx, body); err != nil || !bytes.Equal(got, echo(body)) {
						t.Errorf("%d: %d bytes, %v", i, len(got), err)
					}
				})
			}
			all.Wait()
		})
	}
}

// full is a connection whose write fails and whose read waits until then.
type full struct {
	writes chan struct{} // closed: writes may go on
	once   sync.Once
	closed chan struct{}
}

func (f *full) Read([]byte) (int, error) { <-f.closed; return 0, io.EOF }
func (f *full) Write([]byte) (int, error) {
	<-f.writes
	return 0, io.ErrClosedPipe
}
func (f *full) Close() error { f.once.Do(func() { close(f.closed) }); return nil }

// TestClientReportsWhatWasNotWritten: what a failed write held and what waited behind it is reported, once each.
func TestClientReportsWhatWasNotWritten(t *testing.T) {
	conn := &full{writes: make(chan struct{}), closed: make(chan struct{})}
	dials := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var h heard
	c, err := newClient(ctx, func(context.Context) (io.ReadWriteCloser, error) {
		select {
		case dials <- struct{}{}:
			return conn, nil
		default:
			return nil, net.ErrClosed
		}
	}, h.events())
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"a", "b", "c"} {
		if err := c.Tell([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	close(conn.writes)
	wait(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.notices == 1 })
	h.mu.Lock()
	defer h.mu.Unlock()
	if got := len(h.dropped); got != 3 || h.dropped[0] != "a" || h.dropped[2] != "c" {
		t.Errorf("reported: %q", h.dropped)
	}
	if err := c.Tell([]byte("d")); !errors.Is(err, ErrDisconnected) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Ask(ctx, []byte("e")); !errors.Is(err, ErrDisconnected) {
		t.Errorf("got %v", err)
	}
}

// wait polls: the client has no edge to watch but its events.
func wait(t *testing.T, done func() bool) {
	t.Helper()
	late := time.NewTimer(10 * time.Second)
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for !done() {
		select {
		case <-poll.C:
		case <-late.C:
			t.Fatal("it did not happen")
		}
	}
}
