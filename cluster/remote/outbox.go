package remote

import (
	"fmt"
	"sync"

	"hayauma.example/engine"
)

// outbox holds one lane's packets to one peer from Send to their acknowledgement.
type outbox struct {
	maxPacket int
	backlog   int
	spares    *spares
	wake      chan struct{} // holds one token when the writer was idle and has something to write

	mu      sync.Mutex // guards what follows
	closed  bool
	idle    bool   // the writer waits for wake
	writing bool   // the writer reads the batch before sent
	tail    *chunk // takes the next packet; nil before the first
	start   int    // of the open batch in tail
	first   uint64 // number of the open batch's first packet; 0: none is open
	queue   queue  // unacknowledged batches that are complete
	sent    int    // how many of queue were given to this connection
	next    uint64 // number of the next packet
	written uint64 // highest number that any connection was given
	acked   uint64 // highest number that the peer has acknowledged
	bytes   int    // what counts against backlog
	counts  Stats
}

// minRoom is the least that a packet finds in a chunk, in bytes. One that needs more than is left is moved once.
const minRoom = 64

func newOutbox(c Config, s *spares) *outbox {
	return &outbox{maxPacket: c.MaxPacket, backlog: c.Backlog, spares: s, wake: make(chan struct{}, 1), next: 1}
}

// send takes a packet behind those that it has.
func (o *outbox) send(p engine.Packet) error {
	wake, err := o.put(p)
	if wake {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
	return err
}

func (o *outbox) put(p engine.Packet) (wake bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock() // also when AppendPacket panics: what it wrote lies behind what is in use
	switch {
	case o.closed:
		return false, engine.ErrNoMember
	case o.bytes >= o.backlog:
		return false, engine.ErrBacklog
	}
	room := o.room()
	packet, err := p.AppendPacket(room)
	if err != nil {
		return false, fmt.Errorf("remote: encoding a packet: %w", err)
	}
	if err := o.admits(len(packet)); err != nil {
		return false, err
	}
	o.place(packet, room)
	wake, o.idle = o.idle, false
	return wake, nil
}

func (o *outbox) admits(size int) error {
	cost := prefixSize + size
	if o.first == 0 {
		cost += batchCost
	}
	switch {
	case size > o.maxPacket:
		return fmt.Errorf("%w: it has %d bytes, the limit is %d", ErrTooLarge, size, o.maxPacket)
	case o.bytes+cost > o.backlog:
		return engine.ErrBacklog
	}
	return nil
}

// room is where the next packet goes, an empty slice: one that outgrows it takes nothing else along.
func (o *outbox) room() []byte {
	if o.tail == nil || cap(o.tail.bytes)-len(o.tail.bytes) < headerSize+prefixSize+minRoom {
		o.roll(0)
	}
	at := len(o.tail.bytes) + prefixSize
	if o.first == 0 {
		at += headerSize
	}
	return o.tail.bytes[at:at]
}

// roll completes the open batch and begins a chunk with room for a packet of n bytes.
func (o *outbox) roll(n int) {
	o.seal()
	if o.tail != nil {
		o.leave(o.tail)
	}
	o.tail = o.spares.take(headerSize + prefixSize + n)
}

// leave appends nothing to a chunk any more. What stays empty of it is memory too.
func (o *outbox) leave(c *chunk) {
	if c.batches == 0 {
		o.spares.give(c)
		return
	}
	c.waste = cap(c.bytes) - len(c.bytes)
	o.bytes += c.waste
}

// place has the packet in its batch. It stands there already unless it has outgrown the room.
func (o *outbox) place(packet, room []byte) {
	moved := len(packet) > 0 && &packet[0] != &room[:1][0]
	if moved && len(packet) > cap(room) {
		o.roll(len(packet))
	}
	if o.first == 0 {
		o.begin()
	}
	at := len(o.tail.bytes)
	o.tail.bytes = o.tail.bytes[:at+prefixSize+len(packet)]
	putPrefix(o.tail.bytes[at:], len(packet))
	if moved {
		copy(o.tail.bytes[at+prefixSize:], packet)
	}
	o.next++
	o.bytes += prefixSize + len(packet)
}

func (o *outbox) begin() {
	o.start, o.first = len(o.tail.bytes), o.next
	o.tail.bytes = o.tail.bytes[:o.start+headerSize]
	o.tail.batches++
	o.bytes += batchCost
}

// seal completes the open batch, if any: it gets no more packets.
func (o *outbox) seal() {
	if o.first == 0 {
		return
	}
	message := o.tail.bytes[o.start:len(o.tail.bytes):len(o.tail.bytes)]
	putHeader(message, o.first)
	o.queue.push(batch{message: message, chunk: o.tail, first: o.first, last: o.next - 1})
	o.first = 0
}

// take returns the next message to write, and tells that the one before it is written. Without one the writer is idle: it waits
// for wake.
func (o *outbox) take() (message []byte, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed { // its batches were given back
		return nil, false
	}
	o.writing = false
	o.release()
	if o.sent == o.queue.n {
		o.seal()
	}
	if o.sent == o.queue.n {
		o.idle = true
		return nil, false
	}
	b := o.queue.at(o.sent)
	o.sent++
	o.writing = true
	o.count(b)
	return b.message, true
}

func (o *outbox) count(b *batch) {
	o.counts.SentBytes += uint64(len(b.message))
	if b.written {
		o.counts.Resent += b.packets()
		return
	}
	b.written = true
	o.written = b.last
	o.counts.Written += b.packets()
}

// acknowledge frees what the peer has received.
func (o *outbox) acknowledge(received uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.advance(received)
}

func (o *outbox) advance(received uint64) error {
	switch {
	case o.closed: // what was not acknowledged was given back
		return errRemoved
	case received > o.written:
		return malformed("packet %d is acknowledged, the last that was written is %d", received, o.written)
	case received < o.acked:
		return malformed("packet %d is acknowledged after %d", received, o.acked)
	}
	o.counts.Acknowledged += received - o.acked
	o.acked = received
	o.release()
	return nil
}

// resume begins with a new connection: what lies behind the peer's last packet is written again.
func (o *outbox) resume(received uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writing, o.sent = false, 0
	return o.advance(received)
}

// release drops batches that are acknowledged, but not one that the writer still reads.
func (o *outbox) release() {
	for o.queue.n > 0 && o.queue.at(0).last <= o.acked && (!o.writing || o.sent != 1) {
		b := o.queue.pop()
		o.sent = max(0, o.sent-1)
		o.bytes -= b.cost()
		o.free(b.chunk)
	}
}

func (o *outbox) free(c *chunk) {
	c.batches--
	switch {
	case c.batches > 0:
	case c == o.tail:
		c.bytes = c.bytes[:0]
	default:
		o.bytes -= c.waste
		o.spares.give(c)
	}
}

// oldest is the number of the oldest packet that may be written.
func (o *outbox) oldest() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.acked + 1
}

// ping appends a message without packets.
func (o *outbox) ping(dst []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	dst = append(dst, make([]byte, headerSize)...)
	putHeader(dst, o.written+1)
	return dst
}

// close takes no packet any more, and gives those back that are not acknowledged, in order. The chunks are theirs from now on.
func (o *outbox) close() (left []batch, acked uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, o.acked
	}
	o.closed = true
	o.seal()
	for i := range o.queue.n {
		left = append(left, *o.queue.at(i))
	}
	o.counts.Returned += o.next - 1 - o.acked
	return left, o.acked
}

func (o *outbox) stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.counts
	if !o.closed {
		s.QueuedPackets, s.QueuedBytes = o.next-1-o.acked, uint64(o.bytes)
	}
	return s
}
