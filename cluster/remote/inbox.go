package remote

import (
	"runtime/debug"
	"sync"
	"sync/atomic"

	"hayauma.example/engine"
)

// inbox is what a member knows of one lane from one peer. Connections come and go, one of them delivers.
type inbox struct {
	from      string
	lane      engine.Lane
	maxPacket int

	live     atomic.Pointer[inbound] // which connection delivers; nil: none
	received atomic.Uint64           // number of the last packet received in this session
	total    atomic.Uint64           // packets received in all sessions, counted when their batch ends
	dropped  atomic.Uint64           // duplicates

	mu      sync.Mutex // guards what follows, and changes of live; taken before turn
	session uint64
	closed  bool

	turn sync.Mutex // held while packets are delivered
}

// mark is what a member remembers of a lane from a peer that is none at the moment.
type mark struct{ session, received uint64 }

func newInbox(from string, lane engine.Lane, c Config, m mark) *inbox {
	in := &inbox{from: from, lane: lane, maxPacket: c.MaxPacket, session: m.session}
	in.received.Store(m.received)
	return in
}

// admit lets a connection deliver, instead of the one that did so.
func (in *inbox) admit(h hello, c *inbound) (received uint64, v Verdict) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.closed:
		return 0, Stranger
	case h.session < in.session:
		return 0, Stale
	}
	in.replace(c)
	if h.session > in.session || h.oldest > in.received.Load()+1 {
		in.skip(h)
	}
	return in.received.Load(), Welcome
}

// skip forgets what came before a new session's first packet, and what the dialler can't send any more.
func (in *inbox) skip(h hello) {
	in.turn.Lock() // the last connection may be within a packet
	defer in.turn.Unlock()
	if h.session > in.session {
		in.session = h.session
		in.received.Store(0)
	}
	in.received.Store(max(in.received.Load(), h.oldest-1))
}

// replace ends the connection that delivered. A packet that is being received is.
func (in *inbox) replace(c *inbound) {
	if old := in.live.Swap(c); old != nil {
		old.close()
	}
}

// close ends delivery; when it has returned no packet is received any more.
func (in *inbox) close() mark {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	in.replace(nil)
	in.turn.Lock()
	defer in.turn.Unlock()
	return mark{in.session, in.received.Load()}
}

// deliver gives a batch's packets to r, those that it has not received yet. A panic of r's ends the connection only.
func (in *inbox) deliver(c *inbound, message []byte, r engine.Receiver) (err error) {
	first, packets, err := cutHeader(message)
	if err != nil {
		return err
	}
	in.turn.Lock()
	defer in.turn.Unlock()
	if last := in.received.Load(); in.live.Load() == c && first > last+1 {
		return malformed("packet %d follows packet %d", first, last)
	}
	defer func() {
		if v := recover(); v != nil {
			in.received.Add(1) // not again
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return in.each(c, first, packets, r)
}

// each is called with turn held.
func (in *inbox) each(c *inbound, number uint64, packets []byte, r engine.Receiver) error {
	last := in.received.Load()
	defer func() { in.total.Add(in.received.Load() - last) }()
	for ; len(packets) > 0; number++ {
		packet, rest, err := cutPacket(packets, in.maxPacket)
		if err != nil {
			return err
		}
		if in.live.Load() != c {
			return errSuperseded
		}
		if packets = rest; number <= last {
			in.dropped.Add(1)
			continue
		}
		r.Receive(in.from, in.lane, packet)
		in.received.Store(number)
	}
	return nil
}

func (in *inbox) stats() Stats {
	return Stats{Received: in.total.Load(), Duplicates: in.dropped.Load()}
}
