package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// What a sender owes us. A place among the submissions is worth too much for one that only pretends to send.
const (
	paceGrace = 10 * time.Second // that a sender may be silent at first
	paceRate  = 1 << 10          // bytes that earn a second of waiting; what was earned is capped at stallTimeout
	paceSafe  = 64 << 10         // bytes a second, on average: who is faster is not sent away for others
)

// errTooSlow ends a body that comes slower than its place is worth.
var errTooSlow = errors.New("the sender is too slow")

// patience is how much longer we wait for a sender: a bucket that bytes fill and waiting empties.
type patience struct {
	left    time.Duration // owned by the body's reader; the rest may be looked at from elsewhere
	began   time.Time
	since   atomic.Int64 // when the wait under way began, in nanoseconds after began; 0: none is
	waited  atomic.Int64 // nanoseconds, without the wait under way
	got     atomic.Int64 // bytes
	evicted atomic.Bool
}

func newPatience() *patience { return &patience{left: paceGrace, began: time.Now()} }

func (p *patience) wait() { p.since.Store(int64(time.Since(p.began)) + 1) }

// spend counts one wait and what came of it.
func (p *patience) spend(n int) {
	waited := time.Since(p.began) - time.Duration(p.since.Swap(0))
	p.waited.Add(int64(waited))
	p.got.Add(int64(n))
	p.left = min(p.left-waited+time.Duration(n)*(time.Second/paceRate), stallTimeout)
}

// rate is bytes per second of waiting for the sender; known tells whether it has had its time to begin.
func (p *patience) rate() (bytes float64, known bool) {
	waited := time.Duration(p.waited.Load())
	if since := p.since.Load(); since > 0 {
		waited += time.Since(p.began) - time.Duration(since)
	}
	if waited < paceGrace {
		return 0, false
	}
	return float64(p.got.Load()) / waited.Seconds(), true
}

// patient is a body whose sender must keep up. Only time spent on waiting for it counts: a busy store is not its fault.
type patient struct {
	io.ReadCloser
	rc *http.ResponseController
	*patience
}

// Read waits no longer than the sender has earned.
func (p patient) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, errTooSlow
	}
	if err := p.rc.SetReadDeadline(time.Now().Add(p.left)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	if p.evicted.Load() { // looked at after the deadline was set: evict sets it the other way round
		return 0, errTooSlow
	}
	p.wait()
	n, err := p.ReadCloser.Read(b)
	p.spend(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errTooSlow
	}
	return n, err
}

// evict ends the body at its next read, or the one that waits.
func (p patient) evict() {
	p.evicted.Store(true)
	_ = p.rc.SetReadDeadline(time.Unix(1, 0)) // a connection that is gone needs none
}

// bodyError is an error of the request's body, not of what we do with it.
type bodyError struct{ err error }

func (b bodyError) Error() string { return b.err.Error() }

func (b bodyError) Unwrap() error { return b.err }

// toItsEnd takes the deadline off the connection when nothing more is read: what is left to do takes its own time, and the server
// would take a deadline that passes meanwhile for a client that has gone.
type toItsEnd struct {
	io.Reader
	rc *http.ResponseController
}

// Read implements io.Reader.
func (t toItsEnd) Read(b []byte) (int, error) {
	n, err := t.Reader.Read(b)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		err = bodyError{err}
	}
	_ = t.rc.SetReadDeadline(time.Time{}) // a connection that is gone needs none
	return n, err
}
