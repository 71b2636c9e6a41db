package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// wire is the server's end of a connection, as a ResponseController sees it.
type wire struct {
	*httptest.ResponseRecorder
	net.Conn
}

func (w wire) Write(p []byte) (int, error) { return w.ResponseRecorder.Write(p) }

// sender makes a body whose other end writes size bytes every now and then until it is told to stop.
func sender(t *testing.T, size int, every time.Duration) patient {
	t.Helper()
	server, client := net.Pipe()
	t.Cleanup(func() { server.Close(); client.Close() })
	go func() {
		for {
			select {
			case <-t.Context().Done():
				return
			case <-time.After(every):
			}
			if _, err := client.Write(make([]byte, size)); err != nil {
				return
			}
		}
	}()
	return patient{server, http.NewResponseController(wire{httptest.NewRecorder(), server}), newPatience()}
}

func TestASlowSenderIsEnded(t *testing.T) {
	for name, tc := range map[string]struct {
		size  int
		every time.Duration
		ends  time.Duration // 0: not within an hour
	}{
		"silent":              {1, 24 * time.Hour, paceGrace},
		"a byte every 30 s":   {1, 30 * time.Second, paceGrace},
		"a byte a second":     {1, time.Second, paceGrace + 9*time.Second/1024},
		"half the rate":       {512, time.Second, 19 * time.Second},
		"just the rate":       {1024, time.Second, 0},
		"a lot, and then not": {1 << 20, 9 * time.Second, 0},
		"bursts":              {1 << 20, 2 * time.Minute, paceGrace},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				body := sender(t, tc.size, tc.every)
				var err error
				for buf := make([]byte, 4096); err == nil && time.Since(began) < time.Hour; {
					_, err = body.Read(buf)
				}
				took := time.Since(began)
				switch {
				case tc.ends == 0 && err != nil:
					t.Errorf("ended after %s: %v", took, err)
				case tc.ends > 0 && (!errors.Is(err, errTooSlow) || (took-tc.ends).Abs() > 100*time.Millisecond):
					t.Errorf("after %s, want %s: %v", took, tc.ends, err)
				}
			})
		})
	}
}

// What was earned is capped: a megabyte buys a minute of silence, not a quarter of an hour.
func TestEarnedPatienceIsCapped(t *testing.T) {
	p := newPatience()
	p.wait()
	p.spend(1 << 20)
	if p.left != stallTimeout {
		t.Errorf("%s left", p.left)
	}
}

// Where all places are taken by slow senders, the slowest goes and the next comes in; fast ones keep theirs.
func TestTheSlowestGivesUpItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(maxUploads)
		ended := make(chan int, maxUploads)
		for i := range maxUploads {
			size := 2048 * (i + 1) // enough for the rate, and too slow to be safe
			body := sender(t, size, time.Second)
			if !p.take(t.Context(), body) {
				t.Fatalf("place %d is not to be had", i)
			}
			go func() {
				_, err := io.Copy(io.Discard, body)
				if errors.Is(err, errTooSlow) {
					ended <- i
				}
				p.leave(body)
			}()
		}
		late := sender(t, 1, time.Hour)
		time.Sleep(paceGrace / 2)
		if p.take(t.Context(), late) {
			t.Fatal("someone was sent away before its time")
		}
		time.Sleep(paceGrace)
		for i := range 2 {
			if !p.take(t.Context(), sender(t, 1, time.Hour)) {
				t.Fatal("nobody was sent away")
			}
			if gone := <-ended; gone != i {
				t.Errorf("sender %d was sent away, want %d", gone, i)
			}
		}
	})
}

func TestFastSendersStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(maxUploads)
		for range maxUploads {
			body := sender(t, paceSafe, time.Second/2)
			if !p.take(t.Context(), body) {
				t.Fatal("no place")
			}
			go func() {
				_, _ = io.Copy(io.Discard, body)
				p.leave(body)
			}()
		}
		time.Sleep(time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		began := time.Now()
		if p.take(ctx, sender(t, 1, time.Hour)) || time.Since(began) > 0 {
			t.Errorf("a fast sender was sent away, or waited for: %s", time.Since(began))
		}
	})
}
