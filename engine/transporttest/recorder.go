package transporttest

import (
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"hayauma.example/engine"
)

// patience bounds every wait for something that has to happen.
const patience = 20 * time.Second

// Got is a packet that was received.
type Got struct {
	From   string
	Lane   engine.Lane
	Packet string
}

// Back is a packet that was returned.
type Back struct {
	To     string
	Lane   engine.Lane
	Packet string
	Unsure bool
}

// Recorder is a Receiver that notes what it gets.
type Recorder struct {
	mu      sync.Mutex // guards what follows
	got     []Got
	back    []Back
	held    map[string]chan struct{} // closed when that member's packets go on
	within  int                      // Receives that are held
	changed chan struct{}            // closed at each change
}

// NewRecorder returns an empty one.
func NewRecorder() *Recorder {
	return &Recorder{held: map[string]chan struct{}{}, changed: make(chan struct{})}
}

// Receive implements engine.Receiver.
func (r *Recorder) Receive(from string, lane engine.Lane, packets iter.Seq[[]byte]) {
	for packet := range packets {
		r.receive(from, lane, packet)
	}
}

func (r *Recorder) receive(from string, lane engine.Lane, packet []byte) {
	var held chan struct{}
	r.note(func() {
		r.got = append(r.got, Got{from, lane, string(packet)})
		held = r.held[key(from, lane)] // a Hold after this packet was seen is not for it
	})
	if held != nil {
		r.note(func() { r.within++ })
		<-held
		r.note(func() { r.within-- })
	}
}

// Returned implements engine.Receiver.
func (r *Recorder) Returned(to string, lane engine.Lane, packet []byte, unsure bool) {
	r.note(func() { r.back = append(r.back, Back{to, lane, string(packet), unsure}) })
}

func (r *Recorder) note(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func key(from string, lane engine.Lane) string { return from + "/" + string('0'+rune(lane)) }

// Hold has Receive of that member's lane not return before the function that it returns is called.
func (r *Recorder) Hold(from string, lane engine.Lane) (release func()) {
	held := make(chan struct{})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[key(from, lane)] = held
	return sync.OnceFunc(func() {
		r.mu.Lock()
		delete(r.held, key(from, lane))
		r.mu.Unlock()
		close(held)
	})
}

// Got returns what was received.
func (r *Recorder) Got() []Got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// Back returns what was returned.
func (r *Recorder) Back() []Back {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.back)
}

// Of is what was received from a member in a lane.
func (r *Recorder) Of(from string, lane engine.Lane) []string {
	var packets []string
	for _, g := range r.Got() {
		if g.From == from && g.Lane == lane {
			packets = append(packets, g.Packet)
		}
	}
	return packets
}

// Wait waits until n packets were received in all.
func (r *Recorder) Wait(t *testing.T, n int) {
	t.Helper()
	r.until(t, func() bool { return len(r.got) >= n })
}

// WaitHeld waits until a Receive is held.
func (r *Recorder) WaitHeld(t *testing.T) {
	t.Helper()
	r.until(t, func() bool { return r.within > 0 })
}

func (r *Recorder) until(t *testing.T, done func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		r.mu.Lock()
		ok, changed, got, back := done(), r.changed, len(r.got), len(r.back)
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d packets received and %d returned within %v", got, back, patience)
		}
	}
}
