package remote

import (
	"iter"
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
	bytes    atomic.Uint64           // of messages with packets

	mu      sync.Mutex // guards what follows, and changes of live; taken before turn
	session uint64
	closed  bool

	turn  sync.Mutex       // held while packets are delivered; guards what follows
	batch delivery         // the one under way
	each  iter.Seq[[]byte] // its packets: in.packets, made once
}

// delivery is a batch that is being delivered.
type delivery struct {
	from    *inbound
	number  uint64 // of the first of packets
	packets []byte // that are left
	err     error  // what it ended with
}

// mark is what a member remembers of a lane from a peer that is none at the moment.
type mark struct{ session, received uint64 }

func newInbox(from string, lane engine.Lane, c Config, m mark) *inbox {
	in := &inbox{from: from, lane: lane, maxPacket: c.MaxPacket, session: m.session}
	in.received.Store(m.received)
	in.each = in.packets
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
	if len(packets) == 0 {
		return nil
	}
	in.bytes.Add(uint64(len(message)))
	last := in.received.Load()
	in.batch = delivery{from: c, number: first, packets: packets}
	defer func() {
		in.total.Add(in.received.Load() - last)
		in.batch = delivery{}
	}()
	r.Receive(in.from, in.lane, in.each)
	return in.batch.err
}

// packets yields those of the batch that were not received yet. It is called with turn held.
func (in *inbox) packets(yield func([]byte) bool) {
	b := &in.batch
	last := in.received.Load()
	for ; len(b.packets) > 0; b.number++ {
		var packet []byte
		if packet, b.packets, b.err = cutPacket(b.packets, in.maxPacket); b.err != nil {
			return
		}
		switch {
		case in.live.Load() != b.from:
			b.err = errSuperseded
			return
		case b.number <= last:
			in.dropped.Add(1)
			continue
		}
		more := yield(packet)
		in.received.Store(b.number)
		if !more {
			b.err = errLeft
			return
		}
	}
}

func (in *inbox) stats() Stats {
	return Stats{Received: in.total.Load(), Duplicates: in.dropped.Load(), ReceivedBytes: in.bytes.Load()}
}
